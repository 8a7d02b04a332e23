"""What every service of the local clouds can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from clouds import wait
from clouds.credentials import Credentials
from clouds.instance import Instance
from clouds.process import ServerProcess


@dataclass
class Service(ABC):
    """One service of an instance: its processes, how they start, and when they answer."""

    instance: Instance
    credentials: Credentials

    name = ""
    description = ""
    """The product behind it, for people."""
    extra_environment: ClassVar[str | None] = None
    """The virtual environment of its servers that is installed only where the service is used."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients reach it."""

    @property
    @abstractmethod
    def processes(self) -> list[ServerProcess]:
        """Its processes, in the order in which they start; they stop in reverse."""

    @abstractmethod
    def launch(self) -> None:
        """Start what does not run, and return when the service answers.

        Raises :class:`clouds.errors.CloudsError` when it does not.
        """

    def running(self) -> bool:
        """Whether every process of the service runs."""
        return all(process.alive() for process in self.processes)

    def stop(self) -> bool:
        """End the processes one after another; returns, when all are gone, whether in order."""
        in_order = [process.stop() for process in reversed(self.processes)]
        return all(in_order)

    def kill(self) -> None:
        """End the processes at once; what they have not saved is lost."""
        for process in self.processes:
            process.kill()

    def finish_stop(self) -> None:
        """Let a stop come to its end that was cut short."""
        if any(process.ending for process in self.processes):
            self.stop()


class Backend(Service):
    """A storage service that holds replicas."""

    kind = ""
    """How a cluster's functions use it: "s3", "swift" or "ceph"."""

    @abstractmethod
    def secret(self) -> dict[str, str]:
        """What a cluster's functions need to know to use it."""

    @abstractmethod
    def create_replicas_container(self) -> None:
        """Make the bucket or container of the replicas, unless it is there."""


def wait_until_it_answers(
    process: ServerProcess, answers: Callable[[], bool], seconds: float
) -> None:
    """Wait for ``answers()``; raises as soon as ``process`` has died, or after ``seconds``."""
    wait.until(lambda: answers() or not process.alive(), seconds)
    if not process.alive():
        raise process.died()
    if not answers():
        raise process.silent(seconds)
