"""Server processes that outlive the command that started them.

A process is known by its pid file, and trusted only when the process of that
pid carries our mark in its environment. A pid that the system has given to
somebody else never matches, so nobody else's process is ever signalled. The
children of a server (the emulator's Lambda workers) inherit the mark, and are
found by it when their parent is gone; so is a server whose starter was killed
before it could write down the pid.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clouds import ports, wait
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import Instance

MARK = "MCOS_CLOUDS_PROCESS"
_PROC = Path("/proc")
_LAST_LOG_LINES = 5
_LARGEST_LOG_BYTES = 20_000_000
"""A larger log is put aside, in place of the one before, when its process starts."""
_EXEC_SECONDS = 10.0
_SWEEP_SECONDS = 3.0
_ENDING = "ending"


@dataclass
class ServerProcess:
    """The process ``name`` of ``instance``, running or not."""

    instance: Instance
    name: str
    stop_seconds: float = 10.0
    """How long it may take to end by itself before it is killed."""
    alone_seconds: float = 5.0
    """After that its children are asked to end, too, in case that it waits for them."""

    @property
    def mark(self) -> str:
        """What no other process on this machine has in its environment."""
        return f"{self.instance.folder}/{self.name}"

    @property
    def log(self) -> Path:
        """Where the process's output goes."""
        return self.instance.logs / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Where the pid is written."""
        return self.instance.pids / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """The pid of the running process, or None when it does not run."""
        try:
            pid = int(self.pid_file.read_text().split()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return next((pid for pid in marked(self.mark) if _leads_a_session(pid)), None)
        return pid if is_marked(pid, self.mark) else None

    @property
    def ending(self) -> bool:
        """Whether it was told to end, and whoever did so did not see it ended."""
        try:
            return _ENDING in self.pid_file.read_text()
        except FileNotFoundError:
            return False

    def start(
        self,
        command: Iterable[str | Path],
        environment: Mapping[str, str],
        listens_on: Iterable[int] = (),
    ) -> None:
        """Start ``command`` apart from the terminal, after clearing what a crash left behind.

        Raises :class:`CloudsError` when another program holds a port of ``listens_on``.
        The process gets exactly ``environment``, a PATH, a neutral HOME and the mark: nothing
        of the caller's environment leaks into the servers, nor into the Lambdas below them.
        """
        self._sweep()
        ports.require_free(self.name, self.instance.name, *listens_on)
        for folder in (self.instance.logs, self.instance.pids):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        full_environment = {
            "PATH": os.defpath,
            "HOME": str(self.instance.folder),
            "LANG": "C.UTF-8",
            **environment,
            MARK: self.mark,
        }
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=full_environment,
                cwd=self.instance.folder,
                start_new_session=True,
            )
        write_whole(self.pid_file, f"{child.pid}\n")
        # The kernel shows the new environment a moment after it has let Popen go on.
        wait.until(
            lambda: is_marked(child.pid, self.mark) or child.poll() is not None, _EXEC_SECONDS
        )

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.pid is not None

    def stop(self) -> bool:
        """End the process and its children; returns, when they are gone, whether by themselves."""
        in_order = True
        if (pid := self.pid) is not None:
            write_whole(self.pid_file, f"{pid} {_ENDING}\n")
            in_order = self._end_in_order(pid)
        self._sweep()
        self.pid_file.unlink(missing_ok=True)
        return in_order

    def kill(self) -> None:
        """End the process and its children at once: nothing of what they know is to be kept."""
        if (pid := self.pid) is not None:
            # First, or it would start other children.
            _end([pid], self.mark, signal.SIGKILL, _SWEEP_SECONDS)
        if not _end(marked(self.mark), self.mark, signal.SIGKILL, _SWEEP_SECONDS):
            raise self._endless()
        self.pid_file.unlink(missing_ok=True)

    def _end_in_order(self, pid: int) -> bool:
        """Ask it to end, then its children; returns whether it does in the time that it has."""
        if _end([pid], self.mark, signal.SIGTERM, min(self.alone_seconds, self.stop_seconds)):
            return True
        children = [child for child in marked(self.mark) if child != pid]
        _end(children, self.mark, signal.SIGTERM, 0)
        return _end([pid], self.mark, None, self.stop_seconds - self.alone_seconds)

    def died(self) -> CloudsError:
        """The error for a process that ended by itself: the end of its log, and where it is."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        tail = "\n".join(f"  {line}" for line in lines[-_LAST_LOG_LINES:])
        return CloudsError(f"{self.name} died; its log is {self.log}\n{tail}".rstrip())

    def silent(self, seconds: float) -> CloudsError:
        """The error for a process that runs and does not answer."""
        return CloudsError(f"{self.name} did not answer in {seconds:.0f} s; its log is {self.log}")

    def _sweep(self) -> None:
        """End what is left of the process and of its children."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if _end(marked(self.mark), self.mark, number, _SWEEP_SECONDS):
                return
        raise self._endless()

    def _endless(self) -> CloudsError:
        return CloudsError(f"{self.name} cannot be stopped; its processes: {marked(self.mark)}")


def is_marked(pid: int, mark: str) -> bool:
    """Whether ``pid`` is a live process that was started with ``mark``.

    A zombie has no environment any more, so it does not count.
    """
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={mark}".encode() in environment.split(b"\0")


def marked(mark: str) -> list[int]:
    """Every process that was started with ``mark``, directly or by its parent."""
    pids = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in pids if is_marked(pid, mark)]


def _leads_a_session(pid: int) -> bool:
    """Whether it is a server, and not one of the children of a server."""
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _end(pids: Iterable[int], mark: str, number: signal.Signals | None, seconds: float) -> bool:
    """Wait until those of ``pids`` that carry ``mark`` end; returns whether all do in ``seconds``.

    They are sent the signal ``number`` first, unless it is None.
    """
    with contextlib.ExitStack() as descriptors:
        running = select.poll()
        left = set()
        for pid in pids:
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            descriptors.callback(os.close, descriptor)
            # Asked only now: while the descriptor is open, the pid cannot become somebody else's.
            if is_marked(pid, mark):
                if number is not None:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(descriptor, number)
                running.register(descriptor, select.POLLIN)
                left.add(descriptor)
        deadline = time.monotonic() + seconds
        while left:
            ended = running.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ended:
                return False
            for descriptor, _ in ended:
                running.unregister(descriptor)
                left.remove(descriptor)
        return True
