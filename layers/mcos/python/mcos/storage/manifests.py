"""Manifests of Swift's static large objects, and the tags that Swift computes for them.

A manifest lists segments or other manifests. Its tag (``ETag``) is the MD5 of the concatenated
hexadecimal MD5s of the segments, or tags of the manifests, that it lists.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcos.storage.contract import KEY_BYTES, Part

ENTRIES = 1000
"""Most entries of a manifest by default (``max_manifest_segments``)."""

Listed = Mapping[str, Any]
"""An entry of a listing, as Swift returns it."""

SEGMENTS = "~parts/"
"""Prefix of the names of segments and of manifests that list them; no replica has it."""

BEHIND_SEGMENTS = f"{SEGMENTS}{'~' * KEY_BYTES}"
"""A marker after all names of segments, and before all names that follow them."""

_NAME = re.compile(r"[pm]/([0-9]+)")
_SEGMENT = re.compile(rf"{SEGMENTS}(.+)/[pm]/[0-9]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a manifest: a segment or another manifest, with its tag and size in bytes."""

    name: str
    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest to be written."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def tag(self) -> str:
        """The ETag that Swift must compute."""
        joined = "".join(entry.tag for entry in self.entries)
        return hashlib.md5(joined.encode("ascii"), usedforsecurity=False).hexdigest()

    def body(self, container: str) -> str:
        """Return the request's body; Swift verifies every entry before it stores the manifest."""
        return json.dumps(
            [
                {"path": f"/{container}/{one.name}", "etag": one.tag, "size_bytes": one.size}
                for one in self.entries
            ]
        )


def make_manifests(key: str, parts: Sequence[Part], limit: int) -> list[Manifest]:
    """Return the manifests that make a replica of its parts, in the order of writing.

    Parameters
    ----------
    key
        Key of the replica, and so the name of the last manifest.
    parts
        All parts in order.
    limit
        Most entries of a manifest; also the most manifests that the last one lists.
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
    """Return the name of the segment of a part."""
    return f"{SEGMENTS}{key}/p/{number:06}"


def entries_of(key: str, entries: Iterable[Listed]) -> Iterator[tuple[int, Listed]]:
    """Yield the entries of a listing that belong to ``key``, each with its number.

    One key may be a prefix of another.
    """
    for entry in entries:
        name, folder = entry["name"], f"{SEGMENTS}{key}/"
        if name.startswith(folder) and (own := _NAME.fullmatch(name, len(folder))):
            yield int(own[1]), entry


def key_of_segment(name: str) -> str | None:
    """Return the key that a segment, or a manifest of segments, was written for; None: neither."""
    own = _SEGMENT.fullmatch(name)
    return own[1] if own else None


def tag_in_listing(entry: Listed) -> str | None:
    """Return the tag of a manifest in a listing, whose ``hash`` differs; None: not a manifest."""
    tag = entry.get("slo_etag") or entry["hash"].partition("slo_etag=")[2]
    return tag.strip('"') or None
