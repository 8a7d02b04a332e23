"""Standard input and output, which may be closed, and need not take every character."""

import os
import sys
from errno import EBADF
from typing import BinaryIO, TextIO, cast


def standard_input() -> BinaryIO:
    """Find standard input, for bytes.

    Raises
    ------
    OSError
        It is closed.
    """
    if sys.stdin is None:
        raise OSError(EBADF, "Standard input is closed")
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """Find standard output, for bytes.

    Raises
    ------
    OSError
        It is closed.
    """
    if sys.stdout is None:
        raise OSError(EBADF, "Standard output is closed")
    return sys.stdout.buffer


def prepare() -> None:
    """Let what is printed never fail for its characters, and have streams where none are open."""
    if sys.stdout is None:
        sys.stdout = cast(TextIO, _Closed())
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (nobody looks on)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


class _Closed:
    """Standard output that nobody opened: what is written to it is an error, not lost."""

    encoding = "utf-8"

    @property
    def buffer(self) -> BinaryIO:
        raise OSError(EBADF, "Standard output is closed")

    def write(self, text: str) -> int:
        raise OSError(EBADF, "Standard output is closed")

    def flush(self) -> None:
        """Do nothing: nothing was written."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError(EBADF, "Standard output is closed")
