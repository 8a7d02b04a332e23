"""The command line."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mcos_rescue.commands import find, get, get_all, import_, ls, missing, verify
from mcos_rescue.commands.session import FAILED, warn
from mcos_rescue.errors import RescueError

_EPILOG = """\
FILE.json has the settings of one backend, for instance
  {"kind": "s3", "region": "eu-central-1", "bucket": "...", "access_key": "...", "secret_key": "..."}
  {"kind": "ceph", "endpoint_url": "https://...", "region": "default", "bucket": "...", and the keys}
  {"kind": "swift", "auth_url": "https://.../auth/v1.0", "user": "...", "key": "...", "container": "..."}
  {"kind": "swift", "auth_url": "https://.../v3", "username": "...", "password": "...", "project_name": "...", "container": "..."}
  {"kind": "swift", "auth_url": "https://.../v3", "application_credential_id": "...", "application_credential_secret": "...", "container": "..."}
Keystone's domains, region_name, interface and endpoint_override, and ca_certificate (PEM) of any kind, are as for the cluster.

Exit status: 0 all is well; 1 something is missing, damaged or doubtful, and was said; 2 nothing
could be done.
"""  # noqa: E501  (as it is shown)


def parser(program: str = "mcos-rescue") -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog=program,
        description="Read every object by name from what one storage service holds. "
        "It writes nothing there.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--backend", type=Path, required=True, metavar="FILE.json")
    made.add_argument("--key", type=Path, help="file with the private key of an encrypted journal")
    made.add_argument("--deployment", metavar="ID", help="if several have journals there")
    made.add_argument("--cluster", metavar="NAME", help="whose backend it is, if it does not say")
    made.add_argument(
        "--work", type=Path, metavar="DIR", help="where to keep the catalog meanwhile"
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for one in (ls, find, get, get_all, verify, missing, import_):
        one.add(commands)
    return made


def main(arguments: Sequence[str] | None = None, *, program: str = "mcos-rescue") -> int:
    """Run the command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = parser(program).parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except RescueError as error:
        warn(str(error))
        return FAILED
    except BrokenPipeError:
        # The reader has had enough; Python would complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        warn(f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "))
        return FAILED
    except KeyboardInterrupt:
        warn("interrupted; the same command goes on")
        return 130
    return code
