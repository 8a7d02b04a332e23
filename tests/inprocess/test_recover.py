"""The emulator was killed hard: the backends together bring the catalog back."""

import sys
from collections.abc import Mapping
from os import utime
from pathlib import Path
from typing import Any

import pytest

from mcos_rescue import tables
from tests.support.cloud import CLUSTERS, SYNC, Cloud
from tests.support.paths import object_path
from tests.support.rescued import RescuedStore, journal, lose_aws, prepare
from tests.support.user import User
from tools import local, recover

CONTAINER = "photos"


@pytest.fixture
def killed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    """A cloud of which ``make up`` notices that it was killed."""
    folder = tmp_path / ".mcos" / "up" / "emulator"
    folder.mkdir(parents=True)
    (folder / "unsaved").touch()
    utime(folder / "unsaved", (0, 0))
    told = {
        "aws_embedded": True,
        "aws_generation": 1,
        "backends": {name: {"name": name} for name in sorted(CLUSTERS)},
    }

    def open_store(settings: Mapping[str, Any], environment: Mapping[str, str]) -> RescuedStore:
        return RescuedStore(cloud.backends[settings["name"]])

    monkeypatch.setattr(recover, "ROOT", tmp_path)
    monkeypatch.setattr(recover, "open_store", open_store)
    monkeypatch.setattr(tables, "_WRITERS", 1)
    monkeypatch.setattr(local, "use_emulator", lambda instance: None)
    monkeypatch.setattr(local, "describe", lambda instance: told)
    monkeypatch.setattr(sys, "argv", ["recover.py", "--instance", "up"])
    return cloud


@pytest.mark.parametrize("away", CLUSTERS)
def test_no_backend_hides_what_another_has_or_brings_back_what_another_saw_removed(
    killed: Cloud, user: User, away: str
) -> None:
    """One was away, and what it missed waited in a queue, which is lost with the emulator."""
    prepare(killed)
    for name in ("stays", "goes"):
        user.create(name, b"bytes", SYNC)
    journal(killed)
    user.create("missed", b"bytes", SYNC)
    assert user.call("DELETE", object_path(CONTAINER, "goes"), headers=SYNC).status == 204
    killed.settle()
    killed.backends[away].refuse()
    killed.journal()
    killed.lose_messages()
    killed.backends[away].accept()
    user.create("late", b"bytes", SYNC)
    journal(killed)
    lose_aws(killed)
    with killed.network.outside(), killed.at("s3"):
        assert recover.main() == 0
    names = {one.name for one in killed.records(user.account)}
    assert names == {"stays", "missed", "late"}
