"""``tools/catalog.py``: the catalog in a file, and back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcos import clock
from mcos.catalog import accounts, containers, objects, registry
from mcos.model.clusters import PolicyPart, StoragePolicy
from mcos.model.objects import ObjectRecord, State
from tests.support.builders import CLUSTERS, KEY, record, version
from tests.support.network import Network
from tests.support.snapshot import Snapshot
from tools import catalog


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["catalog.py", *arguments])
    return catalog.main()


def link() -> None:
    for name in CLUSTERS:
        row = {
            "entry_point": "https://x.test",
            "backend": name,
            "provider": name,
            "location": "here",
            "labels": {},
            "weight": 1,
            **dict.fromkeys(("put_replica", "put_parts", "get_replica"), "arn"),
            "repair_queue_url": "https://q.test",
            "staging_bucket": "b",
        }
        registry.write(registry.CLUSTER, name, row)


@pytest.fixture
def filled(network: Network) -> ObjectRecord:
    """A catalog with one of each."""
    link()
    registry.raise_generation(at=clock.now())
    registry.write_policy(StoragePolicy("two", (PolicyPart(replicas=2),), readable=1))
    accounts.create("ada", "a hash")
    containers.create("ada", KEY.container, storage_policy="two")
    made = record(State.CREATED, version(stored=CLUSTERS, mode="wait"))
    return objects.accept(KEY, lambda found: found or made)


@pytest.mark.parametrize("name", ["catalog.jsonl", "catalog.jsonl.gz"])
def test_what_was_exported_is_imported(
    filled: ObjectRecord,
    tables: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    file = str(tmp_path / name)
    assert run(monkeypatch, "export", file) == 0
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    tables.put_back()
    registry.forget()
    link()
    assert run(monkeypatch, "import", file) == 0
    assert objects.get(KEY) == filled
    assert accounts.password_hash("ada") == "a hash"
    assert containers.get("ada", KEY.container).storage_policy == "two"
    assert registry.policy_named("two").replicas == 2
    assert "objects: written 1, kept 0, trimmed 0" in capsys.readouterr().out
    assert run(monkeypatch, "import", file) == 0
    assert "objects: written 0, kept 1, trimmed 0" in capsys.readouterr().out


def test_without_its_clusters_an_object_waits_and_the_exit_code_says_so(
    filled: ObjectRecord,
    tables: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(tmp_path / "catalog.jsonl")
    run(monkeypatch, "export", file)
    tables.put_back()
    registry.forget()
    assert run(monkeypatch, "import", file) == 1
    assert "left out 1 (only clusters that are not linked have it" in capsys.readouterr().out
    assert objects.get(KEY) is None
    assert run(monkeypatch, "import", "--write-off", file) == 0
    found = objects.get(KEY)
    assert found is not None
    assert found.state is State.FAILED


def test_a_file_that_was_cut_is_not_imported(
    filled: ObjectRecord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.jsonl"
    run(monkeypatch, "export", str(file))
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    assert run(monkeypatch, "import", str(file)) == 2
