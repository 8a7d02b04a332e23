"""The rescue tool lies beside the journal on every backend."""

from pathlib import Path

import pytest

from mcos.journal import tool
from mcos_rescue import build
from tests.inprocess.test_journal import prepare, snapshot
from tests.support.cloud import CLUSTERS, Cloud, arn

TOOL, README = "~catalog/1/mcos-rescue.pyz", "~catalog/1/README.txt"


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The files where the build puts them."""
    (tmp_path / "mcos-rescue.pyz").write_bytes(build.archive())
    (tmp_path / "README.txt").write_bytes(build.readme())
    monkeypatch.setattr(tool, "_HERE", tmp_path)
    return tmp_path


def check(cloud: Cloud) -> None:
    for cluster in CLUSTERS:
        held = cloud.backends[cluster].replicas
        assert {key: held[key][0] for key in tool.tool()} == tool.tool()


def test_it_comes_with_the_first_snapshot(cloud: Cloud) -> None:
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    assert tool.tool().keys() == {TOOL, README}
    check(cloud)
    with cloud.network.record() as calls:
        assert snapshot(cloud) == "not due"
    assert not any(call.name == "lambda:Invoke" for call in calls)


def test_that_of_a_newer_release_takes_its_place(cloud: Cloud, built: Path) -> None:
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    (built / "mcos-rescue.pyz").write_bytes(b"a newer release's")
    assert snapshot(cloud) == "not due"
    cloud.settle()
    assert snapshot(cloud) == "not due"
    cloud.settle()
    check(cloud)


def test_a_backend_that_is_away_gets_it_later(cloud: Cloud) -> None:
    prepare(cloud)
    cloud.backends["ceph"].refuse()
    cloud.invoke(arn("ceph", "check_health"), {})
    assert snapshot(cloud) == "complete"
    assert TOOL not in cloud.backends["ceph"].replicas
    cloud.backends["ceph"].accept()
    cloud.invoke(arn("ceph", "check_health"), {})
    snapshot(cloud)
    check(cloud)
