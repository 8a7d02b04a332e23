"""Containers and objects as they are written on a command line."""

from dataclasses import dataclass

import typer

REMOTE = "mcos:"


@dataclass(frozen=True)
class Location:
    """``CONTAINER/NAME``; the name is empty if only a container is meant."""

    container: str
    name: str

    def __str__(self) -> str:
        return f"{self.container}/{self.name}" if self.name else self.container


def location(text: str) -> Location:
    """Read ``CONTAINER`` or ``CONTAINER/NAME``; the name is all behind the first slash.

    Raises
    ------
    typer.BadParameter
    """
    container, _, name = text.removeprefix(REMOTE).partition("/")
    if not container:
        raise typer.BadParameter(f"{text!r} must begin with a container: CONTAINER/OBJECT.")
    return Location(container, name)


def object_location(text: str) -> Location:
    """Read ``CONTAINER/OBJECT``.

    Raises
    ------
    typer.BadParameter
    """
    found = location(text)
    if not found.name:
        raise typer.BadParameter(f"{text!r} must name an object: CONTAINER/OBJECT.")
    return found


def container_name(text: str) -> str:
    """Read ``CONTAINER``.

    Raises
    ------
    typer.BadParameter
    """
    found = location(text)
    if found.name:
        raise typer.BadParameter(f"{text!r} must be the name of a container, without '/'.")
    return found.container


def folder(name: str) -> str:
    """Make the prefix of the names below ``name``; of all names if it is empty."""
    return name if not name or name.endswith("/") else f"{name}/"
