"""mcos rescue: everything by name from one storage service, without any cluster."""

from importlib import import_module

import typer

_MISSING = (
    "mcos: `mcos rescue` needs the package mcos-rescue, which is not installed: pip install "
    "./rescue, or run mcos-rescue.pyz, which lies on every storage service below ~catalog/1/"
)


def rescue(context: typer.Context) -> None:
    """Read all objects by name from one storage service, without AWS: mcos rescue --help."""
    try:
        command = import_module("mcos_rescue.commands.main")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcos_rescue":
            raise
        typer.echo(_MISSING, err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(command.main(context.args, program="mcos rescue"))
