"""``tools/long.py``: the slices of what takes long, and that nothing is in none of them."""

from pathlib import Path

import pytest

from tools.long import MARKED, PARTS, ROOT, slice_of


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
def test_slices_together_are_every_part_once(count: int) -> None:
    slices = [slice_of(PARTS, number, count) for number in range(1, count + 1)]
    assert sorted(part.name for one in slices for part in one) == sorted(one.name for one in PARTS)


@pytest.mark.parametrize("count", [2, 3])
def test_slices_take_about_the_same_time(count: int) -> None:
    minutes = [
        sum(part.minutes for part in slice_of(PARTS, number, count))
        for number in range(1, count + 1)
    ]
    assert max(minutes) - min(minutes) <= max(part.minutes for part in PARTS) / 2


def test_a_slice_takes_first_what_needs_least() -> None:
    order = [(part.apart, part.clusters) for part in slice_of(PARTS, 1, 1)]
    assert order == sorted(order)


def test_every_folder_of_tests_is_in_exactly_one_part() -> None:
    """So that a test is run by some slice as soon as it is marked."""
    searched = [
        ROOT / argument
        for part in PARTS
        for argument in part.arguments
        if argument.startswith("tests/") and part.arguments[: len(MARKED)] == MARKED
    ]
    files = list((ROOT / "tests").rglob("test_*.py"))
    assert files
    for file in files:
        assert len([one for one in searched if is_in(file, one)]) == 1, file


def is_in(file: Path, folder: Path) -> bool:
    return file == folder or folder in file.parents
