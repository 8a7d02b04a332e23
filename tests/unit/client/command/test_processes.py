"""The command as a process: killed it goes on, and it holds little in memory."""

import json
import signal
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest

from tests.support.waiting import wait_until
from tests.unit.client.conftest import SMALL
from tests.unit.client.processes import (
    PARTS,
    PROGRAM,
    RANGES,
    Command,
    large_file,
    launched,
)
from tests.unit.client.storage_services import Streamed, range_of
from tests.unit.client.system import System

MIB = 1024**2
SECONDS = 60


@pytest.fixture
def mcos(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    with launched(system, tmp_path, monkeypatch) as command:
        yield command


@dataclass
class Gate:
    """Lets some requests through, and holds the others until it is opened: then they fail."""

    let_through: int

    def __post_init__(self) -> None:
        self.reached, self.opened = Event(), Event()
        self._lock = Lock()
        self._came = 0

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        with self._lock:
            self._came += 1
            if self._came <= self.let_through:
                return None
        self.reached.set()
        assert self.opened.wait(SECONDS)
        return httpx.Response(503)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_put_that_is_killed_goes_on_and_sends_no_part_twice(
    mcos: Command, system: System, end: signal.Signals
) -> None:
    content = large_file(mcos.folder / "large")
    put = ("put", "large", "c/o", "--part-size", "64KiB", "--parallel", "2")
    system.storage.instead = gate = Gate(5)
    process = mcos.start(*put)
    assert gate.reached.wait(SECONDS)
    wait_until(lambda: system.storage.puts.total() == 5, "five parts are there")
    process.send_signal(end)
    process.communicate(timeout=SECONDS)
    gate.opened.set()
    assert system.stored() == {}
    assert len(mcos.noted) == 1

    system.storage.instead = lambda request: None
    mcos(*put)
    assert system.stored() == {"o": content}
    assert system.storage.puts == dict.fromkeys(range(1, PARTS + 1), 1)
    assert mcos.noted == []


def test_ctrl_c_says_how_to_go_on(mcos: Command, system: System) -> None:
    large_file(mcos.folder / "large")
    system.storage.instead = gate = Gate(3)
    process = mcos.start("put", "large", "c/o", "--part-size", "64KiB")
    assert gate.reached.wait(SECONDS)
    process.send_signal(signal.SIGINT)
    gate.opened.set()
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert b"the same command goes on where it was" in errors
    assert b"Traceback" not in errors
    assert len(mcos.noted) == 1


def test_a_get_that_is_killed_goes_on_and_fetches_no_range_twice(
    mcos: Command, system: System
) -> None:
    content = large_file(mcos.folder / "large")
    system.replace("o", content)
    (mcos.folder / "back").write_bytes(b"old")
    notes = mcos.folder / "back.mcos-part.json"
    system.storage.instead = gate = Gate(3)
    process = mcos.start("get", "c/o", "back", "--parallel", "2")
    assert gate.reached.wait(SECONDS)
    wait_until(
        lambda: notes.exists() and len(json.loads(notes.read_text())["done"]) == 3,
        "three ranges are there",
    )
    process.kill()
    process.communicate(timeout=SECONDS)
    gate.opened.set()
    assert (mcos.folder / "back").read_bytes() == b"old"

    fetched: list[str] = []
    system.storage.instead = lambda request: fetched.append(request.headers["range"])
    mcos("get", "c/o", "back", "--parallel", "2")
    assert (mcos.folder / "back").read_bytes() == content
    assert len(set(fetched)) == len(fetched) == RANGES - 3
    assert not notes.exists()


# The command itself has half of it; parts of a pipe are a quarter as large as they usually are.
LARGEST_MEMORY_KIB = 88_000
SPARSE = 48 * MIB

# Not ru_maxrss: at exec Linux hands on that of the process that started this one. Written to
# clear_refs, 5 has the kernel forget the peak.
MEASURED = f"""{PROGRAM}
import io, json, re, subprocess
from mcos_client.transfer import source, upload
download.RANGE, source.STREAM_PART, upload.STREAM_PART = {16 * MIB}, {4 * MIB}, {4 * MIB}
peaks = {{}}
for way, *arguments in json.loads(sys.argv[1]):
    open("/proc/self/clear_refs", "w").write("5")
    sys.argv[1:] = arguments
    if "-" in arguments:
        sys.stdin = io.TextIOWrapper(subprocess.Popen(["cat", "sparse"], stdout=-1).stdout)
    try:
        main()
    except SystemExit as end:
        assert not end.code, (way, end.code)
    peaks[way] = int(re.search("VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1])
json.dump(peaks, sys.stderr)
"""
WAYS = [
    ("put of a file", "put", "--quiet", "sparse", "c/o"),
    ("put of a pipe", "put", "--quiet", "-", "c/o"),
    ("get", "get", "--quiet", "c/o", "back"),
    ("cat", "cat", "c/o"),
]


@dataclass
class Sparse:
    """Takes content and keeps nothing of it, and lets an object be one of as many zeros."""

    system: System
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.system.replace("o", bytes(SMALL + 1))
        self._digest = b64encode(sha256(bytes(SPARSE)).digest()).decode()
        self.system.storage.instead = self._move
        self.system.instead = self._tell

    def _move(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.taken.append(len(request.content))
            return httpx.Response(200)
        first, end = range_of(request, SPARSE) or (0, SPARSE)
        ranged = "range" in request.headers
        headers = {"content-length": str(end - first)}
        if ranged:
            headers["content-range"] = f"bytes {first}-{end - 1}/{SPARSE}"
        zeros = Streamed(bytes(end - first), piece=MIB)
        return httpx.Response(206 if ranged else 200, headers=headers, stream=zeros)

    def _tell(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/complete"):
            told = {"name": "o", "container": "c", "content_type": "image/x", "state": "UPDATING"}
            told |= {"etag": '"e"', "version": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
            return httpx.Response(202, json={**told, "size": SPARSE})
        if "/objects/" not in request.url.path:
            return None
        reply = self.system.answer(request)
        size = {"x-mcos-content-length": str(SPARSE), "repr-digest": f"sha-256=:{self._digest}:"}
        return httpx.Response(reply.status_code, headers={**reply.headers, **size})


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_memory_is_bounded_whichever_way_content_goes(mcos: Command, system: System) -> None:
    sparse = Sparse(system)
    with (mcos.folder / "sparse").open("wb") as file:
        file.truncate(SPARSE)
    with (mcos.folder / "output").open("wb") as output:
        process = mcos.start(json.dumps(WAYS), code=MEASURED, output=output)
        _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, told
    assert sum(sparse.taken) == 2 * SPARSE
    assert (mcos.folder / "back").stat().st_size == SPARSE
    assert (mcos.folder / "output").stat().st_size == SPARSE
    peaks = json.loads(told)
    assert {way: peak for way, peak in peaks.items() if peak > LARGEST_MEMORY_KIB} == {}
    assert len(peaks) == len(WAYS)
