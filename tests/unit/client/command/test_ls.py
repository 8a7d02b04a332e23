"""Listing on the command line."""

from pathlib import Path

import pytest

from tests.unit.client.command_line import Mcos
from tests.unit.client.trees import read

pytestmark = pytest.mark.usefixtures("container")


def test_ls_folds_and_does_not(mcos: Mcos) -> None:
    for name in ("a", "b/1", "b/2", "c"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    assert mcos("ls").text == "c\n"
    assert mcos("ls", "c").text == "a\nb/\nc\n"
    assert mcos("ls", "c/b/").text == "b/1\nb/2\n"
    assert mcos("ls", "-r", "c").text == "a\nb/1\nb/2\nc\n"
    values = mcos("ls", "c", "--json").values
    assert [one.get("name") or one["common_prefix"] for one in values] == ["a", "b/", "c"]
    first, folded, _ = mcos("ls", "-l", "c").text.splitlines()
    assert first.split()[0] == "CREATED"
    assert first.index(" a") == folded.index(" b/")


def test_names_do_not_command_the_terminal(mcos: Mcos) -> None:
    mcos("put", "-", "c/\x1b[2Jred\n", stdin=b"1")
    assert mcos("ls", "c").text == "\\x1b[2Jred\\n\n"


def test_what_is_deleted_is_shown_only_with_its_state(mcos: Mcos) -> None:
    for name in ("a", "b"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos.system.working = False
    mcos("rm", "c/a", "--no-wait")
    for where in (("c",), ("-r", "c"), ("c/*",)):
        assert mcos("ls", *where).text == "b\n"
        states = [line.split()[0] for line in mcos("ls", "-l", *where).text.splitlines()]
        assert states == ["DELETING", "CREATED"]
        assert [one["state"] for one in mcos("ls", "--json", *where).values] == states


def test_what_is_deleted_is_not_copied(mcos: Mcos, tmp_path: Path) -> None:
    for name in ("a", "b"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos.system.working = False
    mcos("rm", "c/a", "--no-wait")
    mcos("cp", "-r", "mcos:c", str(tmp_path / "cp"))
    mcos("get", "c/*", str(tmp_path / "get"))
    mcos("get", "c/a*", str(tmp_path / "get"), code=3)
    assert read(tmp_path / "cp") == read(tmp_path / "get") == {"b": b"1"}
    mcos("rm", "c/b", "--no-wait")
    mcos("cp", "-r", "mcos:c", str(tmp_path / "cp"), code=3)


@pytest.mark.usefixtures("container")
def test_a_name_that_exists_is_meant_itself(mcos: Mcos) -> None:
    for name in ("lit[1].txt", "lit1.txt", "dir[x]/a", "dirx/a"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    assert mcos("ls", "c/lit[1].txt").text == "lit[1].txt\n"
    assert mcos("ls", "c/dir[x]/").text == "dir[x]/a\n"
    assert mcos("ls", "c/lit[1-2].txt").text == "lit1.txt\n"
    assert mcos("ls", "c/[z-a]").text == ""
    mcos("rm", "-r", "c/dir[x]")
    mcos("rm", "c/lit[1].txt")
    assert sorted(mcos.system.stored()) == ["dirx/a", "lit1.txt"]
    mcos("rm", "-r", "c/dir[y]", code=2)
    mcos("rm", "c/[z-a]", code=3)
