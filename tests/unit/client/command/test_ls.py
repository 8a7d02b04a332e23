"""Listing on the command line."""

import pytest

from tests.unit.client.command_line import Mcos

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
