"""How much is where."""

from typing import Any

import pytest

from tests.unit.client.command_line import Mcos


@pytest.fixture(autouse=True)
def objects(mcos: Mcos) -> None:
    for container in ("c", "empty", "other"):
        mcos("mb", container)
    for name, size in {
        "a": 1,
        "b": 2,
        "b/c": 4,
        "b/d/e": 8,
        "b//f": 16,
        "b2": 32,
        "b/": 64,
    }.items():
        mcos("put", "-", f"c/{name}", stdin=bytes(size))
    mcos("put", "-", "other/x", stdin=bytes(1024))


def sums(mcos: Mcos, *arguments: str) -> dict[str, tuple[int, int]]:
    values: list[Any] = mcos("du", *arguments, "--json").values
    return {one["name"]: (one["size"], one["objects"]) for one in values}


def test_of_all_containers(mcos: Mcos) -> None:
    assert sums(mcos) == {"c": (127, 7), "empty": (0, 0), "other": (1024, 1), "total": (1151, 8)}
    assert mcos("du").text.splitlines()[-1].split() == ["1.1", "KiB", "8", "total"]


def test_of_the_folders_of_a_container(mcos: Mcos) -> None:
    assert sums(mcos, "c") == {"c/b/": (92, 4), "c": (127, 7)}
    assert sums(mcos, "empty") == {"empty": (0, 0)}


def test_of_a_name_and_what_is_below_it(mcos: Mcos) -> None:
    """Neither ``b2`` nor anything else that only begins so."""
    assert sums(mcos, "c/b") == {"c/b/d/": (8, 1), "c/b//": (16, 1), "c/b": (94, 5)}
    assert sums(mcos, "c/b/d") == {"c/b/d": (8, 1)}
    assert sums(mcos, "c/a") == {"c/a": (1, 1)}


def test_the_sum_alone_and_in_bytes(mcos: Mcos) -> None:
    assert sums(mcos, "--summarize") == {"total": (1151, 8)}
    assert mcos("du", "-sb", "mcos:c").text.split() == ["127", "7", "c"]


def test_what_is_deleted_counts_no_more(mcos: Mcos) -> None:
    mcos.system.working = False
    mcos("rm", "c/b/c", "--no-wait")
    assert sums(mcos, "-s", "c") == {"c": (123, 6)}


def test_what_is_not_there_is_3(mcos: Mcos) -> None:
    mcos("du", "c/none", code=3)
    mcos("du", "none", code=3)
