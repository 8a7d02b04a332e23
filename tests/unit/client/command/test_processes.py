"""The command as a process: killed it goes on, and it holds little in memory."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest

from mcos_client.config import Profile, write_profile
from tests.support.waiting import wait_until
from tests.unit.client.fake_mcos import FakeMcos, Stored
from tests.unit.client.fake_server import serving

SOURCE = Path(__file__).parents[4] / "client" / "src"
MIB = 1024**2
PART = 5 * MIB
PARTS = 14
SECONDS = 60


RUN = "from mcos_client.command.main import main; main()"

# Not ru_maxrss: at exec Linux hands on that of the process that started this one.
MEASURED = f"""
import atexit, pathlib
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: pathlib.Path("status").write_text(status.read_text()))
{RUN}
"""


@dataclass
class Command:
    """Starts ``mcos`` in a folder, logged in at a fake MCOS."""

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
def mcos(fake: FakeMcos, tmp_path: Path) -> Iterator[Command]:
    fake.containers["c"] = {}
    with serving(fake) as address:
        config = tmp_path / "config.json"
        write_profile(config, "default", Profile((address,), "demo", "a-token", "2030"))
        yield Command(tmp_path)
    assert not fake.storage.leaks


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
    mcos: Command, fake: FakeMcos, end: signal.Signals
) -> None:
    content = large_file(mcos.folder / "large")
    put = ("put", "large", "c/o", "--part-size", "5MiB", "--parallel", "2")
    fake.storage.instead = gate = Gate(5)
    process = mcos.start(*put)
    assert gate.reached.wait(SECONDS)
    wait_until(lambda: len(fake.uploads.parts_sent) == 5, "five parts are there")
    process.send_signal(end)
    process.communicate(timeout=SECONDS)
    gate.opened.set()
    before = fake.uploads.parts_sent
    assert fake.containers["c"] == {}
    assert len(mcos.noted) == 1

    fake.storage.instead = lambda request: None
    mcos(*put)
    assert fake.containers["c"]["o"].content == content
    assert before.keys() < fake.uploads.parts_sent.keys()
    assert fake.uploads.parts_sent == dict.fromkeys(range(1, PARTS + 1), 1)
    assert mcos.noted == []


def test_ctrl_c_says_how_to_go_on(mcos: Command, fake: FakeMcos) -> None:
    large_file(mcos.folder / "large")
    fake.storage.instead = gate = Gate(3)
    process = mcos.start("put", "large", "c/o", "--part-size", "5MiB")
    assert gate.reached.wait(SECONDS)
    process.send_signal(signal.SIGINT)
    gate.opened.set()
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert b"the same command goes on where it was" in errors
    assert b"Traceback" not in errors
    assert len(mcos.noted) == 1


def test_a_get_that_is_killed_goes_on_and_fetches_no_range_twice(
    mcos: Command, fake: FakeMcos
) -> None:
    content = large_file(mcos.folder / "large")
    fake.containers["c"]["o"] = Stored(
        content, "application/octet-stream", {}, ["CREATED"], "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    )
    (mcos.folder / "back").write_bytes(b"old")
    notes = mcos.folder / "back.mcos-part.json"
    fake.storage.instead = gate = Gate(3)
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
    fake.storage.instead = lambda request: fetched.append(request.headers["range"])
    mcos("get", "c/o", "back", "--parallel", "2")
    assert (mcos.folder / "back").read_bytes() == content
    assert len(set(fetched)) == len(fetched) == 2
    assert not notes.exists()


LARGEST_MEMORY_KIB = 256_000
SPARSE = 300 * MIB


def peak_memory(folder: Path) -> int:
    """KiB that a command that was ``MEASURED`` held at most."""
    [line] = re.findall(r"VmHWM:\s*(\d+) kB", (folder / "status").read_text())
    return int(line)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_memory_of_a_put_is_bounded(mcos: Command, fake: FakeMcos, way: str) -> None:
    fake.uploads.kept = False
    path = mcos.folder / "sparse"
    with path.open("wb") as file:
        file.truncate(SPARSE)
    if way == "file":
        process = mcos.start("put", "sparse", "c/o", code=MEASURED)
    else:
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            assert cat.stdout is not None
            process = mcos.start("put", "-", "c/o", stdin=cat.stdout.fileno(), code=MEASURED)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    [upload] = fake.uploads.begun.values()
    assert sum(slot.length for slot in upload.received) == SPARSE
    assert peak_memory(mcos.folder) < LARGEST_MEMORY_KIB


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
@pytest.mark.parametrize("way", ["get", "cat"])
def test_memory_of_a_read_is_bounded(mcos: Command, fake: FakeMcos, way: str) -> None:
    fake.containers["c"]["o"] = Stored(
        bytes(SPARSE), "image/x", {}, ["CREATED"], "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    )
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
