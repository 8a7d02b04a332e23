"""Finding objects by name, size and age."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from mcos_client.command.names.times import moment
from tests.unit.client.command_line import Mcos

SIZES = {
    "a.txt": 1,
    "b/a.txt": 10,
    "b/c.bin": 2048,
    "b/d/e.txt": 5000,
    "b2/a.txt": 7,
    "odd\n[1]": 3,
    "z/": 0,
}


@pytest.fixture(autouse=True)
def objects(mcos: Mcos) -> None:
    mcos("mb", "c")
    for name, size in SIZES.items():
        mcos("put", "-", f"c/{name}", stdin=bytes(size))


def found(mcos: Mcos, *arguments: str) -> list[str]:
    output = mcos("find", *arguments, "--null").output.decode()
    assert not output or output.endswith("\0")
    return [one.removeprefix("c/") for one in output.split("\0")[:-1]]


def test_all_of_them_exactly_as_they_are(mcos: Mcos) -> None:
    assert found(mcos, "c") == sorted(SIZES)
    assert found(mcos, "mcos:c") == sorted(SIZES)
    assert [one["name"] for one in mcos("find", "c", "--json").values] == sorted(SIZES)
    lines = mcos("find", "c").text.splitlines()
    assert len(lines) == len(SIZES)
    assert "c/b/c.bin" in lines


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["c", "--name", "*.txt"], ["a.txt", "b/a.txt", "b/d/e.txt", "b2/a.txt"]),
        (["c", "--name", "a.*", "--name", "*.bin"], ["a.txt", "b/a.txt", "b/c.bin", "b2/a.txt"]),
        (["c", "--name", "b/*"], ["b/a.txt", "b/c.bin"]),
        (["c", "--name", "b/**"], ["b/a.txt", "b/c.bin", "b/d/e.txt"]),
        (["c", "--name", "*[[]1]"], ["odd\n[1]"]),
        (["c", "--name", "[z-a]"], []),
        (["c/b", "--name", "a.txt"], ["b/a.txt"]),
        (["c/b", "--name", "d/*"], ["b/d/e.txt"]),
        (["c/b"], ["b/a.txt", "b/c.bin", "b/d/e.txt"]),
        (["c/a.txt"], ["a.txt"]),
        (["c/z"], ["z/"]),
        (["c/none"], []),
        (["c", "--min-size", "2KiB"], ["b/c.bin", "b/d/e.txt"]),
        (["c", "--max-size", "3"], ["a.txt", "odd\n[1]", "z/"]),
        (["c", "--min-size", "3", "--max-size", "10"], ["b/a.txt", "b2/a.txt", "odd\n[1]"]),
        (["c", "--newer", "2099-01-01"], []),
        (["c", "--older", "2000-01-01T00:00:00Z"], []),
        (["c", "--newer", "1d", "--name", "a.txt"], ["a.txt", "b/a.txt", "b2/a.txt"]),
        (["c", "--older", "1d"], []),
    ],
)
def test_what_has_to_hold(mcos: Mcos, options: list[str], expected: list[str]) -> None:
    assert found(mcos, *options) == expected


def test_what_is_deleted_is_not_found(mcos: Mcos) -> None:
    mcos.system.working = False
    mcos("rm", "c/b/c.bin", "--no-wait")
    assert "b/c.bin" not in found(mcos, "c")


@pytest.mark.parametrize(
    "options",
    [["--min-size", "-1"], ["--max-size", "much"], ["--newer", "yesterday"], ["--older", ""]],
)
def test_what_is_no_size_or_time_is_wrong_usage(mcos: Mcos, options: list[str]) -> None:
    mcos("find", "c", *options, code=2)


def test_a_container_that_is_not_there_is_3(mcos: Mcos) -> None:
    mcos("find", "none", code=3)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        (" 5 M", NOW - timedelta(minutes=5)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31).astimezone(UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-1d", "999999999w", "2026-13-01", "0001-01-01T00:00:00+23:00"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment(text, NOW)
