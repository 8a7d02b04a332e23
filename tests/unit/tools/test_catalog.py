"""``tools/catalog.py``: the catalog in a file, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from botocore.awsrequest import AWSPreparedRequest

from mcos import clock
from mcos.catalog import accounts, containers, deleted, objects, registry
from mcos.model.clusters import PolicyPart, StoragePolicy
from mcos.model.journal import Snapshot as Snap
from mcos.model.journal import Snapshots
from mcos.model.kept import Kept
from mcos.model.objects import ObjectRecord, State
from tests.support.builders import CLUSTERS, KEY, NOW, record, version
from tests.support.linked import link
from tests.support.network import Network
from tests.support.snapshot import Snapshot
from tools import catalog


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["catalog.py", *arguments])
    return catalog.main()


@pytest.fixture
def filled(network: Network) -> ObjectRecord:
    """A catalog with one of each."""
    link()
    registry.raise_generation(at=clock.now())
    registry.write_policy(StoragePolicy("two", (PolicyPart(replicas=2),), readable=1))
    accounts.create("ada", "a hash")
    containers.create("ada", KEY.container, storage_policy="two")
    kept = Kept(version(2, "wait", CLUSTERS), clock.new_id(), NOW, NOW, clock.later(3600))
    deleted.keep(KEY, kept, cluster="s3")
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
    waiting = deleted.of_object(KEY)
    assert run(monkeypatch, "export", file) == 0
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    tables.put_back()
    registry.forget()
    link()
    assert run(monkeypatch, "import", file) == 0
    assert objects.get(KEY) == filled
    assert deleted.of_object(KEY) == waiting != []
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


class Function:
    """``write_snapshot``, which answers as it is told."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[str, dict[str, bool]]] = []

    def __call__(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        name = unquote(request.url).rpartition("/functions/")[2].removesuffix("/invocations")
        self.asked.append((name, json.loads(request.body)))
        outcome = self.outcomes.pop(0)
        if outcome == "fails":
            return 200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "Broken"}'
        return 200, {}, json.dumps({"outcome": outcome}).encode()


def answered(monkeypatch: pytest.MonkeyPatch, network: Network, *outcomes: str) -> Function:
    function = Function(*outcomes)
    monkeypatch.setitem(network.answers, "lambda:Invoke", function)
    return function


def noted(*complete_on: str, refused: str | None = None) -> None:
    """Let the registry say what became of the last snapshot."""
    last = Snap("id", "2026", completed_at="2026", records={"objects": 3}, complete_on=complete_on)
    state = Snapshots(last=last, refused=refused)
    registry.write(registry.JOURNAL, registry.SNAPSHOT, state.as_json())


def test_a_snapshot_is_continued_until_it_is_complete(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link()
    noted(*CLUSTERS)
    function = answered(monkeypatch, network, "begun", "interrupted", "complete")
    assert run(monkeypatch, "snapshot", "--accept-smaller") == 0
    further = ("mcos-ceph-write_snapshot:live", {"accept_smaller": True})
    first = (further[0], {"accept_smaller": True, "now": True})
    assert function.asked == [first, further, further]
    assert capsys.readouterr().out == "snapshot id: objects 3; on ceph, s3, swift\n"


def test_a_snapshot_that_a_backend_does_not_have_is_told_and_is_the_exit_code(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link()
    noted("s3")
    answered(monkeypatch, network, "complete")
    assert run(monkeypatch, "snapshot") == 1
    assert capsys.readouterr().out == "snapshot id: objects 3; on s3\n"


@pytest.mark.parametrize(
    ("outcome", "told", "code"),
    [
        ("refused", "the catalog has shrunk: objects: 10 to 3", 1),
        ("fails", "mcos-ceph-write_snapshot failed: Broken", 2),
    ],
)
def test_a_snapshot_that_is_not_made_says_why(
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: str,
    told: str,
    code: int,
) -> None:
    link()
    noted(refused="objects: 10 to 3")
    function = answered(monkeypatch, network, outcome)
    assert run(monkeypatch, "snapshot") == code
    assert told in capsys.readouterr().err
    assert function.asked[0][1] == {"accept_smaller": False, "now": True}
