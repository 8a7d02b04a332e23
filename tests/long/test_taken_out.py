"""Each repair of a way to lose data is held by a test: taken out, that test fails.

A copy of the code is changed in one place, and one test is run against it.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("layers", "functions", "client", "tests", "tools", "clouds", "events", "statemachines")
FILES = ("pyproject.toml", "openapi.yaml", "chalice.json")

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Repair:
    """A repair: the file, its text, what takes it out, and the tests that must fail then."""

    file: str
    text: str
    without: str
    tests: str


REPAIRS = {
    "a write of unknown outcome is not sent again": Repair(
        "catalog/tables.py",
        "max_retry_attempts = 0",
        "max_retry_attempts = 1",
        "tests/inprocess/test_accepted_once.py",
    ),
    "a removal names the copy": Repair(
        "replicas/backend.py",
        'return f"{account}/{version_id}/{incarnation}" if incarnation else',
        'return f"{account}/{version_id}" if incarnation else',
        "tests/inprocess/test_jobs.py -k removal",
    ),
    "sequencers are padded on the right": Repair(
        "inbound/message.py",
        '.upper().ljust(_SEQUENCER_LENGTH, "0")',
        '.upper().rjust(_SEQUENCER_LENGTH, "0")',
        "tests/unit/inbound tests/inprocess/test_ingest.py -k sequencer",
    ),
    "what may be refused displaces nothing": Repair(
        "model/versions.py",
        'return self.mode == "respond-async" and self.digested',
        'return self.mode == "respond-async"',
        "tests/unit/model/test_lifecycle.py",
    ),
    "what a silent cluster accepted is adopted": Repair(
        "workers/sweep_pending.py",
        "for cluster in sweepers():\n        _sweep_all(cluster,",
        "for cluster in sweepers()[:1]:\n        _sweep_all(cluster,",
        "tests/inprocess/test_sweeping.py -k silent",
    ),
    "a damaged copy stays until another one is stored": Repair(
        "model/lifecycle.py",
        "after = Replica(replica.backend, by, replaces=copy)",
        "after = Replica(replica.backend, copy)",
        "tests/unit/model/test_lifecycle_replicas.py",
    ),
    "what was stored is not swept for want of a container": Repair(
        "workers/sweep_pending.py",
        "if record.is_admitted:",
        "if False:",
        "tests/inprocess/test_healing.py -k container",
    ),
    "what may be acknowledged waits for its container": Repair(
        "workers/sweep_pending.py",
        "if not has_container and not _may_be_acknowledged(record):",
        "if not has_container:",
        "tests/inprocess/test_missing.py -k waits_for",
    ),
    "what was acknowledged makes no room for what is refused": Repair(
        "calls/update_object.py",
        "containers.admit(key.account, key.container)",
        "pass",
        "tests/inprocess/test_missing.py -k takes_nothing_away",
    ),
    "content stays if it is unknown whether it was accepted": Repair(
        "versions/take.py",
        "    except OutcomeUnknown:\n        raise\n",
        "",
        "tests/inprocess/test_accepted_once.py tests/inprocess/test_lost_replies.py",
    ),
    "an upload is taken once": Repair(
        "versions/dispose.py",
        "uploads.confirm_taken(record.account, upload, version)",
        "pass",
        "tests/inprocess/test_taken_once.py",
    ),
    "what is acknowledged is read from staging": Repair(
        "replicas/read.py",
        "if not version.is_readable and (content",
        "if version is None and (content",
        "tests/inprocess/test_calls.py -k 'acknowledged or staged'",
    ),
    "the version before is kept until the new one is stored": Repair(
        "model/lifecycle.py",
        "one for one in seen if one.is_readable and not version.is_readable",
        "one for one in seen if False",
        "tests/unit/model/test_lifecycle.py",
    ),
    "a backend that has lost all is not taken for damaged": Repair(
        "workers/repair_replica.py",
        "if not is_known():",
        "if False:",
        "tests/inprocess/test_health.py -k lost_all",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, to be changed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(folder: Path, tests: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        f'"{sys.executable}" -m pytest -x -q -p no:cacheprovider {tests}',
        shell=True,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("repair", REPAIRS.values(), ids=REPAIRS.keys())
def test_a_repair_that_is_taken_out_is_missed(copy: Path, repair: Repair) -> None:
    path = copy / "layers/mcos/python/mcos" / repair.file
    before = path.read_text()
    assert before.count(repair.text) == 1, "the repair is not where it was"
    done = run(copy, repair.tests)
    assert done.returncode == 0, done.stdout
    try:
        path.write_text(before.replace(repair.text, repair.without))
        broken = run(copy, repair.tests)
    finally:
        path.write_text(before)
    assert broken.returncode == 1, broken.stdout
