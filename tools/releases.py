"""The releases of the functions that are published, and the way back to one.

Every deployment publishes a version of each function, whose description is the release; the alias
``live`` says which version is called. A rollback moves the aliases, and nothing else: it builds
nothing and runs no Terraform. The next deployment goes forward again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

LIVE = "live"
_AT_ONCE = 8


class NoRelease(Exception):
    """There is no such release to go to; the text is for whoever asks for it."""


@dataclass(frozen=True)
class Version:
    """A published version of a function: its number, the release and when it was published."""

    number: int
    release: str
    at: str


@dataclass(frozen=True)
class Function:
    """A function, with its versions in the order of their numbers; ``live`` is one of them."""

    name: str
    live: Version
    versions: tuple[Version, ...]

    def of(self, release: str) -> Version | None:
        """Return the last version of a release; None: it has none."""
        return next((one for one in reversed(self.versions) if one.release == release), None)


@dataclass(frozen=True)
class Move:
    """A function whose alias is to go to another version."""

    function: str
    version: Version


def published(client: Any, names: Iterable[str]) -> list[Function]:
    """Look at functions, by their names.

    Parameters
    ----------
    client
        Of Lambda.
    """

    def look(name: str) -> Function:
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = {
            one["Version"]: Version(int(one["Version"]), one["Description"], one["LastModified"])
            for page in pages
            for one in page["Versions"]
            if one["Version"] != "$LATEST"
        }
        live = client.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
        ordered = sorted(versions.values(), key=lambda one: one.number)
        return Function(name, versions[live], tuple(ordered))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(look, names))


def _begun(functions: Collection[Function]) -> dict[str, str]:
    """When each release was first published; what was deployed last, or again, comes last."""
    began: dict[str, str] = {}
    last: dict[str, str] = {}
    for function in functions:
        for version in function.versions:
            began[version.release] = min(began.get(version.release, version.at), version.at)
            last[version.release] = max(last.get(version.release, version.at), version.at)
    return {release: began[release] for release in sorted(began, key=last.__getitem__)}


def complete(functions: Collection[Function]) -> list[str]:
    """Return the releases that were deployed to their end, the oldest first.

    A release whose deployment was cut short has no version of some function that was there before.
    """
    return [
        release
        for release, at in _begun(functions).items()
        if all(one.of(release) or one.versions[0].at > at for one in functions)
    ]


def way_back(functions: Collection[Function], release: str | None = None) -> list[Move]:
    """Choose what moves so that a release is live again; what is live there already does not.

    A function that is new since stays as it is: nothing of the other release calls it.

    Parameters
    ----------
    release
        None: the one before the newest that is live.

    Raises
    ------
    NoRelease
    """
    known = complete(functions)
    if release is None:
        begun = list(_begun(functions))
        newest = max(begun.index(one.live.release) for one in functions)
        before = [one for one in begun[:newest] if one in known]
        if not before:
            raise NoRelease("there is no release before this one")
        release = before[-1]
    elif release not in known:
        raise NoRelease(f"no such release was deployed; there are {', '.join(known)}")
    moves = []
    for function in functions:
        version = function.of(release)
        if version is not None and version != function.live:
            moves.append(Move(function.name, version))
    return moves


def move(client: Any, moves: Iterable[Move]) -> None:
    """Move aliases. Harmless to repeat."""

    def change(one: Move) -> None:
        client.update_alias(
            FunctionName=one.function, Name=LIVE, FunctionVersion=str(one.version.number)
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(change, moves))


def roll_back(client: Any, names: Iterable[str], release: str | None = None) -> Mapping[str, int]:
    """Have a release called again that was deployed before.

    Parameters
    ----------
    client
        Of Lambda.
    names
        The functions.
    release
        None: the one before the newest that is live.

    Returns
    -------
    How many functions have moved, by the release that they have moved to; empty: it was live.

    Raises
    ------
    NoRelease
    """
    moves = way_back(published(client, names), release)
    move(client, moves)
    return {one.version.release: len(moves) for one in moves}
