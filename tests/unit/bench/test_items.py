"""The sizes of items and the units of reads and writes, as DynamoDB bills them."""

import pytest

from bench.cost.items import read_units, size, write_units
from bench.cost.meter import index_writes


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (None, 0),
        ({"name": {"S": "sea"}}, 7),
        ({"näme": {"S": "é"}}, 7),
        ({"n": {"N": "1"}}, 3),
        ({"n": {"N": "-1234.50"}}, 5),
        ({"n": {"N": "100"}}, 3),
        ({"b": {"B": b"1234"}}, 5),
        ({"b": {"B": "MTIzNA=="}}, 5),
        ({"is": {"BOOL": True}}, 3),
        ({"l": {"L": [{"S": "ab"}, {"NULL": True}]}}, 1 + 3 + 3 + 2),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 1 + 3 + 4),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(item: object, expected: int) -> None:
    assert size(item) == expected  # type: ignore[arg-type]


def test_an_unknown_type_is_no_item_of_size_nothing() -> None:
    with pytest.raises(ValueError, match="SS"):
        size({"s": {"SS": ["a"]}})


@pytest.mark.parametrize(("number", "expected"), [(0, 1), (1018, 1), (1019, 2), (2043, 3)])
def test_a_write_is_billed_by_the_kilobyte_of_the_larger_item(number: int, expected: int) -> None:
    item = {"value1": {"S": "x" * number}}
    assert write_units(None, item) == write_units(item, {"value1": {"S": ""}}) == expected


def test_a_read_is_billed_by_four_kilobytes_and_half_if_it_may_be_old() -> None:
    assert read_units(None, strong=True) == 1
    assert read_units(strong=False) == 0.5
    page = [{"v": {"S": "x" * 1023}}] * 4
    assert read_units(*page, strong=True) == 1
    assert read_units(*page, page[0], strong=True) == 2
    assert read_units(*page, page[0], strong=False) == 1


def test_an_index_is_written_when_its_keys_change() -> None:
    names = ["sweeper", "since", "name"]
    there = {"sweeper": {"S": "s3"}, "since": {"S": "1"}, "name": {"S": "sea"}}
    later = {**there, "since": {"S": "2"}}
    absent = {"name": {"S": "sea"}}
    assert index_writes(names, None, absent) == index_writes(names, absent, absent) == 0
    assert index_writes(names, there, {**there, "state": {"S": "CREATED"}}) == 0
    assert index_writes(names, absent, there) == index_writes(names, there, None) == 1
    assert index_writes(names, there, later) == 2
