"""What is wrong, on the command line."""

import json

import httpx

from tests.unit.client.command_line import Mcos
from tests.unit.client.test_status import ILL, WELL


def test_what_is_well_ends_with_0(mcos: Mcos) -> None:
    mcos.system.instead = lambda request: httpx.Response(200, json=WELL)
    lines = mcos("admin", "status").text.splitlines()
    assert lines[0] == "all is well"
    (row,) = [line for line in lines if line.startswith("ceph")]
    shown = "ceph ACTIVE 45 s ago - 3 min ago 90 s - repair 3 4"
    assert row.split() == shown.split()


def test_what_is_wrong_is_named_and_ends_with_1(mcos: Mcos) -> None:
    mcos.system.instead = lambda request: httpx.Response(200, json=ILL)
    lines = mcos("admin", "status", code=1).text.splitlines()
    assert lines[1].split() == ["down", "ceph", "it", "does", "not", "work"]
    assert lines[2].split() == ["snapshot-late", "-", "it", "was", "refused"]


def test_scripts_get_all_of_it_and_the_same_end(mcos: Mcos) -> None:
    mcos.system.instead = lambda request: httpx.Response(200, json=ILL)
    told = json.loads(mcos("admin", "status", "--json", code=1).text)
    assert told["well"] is False
    assert told["findings"][0]["concern"] == "down"
    assert told["clusters"][0]["queues"][0]["dead_letters"] == 4
