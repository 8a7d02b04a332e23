"""The command and its subcommands."""

import os
import signal
import sys
from importlib import import_module
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from mcos_client.command.shared.session import Session

SUBCOMMANDS = {
    "login": "Log in, and keep entry points and token (never the password) for the other commands.",
    "logout": "End the session, and forget its token.",
    "passwd": "Change your password; all other sessions end.",
    "quota": "Show what your account uses, and what it may use.",
    "mb": "Make a container, or find that it is there already; --retention raises one that is.",
    "rb": "Remove a container that holds no objects.",
    "ls": "List containers, or the objects of one whose names begin with PREFIX (or match it).",
    "put": "Store files as objects; an object that has the name is replaced.",
    "get": "Download objects; their bytes are checked against their digests.",
    "cat": "Print the bytes of objects, one after another. (--json is for what goes wrong.)",
    "du": "Sum the sizes of objects: of each container, or of each folder directly below PREFIX.",
    "find": "Find objects by name, size and age, and print CONTAINER/OBJECT of each.",
    "stat": "Show an object with every replica of it.",
    "watch": "Print what an object is, each time that it changes, until it is settled.",
    "cp": "Copy between files and objects; what has the target's name is replaced.",
    "describe": "Change an object's type, metadata and headers, without sending it again.",
    "sync": "Make the files or objects below TARGET like those below SOURCE.",
    "rm": "Delete an object, or all objects of a pattern.",
    "undelete": "Take back an object that was deleted, if no other has its name.",
    "share": "Print a link by which whoever has it reads an object, until it expires.",
    "shares": "What is shared by links.",
    "rescue": "Read all objects by name from one storage service, without AWS: mcos rescue --help.",
    "serve": "Speak S3, for programs that know nothing else: mcos serve --help.",
    "uploads": "Uploads that are not complete.",
    "doctor": "Look at what the command needs, and say what to do if it is wrong.",
    "admin": "What operators do.",
}
"""What each does, in the order of help. Its module is read when it is used, not for the help."""

_GROUPS = {"uploads": "uploads", "shares": "shares", "admin": "admin.main"}

_OTHERS = ("rescue", "serve")

END_SECONDS = 0.8
"""How long an interrupted command may take to end by itself."""


class Commands(TyperGroup):
    """Subcommands whose failures are one line and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in SUBCOMMANDS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, EOFError):
            raise  # the reader has had enough, or nobody answers: Typer ends quietly
        except KeyboardInterrupt:
            _session(ctx).tell_hints()
            raise
        except Exception as failure:
            from mcos_client.command.shared.failures import report

            if is_of_the_command_line(failure) or os.environ.get("MCOS_TRACEBACK"):
                raise
            raise typer.Exit(report(_session(ctx), failure)) from failure


def is_of_the_command_line(failure: Exception) -> bool:
    """Whether Typer knows what to do about it: an exit, a wrong usage."""
    return type(failure).__module__.split(".")[0] in ("click", "typer")


def _load(name: str) -> Any:
    """Make a subcommand."""
    if name in _GROUPS:
        group = import_module(f"mcos_client.command.{_GROUPS[name]}").app
        made = get_command(group)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        module = import_module(f"mcos_client.command.{name}")
        # The command lines of these are those of other packages.
        passed = {"allow_extra_args": True, "ignore_unknown_options": True}
        others: dict[str, Any] = (
            {"add_help_option": False, "context_settings": passed} if name in _OTHERS else {}
        )
        alone.command(name, **others)(getattr(module, name))
        made = get_command(alone)
    made.name = name
    return made


def _session(context: Any) -> "Session":
    from mcos_client.command.shared.session import session_of

    return session_of(context)


app = typer.Typer(
    name="mcos",
    cls=Commands,
    help="MCOS, the multi-cloud object store: every object on three storage services.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(value: bool) -> None:
    if value:
        from mcos_client import __version__

        typer.echo(f"mcos {__version__}")
        raise typer.Exit


def _want_json(context: typer.Context, value: bool) -> bool:
    if value:
        _session(context).json = True
    return value


@app.callback()
def options(
    context: typer.Context,
    profile: Annotated[
        str | None, typer.Option(help="Who to be; MCOS_PROFILE if it is not given.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", callback=_want_json, help="Print JSON, for scripts.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which it is."),
    ] = False,
) -> None:
    from mcos_client.command.shared.session import profile_name_of

    _session(context).profile_name = profile_name_of(profile)


def main() -> None:
    """Run the command, and end the process."""
    from mcos_client.command.shared import streams

    streams.prepare()
    if "_MCOS_COMPLETE" in os.environ:
        from mcos_client.command.shared import completing

        completing.prepare()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        app(prog_name="mcos")
    except SystemExit as end:
        sys.exit(_flushed(end.code))


def _interrupt(number: int, frame: Any) -> None:
    """End within a second, whatever threads are at."""
    ending = Timer(END_SECONDS, os._exit, (128 + number,))
    ending.daemon = True
    ending.start()
    signal.default_int_handler(number, frame)


def _flushed(code: Any) -> Any:
    """Return the exit code; another one if not all that was printed could be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        if not code:
            print(f"mcos: standard output: {error.strerror} [file_error]", file=sys.stderr)
            code = 1
    else:
        return code
    # What is left in the buffer cannot be written: the interpreter must not try again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code
