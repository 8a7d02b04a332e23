"""Listings with the meaning that they have in Swift, as pure functions.

``prefix`` keeps the names that begin with it. ``delimiter`` folds the names that hold it behind the
prefix into one common prefix. ``marker`` is where to go on: names behind it. A common prefix may
be the marker; then all that is folded into it has been told of and is skipped, not scanned.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcos import limits

_LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Range:
    """Where a page begins: behind ``after``, or from ``first`` on, or at the prefix's first."""

    after: str | None = None
    first: str | None = None


def start(prefix: str, delimiter: str, marker: str) -> Range | None:
    """Where the page behind ``marker`` begins; None if nothing with the prefix can follow."""
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
        # Only a marker of the longest size has a longer successor: no name is folded behind it.
    # A marker that is the prefix itself stands before all longer names.
    return Range(after=marker)


def fold(name: str, prefix: str, delimiter: str) -> str | None:
    """The common prefix that ``name`` is folded into, None if it stands for itself."""
    if not delimiter:
        return None
    found = name.find(delimiter, len(prefix))
    return name[: found + len(delimiter)] if found >= 0 else None


@dataclass
class Folded:
    """What a page shows: positions of the names that stand for themselves, and the prefixes.

    ``last`` is the marker behind all that was seen.
    """

    names: list[str] = field(default_factory=list)
    common_prefixes: list[str] = field(default_factory=list)
    last: str | None = None


def fold_all(names: Iterable[str], prefix: str, delimiter: str) -> Folded:
    """Fold the names of a page, which come in order and begin with ``prefix``."""
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
    """The first text behind every one that begins with ``text``, in the order of UTF-8."""
    stem = text.rstrip(_LAST)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    # Surrogates are no characters.
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)
