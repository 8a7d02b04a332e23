"""A copy of this checkout, with local clouds of its own, in which commands are killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clouds import ports
from clouds.process import is_marked

ROOT = Path(__file__).parents[2]
UP_SECONDS = 1200
MOMENT_SECONDS = 600


def copy_of(root: Path, into: Path) -> None:
    """Copy what git knows and what could be added to it: changes are tested before a commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = root / name, into / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def free_base() -> int:
    """The first of two blocks of ports that nobody uses."""
    for base in random.sample(range(20_000, 32_000, 250), k=40):
        if all(ports.is_free(base + port) for port in range(2 * ports.BLOCK)):
            return base
    raise RuntimeError("no two hundred ports in a row are free")


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository."""

    root: Path
    base: int
    more: Mapping[str, str] = field(default_factory=dict)
    """What its commands see of the environment besides."""

    @property
    def state(self) -> Path:
        """All that its instance ``up`` keeps."""
        return self.root / ".mcos" / "up"

    @property
    def environment(self) -> dict[str, str]:
        """What its commands see: ports of their own."""
        ours = ("MCOS_", "AWS_", "LOCALSTACK_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return {
            **kept,
            "MCOS_UP_PORT_BASE": str(self.base),
            "MCOS_TEST_PORT_BASE": str(self.base + ports.BLOCK),
            **self.more,
        }

    def make(self, *arguments: str) -> str:
        """Run ``make`` to its end; returns what it said."""
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=UP_SECONDS,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def mcos(self, *arguments: str) -> bytes:
        """Run the command ``mcos``, logged in as ``make up`` did it; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "mcos_client", *arguments],
            cwd=self.root,
            env={
                **self.environment,
                "PYTHONPATH": str(self.root / "client/src"),
                "MCOS_CONFIG": str(self.state / "mcos.json"),
            },
            capture_output=True,
            timeout=UP_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill_when(self, moment: Callable[[str], bool], *arguments: str) -> str:
        """Run ``make``; when ``moment`` of its output so far is true, kill it and all below it.

        The emulator goes on, as it would by itself in the end. Returns what was said.
        """
        output = self.root / ".mcos" / "killed.log"
        output.parent.mkdir(exist_ok=True)
        with output.open("w") as file:
            process = subprocess.Popen(
                ["make", *arguments],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + MOMENT_SECONDS
            while not moment(output.read_text()):
                assert process.poll() is None, f"it ended before that\n{output.read_text()}"
                assert time.monotonic() < deadline, f"it never came\n{output.read_text()}"
                time.sleep(0.01)
        finally:
            below = list(self._below(process.pid))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            for pid in below:
                _kill(pid)
            process.wait()
        return output.read_text()

    def _below(self, pid: int) -> Iterator[int]:
        """The children of a process, theirs, and so on; without the emulator and its children."""
        for child in _children(pid):
            if not is_marked(child, f"{self.state}/emulator"):
                yield child
                yield from self._below(child)


@contextmanager
def checkout(folder: Path) -> Iterator[Checkout]:
    """A copy of this checkout; nothing of it runs afterwards."""
    copy_of(ROOT, folder)
    made = Checkout(folder, free_base())
    try:
        yield made
    finally:
        made.make("clean")


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
