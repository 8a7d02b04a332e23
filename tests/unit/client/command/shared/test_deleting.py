"""What ``--wait`` promises holds for every delete: it returns when the object is gone."""

from pathlib import Path

import pytest

from tests.support import cloud
from tests.support.environment import cluster_environment
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import System

COMMANDS = [
    ("rm", "c/extra"),
    ("rm", "c/ex*"),
    ("rm", "-r", "c"),
    ("sync", "empty", "mcos:c", "--delete"),
]

every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one))


@pytest.fixture(autouse=True)
def asynchronous(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clusters wait only where somebody asks for it."""
    monkeypatch.setattr(cloud, "cluster_environment", cluster_environment)
    system.cloud.leave()


@pytest.fixture(autouse=True)
def extra(mcos: Mcos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object, and an empty folder to make its container like; the clusters then do nothing."""
    mcos("mb", "c")
    mcos("put", "-", "c/extra", "--wait", stdin=b"1")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    mcos.system.working = False


def is_there(system: System) -> bool:
    return system.cloud.record(system.account, "c", "extra") is not None


@every_command
def test_with_wait_it_is_gone(mcos: Mcos, command: tuple[str, ...]) -> None:
    told = mcos(*command, "--wait").text
    assert not is_there(mcos.system)
    assert "deleted" in told
    assert "deleting" not in told


@every_command
def test_without_it_is_told_to_be_under_way(mcos: Mcos, command: tuple[str, ...]) -> None:
    told = mcos(*command).text
    assert is_there(mcos.system)
    assert "deleting" in told


@every_command
def test_what_cannot_be_done_at_once_is_waited_for(mcos: Mcos, command: tuple[str, ...]) -> None:
    mcos.system.cut_queues()
    mcos.system.meanwhile = mcos.system.mend_queues
    told = mcos(*command, "--wait").text
    assert not is_there(mcos.system)
    assert "deleted" in told


@every_command
def test_what_is_not_done_in_time_is_told_as_not_done(mcos: Mcos, command: tuple[str, ...]) -> None:
    mcos.system.cut_queues()
    result = mcos(*command, "--wait", "--timeout", "40", code=7)
    assert "DELETING after 40 seconds" in result.errors
    assert "extra deleted" not in result.text
    assert "deleted extra" not in result.text
    assert mcos.clock.now() <= 40
