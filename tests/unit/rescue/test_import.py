"""``import``: the command that writes a backend's catalog into the tables of another deployment."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcos.catalog import containers, deleted, objects
from mcos.model.deleted import DeletedState
from mcos.model.objects import ObjectKey
from mcos_rescue.commands.main import main
from mcos_rescue.entries import Entry, canonical
from tests.support.environment import PREFIX
from tests.support.linked import link
from tests.support.network import Manner, Network
from tests.unit.rescue.memory import Deployment, ulid
from tests.unit.rescue.servers import S3Handler, Server, serving, settings_of

KEY = ObjectKey("ada", "photos", "sea.jpg")


@pytest.fixture
def deployment() -> Deployment:
    made = Deployment()
    made.mark()
    made.container()
    made.store("sea.jpg", b"sea")
    return made


@pytest.fixture
def server(deployment: Deployment) -> Iterator[Server]:
    with serving(deployment.memory, S3Handler) as running:
        yield running


@pytest.fixture
def backend(server: Server, tmp_path: Path) -> str:
    """The file with the settings."""
    file = tmp_path / "backend.json"
    file.write_text(json.dumps(settings_of(server, "s3")))
    return str(file)


def run(backend: str, *more: str) -> int:
    return main(["--backend", backend, "import", "--tables-prefix", PREFIX, *more])


def test_it_writes_what_the_journal_says_and_tells_of_it(
    network: Network, deployment: Deployment, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    link()
    waiting = _deleted(deployment, "lake.jpg")
    deployment.write_segment(1)
    assert run(backend) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "registry: written 0, kept 0, trimmed 0",
        "accounts: written 0, kept 0, trimmed 0",
        "containers: written 1, kept 0, trimmed 0",
        "objects: written 1, kept 0, trimmed 0",
        "deleted: written 1, kept 0, trimmed 0",
        "the catalog has generation 2",
    ]
    assert f"deployment {deployment.id}" in told.err
    found = objects.get(KEY)
    assert found is not None
    assert found.revision == ulid(2)
    assert containers.get("ada", "photos").created_at == "2026-11-22T09:00:00.000Z"
    kept = deleted.find(ObjectKey("ada", "photos", "lake.jpg"), waiting)
    assert kept is not None
    assert (kept.state, kept.due_at) == (DeletedState.KEPT, "2026-11-23T10:00:00.000Z")
    assert run(backend) == 0
    assert "objects: written 0, kept 1, trimmed 0" in capsys.readouterr().out


def _deleted(deployment: Deployment, name: str) -> str:
    """Journal a deleted version; its id."""
    version = deployment.version(b"bytes")
    kept = {
        "version": version,
        "deletion": ulid(50),
        "created_at": "2026-11-22T10:00:00.000Z",
        "deleted_at": "2026-11-22T10:00:00.000Z",
        "due_at": "2026-11-23T10:00:00.000Z",
    }
    own = {"account": "ada", "container": "photos", "name": name, "version": version["id"]}
    state = {"state": "KEPT", "cluster": "s3", "due_at": kept["due_at"], "deletion": ulid(50)}
    record = canonical({**own, **state, "document": kept})
    key = tuple(own.values())
    deployment.entries.append(Entry("deleted", key, ulid(50), None, None, record))
    return str(version["id"])


def test_what_its_clusters_have_that_are_not_linked_is_left_out_or_written_off(
    network: Network, deployment: Deployment, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.write_segment(1)
    assert run(backend) == 1
    assert "left out 1 (only clusters that are not linked have it" in capsys.readouterr().out
    assert objects.get(KEY) is None
    assert run(backend, "--write-off") == 0
    found = objects.get(KEY)
    assert found is not None
    assert found.state == "FAILED"


def test_without_the_library_it_says_what_is_needed(
    deployment: Deployment,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.write_segment(1)
    for name in [one for one in sys.modules if one.partition(".")[0] == "mcos"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcos", None)
    assert run(backend) == 2
    assert "PYTHONPATH" in capsys.readouterr().err


def test_tables_that_cannot_be_reached_are_one_line(
    network: Network,
    deployment: Deployment,
    backend: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.write_segment(1)
    with network.record((0, Manner.FAILS)):
        assert run(backend) == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "tables" in one]
    assert line.startswith(f"mcos-rescue: the tables {PREFIX}-* cannot be read or written")
