"""Patterns of names."""

from pathlib import Path

import pytest

from mcos_client.command.names.globs import Pattern
from tests.unit.client.command_line import Mcos
from tests.unit.client.trees import read

NAMES = ["logs/a.gz", "logs/b.gz", "logs/b.txt", "logs/deep/c.gz", "logs/[x]", "logsx.gz"]


@pytest.fixture
def logs(mcos: Mcos, container: None) -> None:
    for name in NAMES:
        mcos("put", "-", f"c/{name}", stdin=name.encode())


MEANT = {
    "logs/*.gz": ["a.gz", "b.gz"],
    "logs/**.gz": ["a.gz", "b.gz", "deep/c.gz"],
    "logs/**/*.gz": ["a.gz", "b.gz", "deep/c.gz"],
    "logs/?.txt": ["b.txt"],
    "logs/[!a].gz": ["b.gz"],
    "logs/[a-b].*": ["a.gz", "b.gz", "b.txt"],
    "*/a.gz": ["logs/a.gz"],
}


@pytest.mark.usefixtures("logs")
def test_patterns_mean_names(mcos: Mcos, tmp_path: Path) -> None:
    for number, (pattern, expected) in enumerate(MEANT.items()):
        into = tmp_path / str(number)
        mcos("get", f"c/{pattern}", str(into))
        assert sorted(read(into)) == expected, pattern


@pytest.mark.usefixtures("logs")
def test_a_name_that_is_there_is_got_as_a_name_whatever_else_it_may_mean(
    mcos: Mcos, tmp_path: Path
) -> None:
    mcos("get", "c/logs/[x]", str(tmp_path / "one"))
    assert (tmp_path / "one").read_bytes() == b"logs/[x]"


@pytest.mark.usefixtures("logs")
def test_patterns_list_print_and_delete(mcos: Mcos) -> None:
    assert mcos("ls", "c/logs/b.*").text == "logs/b.gz\nlogs/b.txt\n"
    assert mcos("ls", "c/*.gz").text == "logsx.gz\n"
    assert mcos("get", "c/logs/*.gz", "-").output == b"logs/a.gzlogs/b.gz"
    mcos("rm", "c/logs/*.gz")
    assert sorted(mcos.system.stored()) == sorted(set(NAMES) - {"logs/a.gz", "logs/b.gz"})
    mcos("rm", "c/logs/*.gz", code=3)
    mcos("get", "c/logs/*.gz", code=3)


@pytest.mark.usefixtures("container")
def test_the_very_name_is_meant_before_the_pattern(mcos: Mcos) -> None:
    for name in ("*", "a", "b"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos("rm", "c/*")
    assert sorted(mcos.system.stored()) == ["a", "b"]
    mcos("rm", "c/*")
    assert mcos.system.stored() == {}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a*", "a", True),
        ("a*", "a/b", False),
        ("a/**", "a/b/c", True),
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("**/x", "ax", False),
        ("[", "[", True),
        ("[a", "[a", True),
        ("[]]", "]", True),
        ("[^a]", "/", False),
        ("a.b", "axb", False),
        ("?", "\n", True),
        ("[*]", "*", True),
        ("[*]", "a", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, name: str, matches: bool) -> None:
    assert Pattern(pattern).matches(name) is matches
