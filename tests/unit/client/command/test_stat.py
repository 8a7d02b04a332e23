"""Showing an object with its replicas."""

from datetime import datetime

import pytest

from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


def test_stat_shows_every_replica(mcos: Mcos) -> None:
    mcos("put", "-", "c/o.txt", "--meta", "colour=blue", stdin=b"12345")
    text = mcos("stat", "c/o.txt").text
    digest = mcos.system.record("o.txt").shown.sha256
    for cluster in ("s3", "swift", "ceph"):
        [line] = [one for one in text.splitlines() if one.startswith(cluster)]
        assert line.split() == [cluster, cluster, "stored", "5", digest]
    assert "target" not in text
    assert "target" in mcos("stat", "--placement", "c/o.txt").text
    [value] = mcos("stat", "c/o.txt", "--json", "--placement").values
    assert [one["state"] for one in value["replicas"]] == ["stored"] * 3
    assert value["metadata"] == {"colour": "blue"}
    record = mcos.system.record("o.txt")
    assert datetime.fromisoformat(value["created_at"]) == datetime.fromisoformat(record.created_at)
    assert value["created_at"].endswith("Z")
    assert value["placement"][0]["role"] == "target"
