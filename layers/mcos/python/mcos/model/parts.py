"""The parts in which a large replica is written."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from mcos import limits

_MIB = 1024**2


def part_size_of(size: int) -> int:
    """Return the bytes of each part but the last for ``size`` bytes of content; 0: one piece."""
    if size <= limits.PART_BYTES:
        return 0
    needed = ceil(size / limits.PARTS)
    return limits.PART_BYTES if needed <= limits.PART_BYTES else ceil(needed / _MIB) * _MIB


class PartRange(NamedTuple):
    """A part's number (from 1), and its first and last byte, inclusive."""

    number: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes of the part."""
        return self.last - self.first + 1


def part_ranges(size: int, part_size: int) -> Iterator[PartRange]:
    """Yield the parts of ``size`` bytes, in order; all but the last have ``part_size`` bytes."""
    for number, first in enumerate(range(0, size, part_size), start=1):
        yield PartRange(number, first, min(first + part_size, size) - 1)
