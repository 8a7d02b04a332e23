"""Manifests of Swift's static large objects: what is in them, and the tag that Swift makes of it.

A manifest lists segments, or other manifests in their place. Its tag (``ETag``) is the MD5 of what
it lists, whose MD5s or tags are joined as hexadecimal text.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcos.storage.contract import KEY_BYTES, Part

ENTRIES = 1000
"""Most entries of a manifest, where an operator has not changed ``max_manifest_segments``."""

Listed = Mapping[str, Any]
"""An entry of a listing, as Swift gives it."""

SEGMENTS = "~parts/"
"""What the names of segments begin with, and of the manifests between. No replica's does."""

BEHIND_SEGMENTS = f"{SEGMENTS}{'~' * KEY_BYTES}"
"""A marker behind all names of segments that there are in practice, and before all that follow."""

_NAME = re.compile(r"[pm]/([0-9]+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a manifest lists: a segment or another manifest, with its tag and its bytes."""

    name: str
    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is to be written."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def tag(self) -> str:
        """The ETag that Swift must come to."""
        joined = "".join(entry.tag for entry in self.entries)
        return hashlib.md5(joined.encode("ascii"), usedforsecurity=False).hexdigest()

    def body(self, container: str) -> str:
        """Return what Swift is sent, which verifies every entry before it takes the whole."""
        return json.dumps(
            [
                {"path": f"/{container}/{one.name}", "etag": one.tag, "size_bytes": one.size}
                for one in self.entries
            ]
        )


def manifests(key: str, parts: Sequence[Part], limit: int) -> list[Manifest]:
    """Return what makes a replica of its parts, in the order of writing; the last is its own.

    Parameters
    ----------
    key
        Of the replica.
    parts
        In order.
    limit
        Most entries of a manifest. So many manifests there may be under the replica's own.
    """
    entries = tuple(Entry(part_name(key, part.number), part.md5, part.size) for part in parts)
    if len(entries) <= limit:
        return [Manifest(key, entries)]
    folded = [
        Manifest(f"{SEGMENTS}{key}/m/{number:05}", entries[first : first + limit])
        for number, first in enumerate(range(0, len(entries), limit), 1)
    ]
    top = tuple(Entry(one.name, one.tag, sum(e.size for e in one.entries)) for one in folded)
    return [*folded, Manifest(key, top)]


def part_name(key: str, number: int) -> str:
    """Name of the segment that is a part."""
    return f"{SEGMENTS}{key}/p/{number:06}"


def named(key: str, entries: Iterable[Listed]) -> Iterator[tuple[int, Listed]]:
    """Yield what of a listing is the key's, with its number. Keys may begin with other keys."""
    for entry in entries:
        name, folder = entry["name"], f"{SEGMENTS}{key}/"
        if name.startswith(folder) and (own := _NAME.fullmatch(name, len(folder))):
            yield int(own[1]), entry


def listed_tag(entry: Listed) -> str | None:
    """Return the tag of a manifest in a listing, which itself has another hash; None of others."""
    tag = entry.get("slo_etag") or entry["hash"].partition("slo_etag=")[2]
    return tag.strip('"') or None
