"""Containers and objects, as the shell completes them.

Shells take what is completed for text of their own, some even evaluate it, so only names of
harmless characters are offered. Nothing is said if something goes wrong: somebody is typing.
"""

import os
import re
from collections.abc import Iterator

import typer

from mcos_client import Client
from mcos_client.command.names.locations import REMOTE
from mcos_client.command.shared.session import profile_name_of, session_of

SECONDS = 2.0
"""How long a call may take."""

OFFERED = 200
"""Names at most."""

_HARMLESS = re.compile(r"[\w./,+% -]+")

_WORDS, _INDEX = "COMP_WORDS", "COMP_CWORD"
_WITHOUT = "MCOS_COMPLETES_REMOTE"
"""Set if bash has taken ``mcos:`` from the word that is completed."""


def prepare() -> None:
    """Join again the words that bash has split at the colon of ``mcos:``."""
    if os.environ.get("_MCOS_COMPLETE") != "complete_bash":
        return
    try:
        words, index = os.environ[_WORDS], int(os.environ[_INDEX])
    except (KeyError, ValueError):
        return
    joined, index, is_remote = _joined(words.split("\n"), index)
    os.environ[_WORDS], os.environ[_INDEX] = "\n".join(joined), str(index)
    if is_remote:
        os.environ[_WITHOUT] = "1"


def _joined(words: list[str], index: int) -> tuple[list[str], int, bool]:
    """Join ``mcos`` ``:`` ``NAME``; of the word at ``index``, which bash replaces, leave NAME.

    Give the words, the index of that word, and whether ``mcos:`` was before it.
    """
    scheme = REMOTE.removesuffix(":")
    found: list[str] = []
    at, is_remote = index, False
    place = 0
    while place < len(words):
        if place and words[place : place + 2] == [scheme, ":"]:
            name = words[place + 2] if place + 2 < len(words) else ""
            if index in (place + 1, place + 2):
                at, is_remote = len(found), True
                found.append(name)
            else:
                found.append(f"{REMOTE}{name}")
            place += 3
            continue
        if place == index:
            at = len(found)
        found.append(words[place])
        place += 1
    return found, at, is_remote


def container(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete CONTAINER."""
    return _shown(_offered(ctx, incomplete, objects=False), incomplete)


def remote(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete CONTAINER or CONTAINER/OBJECT."""
    prefix = REMOTE if incomplete.startswith(REMOTE) else ""
    offered = _offered(ctx, incomplete.removeprefix(prefix), objects=True)
    return _shown([f"{prefix}{one}" for one in offered], incomplete)


def container_of(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete CONTAINER/, where the objects are none that are listed."""
    return [f"{one}/" for one in container(ctx, incomplete)]


def path_or_remote(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete ``mcos:CONTAINER/OBJECT``; paths are left to the shell."""
    if incomplete.startswith(REMOTE) or os.environ.get(_WITHOUT):
        return remote(ctx, incomplete)
    return []


def paths_then_remote(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete CONTAINER/OBJECT behind a first path, which is left to the shell."""
    return remote(ctx, incomplete) if ctx.params.get("paths") else []


def _offered(ctx: typer.Context, begins: str, *, objects: bool) -> list[str]:
    session = session_of(ctx)
    profile = ctx.find_root().params.get("profile")
    session.profile_name = profile_name_of(profile if isinstance(profile, str) else None)
    try:
        known = session.profile
        with Client(
            known.entry_points,
            known.token,
            transport=session.transport,
            clock=session.clock,
            timeout=SECONDS,
        ) as client:
            found = _names(client, begins, objects=objects)
            while objects and len(found) == 1 and found[0].endswith("/"):
                # A shell puts a space behind the only one: what is in a folder is offered instead.
                inner = _names(client, found[0], objects=True)
                if not inner or inner == found:
                    break
                found = inner
    except Exception:
        return []  # not logged in, nobody answers, or anything else: it is no time to say so
    return found


def _names(client: Client, begins: str, *, objects: bool) -> list[str]:
    name, slash, prefix = begins.partition("/")
    if slash and objects:
        page = client.list_object(name, prefix=prefix or None, delimiter="/", limit=OFFERED)
        listed = [one.name for one in page.objects if not one.deleted]
        return [f"{name}/{one}" for one in sorted({*page.common_prefixes, *listed})]
    containers = client.list_container(prefix=begins or None, limit=OFFERED).containers
    return [f"{one.name}/" if objects else one.name for one in containers]


def _shown(offered: list[str], incomplete: str) -> list[str]:
    return list(_for_shell(one for one in offered if one.startswith(incomplete)))


def _for_shell(names: Iterator[str]) -> Iterator[str]:
    in_bash = os.environ.get("_MCOS_COMPLETE") == "complete_bash"
    for one in names:
        if _HARMLESS.fullmatch(one.removeprefix(REMOTE)):
            # Bash puts it into the line as it is. (Behind a space nothing is completed there:
            # Typer compares what is offered with the word as it is meant.)
            yield one.replace(" ", "\\ ") if in_bash else one
