"""`mcos rescue` hands its command line over to the rescue, if that is installed."""

import sys

import pytest

from tests.unit.client.command_line import Mcos


def test_its_arguments_are_those_of_the_rescue(mcos: Mcos) -> None:
    result = mcos("rescue", "--backend", "/nothing", "ls", code=2)
    assert "the settings cannot be read" in result.errors


def test_help_is_that_of_the_rescue(mcos: Mcos) -> None:
    result = mcos("rescue", "--help")
    assert "usage: mcos rescue" in result.text
    assert "get-all" in result.text


def test_without_the_package_it_says_what_to_install(
    mcos: Mcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "mcos_rescue"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcos_rescue", None)
    result = mcos("rescue", "ls", code=1)
    assert "pip install ./rescue" in result.errors
