"""`mcos serve` hands its command line over to the gateway, if that is installed."""

import sys

import pytest

from tests.unit.client.command_line import Mcos


def test_help_is_that_of_the_gateway(mcos: Mcos) -> None:
    result = mcos("serve", "--help")
    assert "usage: mcos serve" in result.text


def test_without_settings_it_says_what_is_missing(
    mcos: Mcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCOS_PASSWORD", raising=False)
    result = mcos("serve", "--port", "0", code=2)
    assert result.errors.startswith("mcos serve: Without a file, MCOS_ENTRY_POINT")


def test_without_it_it_says_how_to_get_it(mcos: Mcos, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "mcos_serve"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcos_serve", None)
    result = mcos("serve", code=1)
    assert "pip install ./client[serve] ./gateway" in result.errors
