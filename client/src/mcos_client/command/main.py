"""The command and its subcommands."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mcos_client.command.admin.main import app as admin
from mcos_client.command.cat import cat
from mcos_client.command.cp import cp
from mcos_client.command.get import get
from mcos_client.command.login import login
from mcos_client.command.ls import ls
from mcos_client.command.mb import mb
from mcos_client.command.put import put
from mcos_client.command.rb import rb
from mcos_client.command.rescue import rescue
from mcos_client.command.rm import rm
from mcos_client.command.shared.failures import FAILURES, report
from mcos_client.command.shared.session import Json, profile_name_of, session_of
from mcos_client.command.stat import stat
from mcos_client.command.sync import sync
from mcos_client.command.undelete import undelete
from mcos_client.command.uploads import app as uploads
from mcos_client.command.watch import watch


class Commands(TyperGroup):
    """Subcommands whose failures are one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader has had enough: Typer ends quietly
        except KeyboardInterrupt:
            for hint in session_of(ctx).hints:
                session_of(ctx).errors.print(f"mcos: interrupted: {hint}")
            raise
        except FAILURES as failure:
            raise typer.Exit(report(session_of(ctx), failure)) from failure


app = typer.Typer(
    name="mcos",
    cls=Commands,
    help="MCOS, the multi-cloud object store: every object on three storage services.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    profile: Annotated[
        str | None, typer.Option(help="Who to be; MCOS_PROFILE if it is not given.")
    ] = None,
    json: Json = False,
) -> None:
    session_of(context).profile_name = profile_name_of(profile)


for subcommand in (login, mb, rb, ls, put, get, cat, stat, watch, cp, sync, rm, undelete):
    app.command()(subcommand)
# Its own command line is that of another package.
app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(rescue)
app.add_typer(uploads, name="uploads")
app.add_typer(admin)


def main() -> None:
    """Run the command, and end the process."""
    app(prog_name="mcos")
