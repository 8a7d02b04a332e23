"""mcos serve: a gateway that speaks S3, for programs that know nothing else."""

from importlib import import_module

import typer

_MISSING = (
    "mcos: `mcos serve` needs the package mcos-serve, which is not installed: pip install "
    "./client[serve] ./gateway"
)


def serve(context: typer.Context) -> None:
    """Speak S3, for programs that know nothing else: mcos serve --help."""
    try:
        command = import_module("mcos_serve.main")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcos_serve":
            raise
        typer.echo(_MISSING, err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(command.main(context.args, program="mcos serve"))
