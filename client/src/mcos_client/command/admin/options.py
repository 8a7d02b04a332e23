"""Options that several operators' commands have."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mcos_client import KEEP

AUTO = "auto"

Rate = Annotated[
    float | None,
    typer.Option(help="Replicas a second whose move may begin; 20 if left out."),
]


def labels(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``KEY=VALUE`` pairs.

    Raises
    ------
    typer.BadParameter
    """
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} must be KEY=VALUE.")
        found[key] = value
    return found


def word(option: str, given: str | None, allowed: Sequence[str]) -> Any:
    """Read one of the words of ``allowed``; None for ``auto``, KEEP if none is given.

    Raises
    ------
    typer.BadParameter
    """
    if given is None:
        return KEEP
    if given == AUTO:
        return None
    if given.upper() not in allowed:
        raise typer.BadParameter(f"{option} must be one of {', '.join(allowed)} or auto.")
    return given.upper()
