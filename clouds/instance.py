"""One running set of local clouds: where it keeps what, and on which ports."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clouds.errors import CloudsError
from clouds.files import remove, write_whole
from clouds.ports import DEFAULT_BASES, Ports, ports_of, variable

REPOSITORY = Path(__file__).resolve().parent.parent
STATE = REPOSITORY / ".mcos"
NAMES = tuple(DEFAULT_BASES)
_PORT_BASE = "port-base"
REPLICAS = "mcos-replicas"
"""The bucket, or container, that holds the replicas on every backend."""


@dataclass(frozen=True)
class Instance:
    """The instance ``name`` with its folder and ports."""

    name: str
    folder: Path
    ports: Ports

    @classmethod
    def named(cls, name: str) -> "Instance":
        """The instance as this repository and environment configure it."""
        return cls(name, STATE / name, ports_of(name, os.environ))

    @property
    def durable(self) -> bool:
        """Whether data outlives a stop: yes for people, no for tests."""
        return self.name != "test"

    @property
    def logs(self) -> Path:
        """The folder of every log file of the instance."""
        return self.folder / "log"

    @property
    def pids(self) -> Path:
        """The folder of the pid files."""
        return self.folder / "run"

    def require_same_ports(self) -> None:
        """Raise :class:`CloudsError` when the instance was started on other ports than ours.

        Call it when something of the instance runs.
        """
        record = self.folder / _PORT_BASE
        base = str(self.ports.emulator)
        if record.exists() and record.read_text().strip() != base:
            raise CloudsError(
                f"{self.name} runs on the ports from {record.read_text().strip()}, not from "
                f"{base}: stop it, or set {variable(self.name)}"
            )

    def record_ports(self) -> None:
        """Remember the ports that the instance is started on."""
        write_whole(self.folder / _PORT_BASE, f"{self.ports.emulator}\n")

    def remove(self) -> None:
        """Forget everything. The caller has stopped the services and holds the lock."""
        remove(self.folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change this instance."""
        with lock(STATE / f"{self.name}.lock"):
            yield


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the file lock ``path``, waiting for whoever has it. The kernel frees it on any exit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
