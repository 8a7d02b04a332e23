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
    """``CONTAINER`` or ``CONTAINER/NAME``; the name is all behind the first slash.

    Raises
    ------
    typer.BadParameter
    """
    container, _, name = text.removeprefix(REMOTE).partition("/")
    if not container:
        raise typer.BadParameter(f"{text!r} names no container: write CONTAINER/OBJECT.")
    return Location(container, name)


def object_location(text: str) -> Location:
    """``CONTAINER/OBJECT``.

    Raises
    ------
    typer.BadParameter
    """
    found = location(text)
    if not found.name:
        raise typer.BadParameter(f"{text!r} names no object: write CONTAINER/OBJECT.")
    return found


def container_name(text: str) -> str:
    """``CONTAINER``.

    Raises
    ------
    typer.BadParameter
    """
    found = location(text)
    if found.name:
        raise typer.BadParameter(f"{text!r} is not the name of a container: it has a slash.")
    return found.container


def folder(name: str) -> str:
    """The prefix of what is below ``name``; that of all objects if it is empty."""
    return name if not name or name.endswith("/") else f"{name}/"
