"""Listings as Swift defines them, as pure functions.

``prefix`` selects the names that begin with it. ``delimiter`` folds names that contain it after the
prefix into one common prefix. ``marker`` selects the names after it. If the marker is a common
prefix, all names folded into it are skipped without being read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcos import limits

_LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Range:
    """Where a page begins: after the name ``after``, at the name ``first``, or at the prefix."""

    after: str | None = None
    first: str | None = None


def start(prefix: str, delimiter: str, marker: str) -> Range | None:
    """Return where the page after ``marker`` begins; None if no name with the prefix can follow."""
    if not marker or (marker < prefix and not marker.startswith(prefix)):
        return Range()
    if not marker.startswith(prefix):
        return None
    if delimiter and fold(marker, prefix, delimiter) == marker:
        first = _successor(marker)
        if first is None:
            return None
        if len(first.encode()) <= limits.OBJECT_NAME_BYTES:
            return Range(first=first)
        # Only a marker of the greatest length has a longer successor: no name is folded after it.
    # A marker equal to the prefix sorts before all longer names.
    return Range(after=marker)


def fold(name: str, prefix: str, delimiter: str) -> str | None:
    """Return the common prefix that ``name`` is folded into; None if it is listed itself."""
    if not delimiter:
        return None
    found = name.find(delimiter, len(prefix))
    return name[: found + len(delimiter)] if found >= 0 else None


@dataclass
class Folded:
    """A page: the names that are listed themselves, and the common prefixes.

    ``last`` is the marker of the next page; None if the page is empty.
    """

    names: list[str] = field(default_factory=list)
    common_prefixes: list[str] = field(default_factory=list)
    last: str | None = None


def fold_all(names: Iterable[str], prefix: str, delimiter: str) -> Folded:
    """Fold the names of a page, which must be in order and begin with ``prefix``."""
    page = Folded()
    for name in names:
        common = fold(name, prefix, delimiter)
        if common is None:
            page.names.append(name)
            page.last = name
        elif common != page.last:
            page.common_prefixes.append(common)
            page.last = common
    return page


def _successor(text: str) -> str | None:
    """Return the first text after all texts that begin with ``text``, in the order of UTF-8."""
    stem = text.rstrip(_LAST)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    # Surrogates are not characters.
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)
