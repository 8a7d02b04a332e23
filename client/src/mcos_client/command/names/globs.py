"""Patterns of object names: ``*`` and ``?`` within a folder, ``**`` across, ``[...]`` a character.

They are MCOS's names, so the shell cannot know them: write patterns in quotes. A name that exists,
of an object or a folder, is meant itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from warnings import catch_warnings

from mcos_client import Client, ListedObject, ObjectNotFound
from mcos_client.command.names.locations import Location

_MAGIC = re.compile(r"[*?[]")
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)


def is_pattern(name: str) -> bool:
    """Whether a name may be a pattern."""
    return _MAGIC.search(name) is not None


@dataclass(frozen=True)
class Pattern:
    """A pattern of names."""

    text: str

    @property
    def prefix(self) -> str:
        """What all names that match begin with."""
        return _MAGIC.split(self.text, maxsplit=1)[0]

    @property
    def folder(self) -> str:
        """The prefix up to its last slash: the names differ only behind it."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def matches(self, name: str) -> bool:
        """Whether a name matches."""
        return self._regex.fullmatch(name) is not None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile("".join(map(_translated, _TOKEN.findall(self.text))), re.DOTALL)


def is_wild(name: str) -> bool:
    """Whether a name is nothing but a pattern of any names, which hardly exists itself."""
    return set(name) <= set("*?/")


def exists(client: Client, where: Location, *, folder: bool) -> bool:
    """Whether an object, or (``folder``) what is below a folder, has just this name."""
    below = where.name if where.name.endswith("/") else f"{where.name}/"
    for one in client.all_objects(where.container, prefix=where.name):
        if one.name == where.name or (folder and one.name.startswith(below)):
            return True
        if one.name > below and not one.name.startswith(below):
            return False
    return False


def is_meant_as_pattern(client: Client, where: Location, *, folder: bool = False) -> bool:
    """Whether a name is a pattern, and not that of an object, or (``folder``) of a folder."""
    return is_pattern(where.name) and not exists(client, where, folder=folder)


def matching(client: Client, where: Location, *, deleted: bool = False) -> list[ListedObject]:
    """Find the objects of a pattern.

    If an object has the pattern itself as its name, only that object is meant: so it can be named,
    and no other is touched by mistake.

    Parameters
    ----------
    deleted
        Those too that are deleted and still listed.

    Raises
    ------
    ObjectNotFound
        There is none.
    """
    pattern = Pattern(where.name)
    found = [
        one for one in objects_like(client, where.container, pattern) if deleted or not one.deleted
    ]
    exact = [one for one in found if one.name == where.name]
    if not exact and not pattern.matches(where.name):
        exact = [
            one
            for one in client.all_objects(where.container, prefix=where.name)
            if one.name == where.name and (deleted or not one.deleted)
        ]
    if not exact and not found:
        raise ObjectNotFound(f"No object has a name like {str(where)!r}.")
    return exact or found


def objects_like(client: Client, container: str, pattern: Pattern) -> Iterator[ListedObject]:
    """Find the objects of a container that match a pattern, in order."""
    for one in client.all_objects(container, prefix=pattern.prefix or None):
        if pattern.matches(one.name):
            yield one


def _translated(token: str) -> str:
    if token == "**/":  # noqa: S105  (no secret)
        return "(?:.*/)?"
    if token == "**":  # noqa: S105
        return ".*"
    if token == "*":  # noqa: S105
        return "[^/]*"
    if token == "?":  # noqa: S105
        return "[^/]"
    if len(token) > 2 and token[0] == "[":
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        negated = inner[:1] in ("!", "^")
        chosen = inner[1:] if negated else inner
        characters = f"[{'^/' if negated else ''}{chosen}]"
        try:
            with catch_warnings(action="ignore"):  # a set within a set is none
                re.compile(characters)
        except re.error:
            return "(?!)"  # a range from the end to the beginning has no characters
        return characters
    return re.escape(token)
