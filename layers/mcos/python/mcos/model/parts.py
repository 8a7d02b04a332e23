"""The parts in which a large replica is written."""

from collections.abc import Iterator
from math import ceil

from mcos import limits

_MIB = 1024**2


def part_size_of(size: int) -> int:
    """Return the bytes of each part but the last for ``size`` bytes of content; 0: one piece."""
    if size <= limits.PART_BYTES:
        return 0
    needed = ceil(size / limits.PARTS)
    return limits.PART_BYTES if needed <= limits.PART_BYTES else ceil(needed / _MIB) * _MIB


def part_ranges(size: int, part_size: int) -> Iterator[tuple[int, int, int]]:
    """Each part's number (from 1), and its first and last byte, inclusive."""
    for number, first in enumerate(range(0, size, part_size), start=1):
        yield number, first, min(first + part_size, size) - 1
