"""The command as a process: killed it goes on, and it holds little in memory."""

import json
import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest

from mcos_client.config import Profile, write_profile
from tests.support.waiting import wait_until
from tests.unit.client.conftest import SMALL
from tests.unit.client.loopback import serving
from tests.unit.client.storage_services import Streamed, range_of
from tests.unit.client.system import System

SOURCE = Path(__file__).parents[4] / "client" / "src"
MIB = 1024**2
PART = 64 * 1024
PARTS = 14
RANGES = 5
SECONDS = 60

# Small limits, as the system has them; and a shell may have started the tests without SIGINT.
PROGRAM = f"""
import signal
from mcos_client.api import objects
from mcos_client.command.main import main
from mcos_client.command.names import sizes
from mcos_client.transfer import download
objects.LARGEST_CALL, sizes.SMALLEST_PART = {SMALL}, 1
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
RUN = f"{PROGRAM}download.RANGE = {PART * PARTS // RANGES}; main()"

# Not ru_maxrss: at exec Linux hands on that of the process that started this one.
MEASURED = f"""{PROGRAM}
import atexit, pathlib
from mcos_client.transfer import source, upload
source.STREAM_PART = upload.STREAM_PART = {4 * MIB}
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: pathlib.Path("status").write_text(status.read_text()))
main()
"""


@dataclass
class Command:
    """Starts ``mcos`` in a folder, logged in at a system."""

    folder: Path

    def start(
        self, *arguments: str, stdin: int | None = subprocess.DEVNULL, code: str = RUN
    ) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "MCOS_CONFIG": str(self.folder / "config.json"),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str) -> bytes:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, (arguments, output, errors)
        return output

    @property
    def noted(self) -> list[Path]:
        """What the journal of uploads holds."""
        return list((self.folder / "state" / "mcos" / "uploads").glob("*.json"))


@pytest.fixture
def mcos(system: System, tmp_path: Path) -> Iterator[Command]:
    system.another.create_container("c")
    with serving(system) as address:
        config = tmp_path / "config.json"
        profile = Profile((address,), system.account, system.token, "2030")
        write_profile(config, "default", profile)
        yield Command(tmp_path)


def large_file(path: Path) -> bytes:
    """A file of many parts that all differ; what is between takes no room on the disk."""
    with path.open("wb") as file:
        for number in range(PARTS):
            file.seek(number * PART)
            file.write(f"part {number}".encode())
        file.truncate(PARTS * PART - 7)
    return path.read_bytes()


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
LARGEST_MEMORY_KIB = 96_000
SPARSE = 64 * MIB


def peak_memory(folder: Path) -> int:
    """KiB that a command that was ``MEASURED`` held at most."""
    [line] = re.findall(r"VmHWM:\s*(\d+) kB", (folder / "status").read_text())
    return int(line)


@dataclass
class Sink:
    """Takes the content of an upload, and keeps nothing of it."""

    system: System
    count: int = 0

    def __post_init__(self) -> None:
        self._lock = Lock()
        self.system.storage.instead = self._take
        self.system.instead = self._complete

    def _take(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.count += len(request.content)
        return httpx.Response(200)

    def _complete(self, request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/complete"):
            return None
        told = {"name": "o", "container": "c", "content_type": "image/x", "state": "CREATING"}
        told |= {"etag": '"e"', "version": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
        return httpx.Response(202, json={**told, "size": self.count})


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_memory_of_a_put_is_bounded(mcos: Command, system: System, way: str) -> None:
    sink = Sink(system)
    path = mcos.folder / "sparse"
    with path.open("wb") as file:
        file.truncate(SPARSE)
    if way == "file":
        process = mcos.start("put", "sparse", "c/o", code=MEASURED)
    else:
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            assert cat.stdout is not None
            stdin = cat.stdout.fileno()
            process = mcos.start("put", "-", "c/o", stdin=stdin, code=MEASURED)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    assert sink.count == SPARSE
    assert peak_memory(mcos.folder) < LARGEST_MEMORY_KIB


def sparse_object(system: System) -> None:
    """Let a small object be as large as ``SPARSE`` for whoever reads it."""
    system.replace("o", bytes(SMALL + 1))
    digest = b64encode(sha256(bytes(SPARSE)).digest()).decode()

    def enlarge(request: httpx.Request) -> httpx.Response | None:
        if "/objects/" not in request.url.path:
            return None
        reply = system.answer(request)
        size = {"x-mcos-content-length": str(SPARSE), "repr-digest": f"sha-256=:{digest}:"}
        return httpx.Response(reply.status_code, headers={**reply.headers, **size})

    def read(request: httpx.Request) -> httpx.Response:
        first, end = range_of(request, SPARSE) or (0, SPARSE)
        headers = {"content-length": str(end - first)}
        if "range" in request.headers:
            headers["content-range"] = f"bytes {first}-{end - 1}/{SPARSE}"
        status = 206 if "range" in request.headers else 200
        return httpx.Response(status, headers=headers, stream=Streamed(bytes(end - first)))

    system.instead, system.storage.instead = enlarge, read


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
@pytest.mark.parametrize("way", ["get", "cat"])
def test_memory_of_a_read_is_bounded(mcos: Command, system: System, way: str) -> None:
    sparse_object(system)
    process = mcos.start(way, "c/o", *(("back",) if way == "get" else ()), code=MEASURED)
    assert process.stdout is not None
    came = 0
    while piece := process.stdout.read(MIB):
        came += len(piece)
    assert process.wait(SECONDS) == 0
    process.communicate()
    size = came if way == "cat" else (mcos.folder / "back").stat().st_size
    assert size == SPARSE
    assert peak_memory(mcos.folder) < LARGEST_MEMORY_KIB
