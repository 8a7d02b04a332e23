"""The command is killed at any moment: what is there is whole, and the same command completes it.

A moment is any call or return of the client's own code, to the operating system too, in any of its
threads; or it is while a request is answered, before or after anything was done.
"""

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Lock

import httpx
import pytest

from tests.support.effort import EXPLORING, examples
from tests.unit.client.processes import PROGRAM, Command, large_file, launched
from tests.unit.client.system import System
from tests.unit.client.trees import read, write

SECONDS = 120
SMALL_FILES = {"a": b"1", "b/c": b"22", "b/d/e": b"", "ü [1]": b"333", "z": b"4444"}
MOMENTS = examples(3)
"""At which each command is killed."""

# Events are counted from when all is imported; without a number they are told in the end.
KILLED = f"""{PROGRAM}
import httpx, os, threading
import mcos_client.client, mcos_client.command.shared.many
from mcos_client.command import cp, get, put, sync
folder, last, left = os.path.dirname(mcos_client.__file__), int(sys.argv.pop(1)), [0]
def count(frame, event, argument):
    if frame.f_code.co_filename.startswith(folder):
        left[0] += 1
        if left[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)
threading.setprofile(count)
sys.setprofile(count)
try:
    main()
finally:
    sys.setprofile(None)
    os.write(2, b"%d" % left[0])
"""


@pytest.fixture
def mcos(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    with launched(system, tmp_path, monkeypatch) as command:
        yield command


@dataclass
class Killer:
    """Kills a process while its request of a number is answered, before it is done or after."""

    system: System
    at: int
    before: bool
    process: Popen[bytes] | None = None
    _came: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        with self._lock:
            self._came += 1
            mine = self._came == self.at
        if not mine or self.process is None:
            return None
        reply = None if self.before else self.system.answer(request)
        self.process.kill()
        self.process.wait(SECONDS)
        return reply or httpx.Response(503)


@dataclass
class Scene:
    """Commands that are killed, each in a container and a folder of its own."""

    mcos: Command
    system: System
    random: random.Random
    rounds: int = 0
    _counted: tuple[int, int] | None = None

    def new(self) -> tuple[str, Path]:
        self.rounds += 1
        container = f"c{self.rounds}"
        self.system.another.create_container(container)
        folder = self.mcos.folder / container
        folder.mkdir()
        return container, folder

    def killed(self, *arguments: str) -> None:
        """Run a command, and kill it at a moment that is drawn: the first time, after its end."""
        before = len(self.system.requests) + len(self.system.storage.requests)
        if self._counted is None:
            process = self.mcos.start("0", *arguments, code=KILLED, output=DEVNULL)
            _, told = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, told
            after = len(self.system.requests) + len(self.system.storage.requests)
            self._counted = int(told), after - before
            return
        events, requests = self._counted
        if self.random.random() < 0.5:
            event = str(self.random.randint(1, events))
            process = self.mcos.start(event, *arguments, code=KILLED, output=DEVNULL)
        else:
            at = self.random.randint(1, requests)
            killer = Killer(self.system, at, before=self.random.random() < 0.5)
            self.system.instead = self.system.storage.instead = killer
            process = self.mcos.start("0", *arguments, code=KILLED, output=DEVNULL)
            killer.process = process
        _, told = process.communicate(timeout=SECONDS)
        self.system.instead = self.system.storage.instead = lambda request: None
        assert process.returncode in (0, -signal.SIGKILL), told


@pytest.fixture
def scene(mcos: Command, system: System) -> Scene:
    seed = int.from_bytes(os.urandom(4), "big") if EXPLORING else 1
    print(f"seed {seed}")  # shown if it fails
    return Scene(mcos, system, random.Random(seed))


def files(scene: Scene) -> dict[str, bytes]:
    return {**SMALL_FILES, "large": large_file(scene.mcos.folder / "content")}


def whole_or_old(found: dict[str, bytes], new: dict[str, bytes], old: dict[str, bytes]) -> None:
    """Nothing is seen but what was there before and what is to be there, each as a whole."""
    for name, content in found.items():
        assert content in (new.get(name), old.get(name)), name


@pytest.mark.explored
@pytest.mark.parametrize(
    "command",
    [
        lambda folder, at: ("put", "-r", str(folder), at, "--part-size", "64KiB"),
        lambda folder, at: ("sync", str(folder), f"mcos:{at}", "--delete"),
    ],
    ids=["put", "sync"],
)
def test_what_is_stored_is_whole_and_the_same_command_stores_the_rest(
    scene: Scene, command: Callable[[Path, str], tuple[str, ...]]
) -> None:
    new, old = files(scene), {"a": b"old", "large": b"small", "extra": b"1"}
    for _ in range(1 + MOMENTS):
        container, folder = scene.new()
        write(folder, new)
        for name, content in old.items():
            scene.system.another.put_object(container, name, content, prefer="wait=10")
        arguments = command(folder, container)
        scene.killed(*arguments)
        whole_or_old(scene.system.stored(container), new, old)
        scene.mcos(*arguments)
        kept = {} if arguments[0] == "sync" else {"extra": b"1"}
        assert scene.system.stored(container) == {**new, **kept}
        assert read(folder) == new
        # What sync found stored it did not store again: its note has no meaning any more.
        for note in scene.mcos.noted:
            assert arguments[0] == "sync"
            upload = json.loads(note.read_text())["upload"]
            assert scene.system.another.stat_upload(upload).state == "TAKEN"


@pytest.mark.explored
@pytest.mark.parametrize(
    "command",
    [
        lambda at, folder: ("get", f"{at}/**", str(folder)),
        lambda at, folder: ("sync", f"mcos:{at}", str(folder), "--delete"),
    ],
    ids=["get", "sync"],
)
def test_what_is_fetched_is_whole_and_the_same_command_fetches_the_rest(
    scene: Scene, command: Callable[[str, Path], tuple[str, ...]]
) -> None:
    new, old = files(scene), {"a": b"old", "large": b"small", "extra": b"1"}
    for _ in range(1 + MOMENTS):
        container, folder = scene.new()
        write(folder, old)
        for name, content in new.items():
            scene.system.another.put_object(container, name, content, prefer="wait=10")
        scene.system.work()
        arguments = command(container, folder)
        scene.killed(*arguments)
        found = read(folder)
        whole_or_old({name: one for name, one in found.items() if ".mcos-" not in name}, new, old)
        scene.mcos(*arguments)
        kept = {} if arguments[0] == "sync" else {"extra": b"1"}
        assert read(folder) == {**new, **kept}
        if arguments[0] == "sync":
            assert "nothing to do" in scene.mcos(*arguments).text
        assert scene.system.stored(container) == new
