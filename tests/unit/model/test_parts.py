"""The parts of a large replica cover it, and are as few and as small as services take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.model.parts import part_ranges, part_size_of

MIB = 1024**2


@pytest.mark.parametrize(
    ("size", "part_size"),
    [
        (0, 0),
        (limits.PART_BYTES, 0),
        (limits.PART_BYTES + 1, limits.PART_BYTES),
        (limits.PART_BYTES * limits.PARTS, limits.PART_BYTES),
        (limits.PART_BYTES * limits.PARTS + 1, limits.PART_BYTES + MIB),
        (limits.OBJECT_BYTES, 525 * MIB),
    ],
)
def test_part_sizes(size: int, part_size: int) -> None:
    assert part_size_of(size) == part_size


@given(st.integers(limits.PART_BYTES + 1, limits.OBJECT_BYTES))
def test_every_size_has_parts_that_every_service_takes(size: int) -> None:
    part_size = part_size_of(size)
    assert limits.UPLOAD_PART_BYTES_MIN <= part_size <= limits.UPLOAD_PART_BYTES_MAX
    assert size <= part_size * limits.PARTS


@given(st.integers(1, 5000), st.integers(1, 100))
def test_parts_cover_the_content_without_a_gap(size: int, part_size: int) -> None:
    found = list(part_ranges(size, part_size))
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert [first for _, first, _ in found] == [0, *(last + 1 for _, _, last in found[:-1])]
    assert found[-1][2] == size - 1
    assert {last - first + 1 for _, first, last in found[:-1]} <= {part_size}
