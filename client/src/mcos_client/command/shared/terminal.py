"""Text that is safe to show: no name, and no server, commands the terminal that it is shown on."""

import json
import sys
from typing import Any

from rich.console import Console


def visible(text: str) -> str:
    """Escape what cannot be printed: control characters, line ends, lone surrogates."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def json_line(value: Any) -> str:
    """Write JSON on one line; what cannot be printed, or written as UTF-8, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8":
        return json.dumps(value)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


class PlainConsole(Console):
    """Prints texts as they are, each on one line, and nothing in them means anything.

    Lines are as long as they are: a digest must not be cut, and a terminal can fold it.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(
            stderr=stderr,
            width=width,
            highlight=False,
            soft_wrap=True,
            markup=False,
            emoji=False,
        )

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(visible(one) if isinstance(one, str) else one for one in objects), **how)
