"""Watching an object until it is settled."""

import pytest

from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


def test_watch_prints_each_change_until_it_is_settled(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--no-wait", stdin=b"1")
    values = mcos("watch", "c/o", "--json").values
    assert [one["state"] for one in values] == ["CREATING", "CREATED"]
    mcos("watch", "c/none", code=3)


def test_watch_of_what_fails_is_7(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--no-wait", stdin=b"1")
    mcos.system.meanwhile = lambda: mcos.system.fail("o")
    lines = mcos("watch", "c/o", code=7).text.splitlines()
    assert [one.partition(" ")[0] for one in lines] == ["CREATING:", "FAILED:"]
