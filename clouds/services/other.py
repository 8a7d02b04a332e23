"""An AWS emulator that runs already, and is not ours: LocalStack, or another MiniStack."""

from dataclasses import dataclass

from clouds import wait
from clouds.errors import CloudsError
from clouds.process import ServerProcess
from clouds.services.base import Service


@dataclass
class OtherEmulator(Service):
    """What is used of it; it is neither started nor stopped."""

    address: str = ""

    name = "emulator"
    description = "not ours: neither started nor stopped"
    generation = 0

    @property
    def url(self) -> str:
        return self.address

    @property
    def processes(self) -> list[ServerProcess]:
        return []

    def running(self) -> bool:
        return wait.http_status(f"{self.url}/_localstack/health") == 200

    def launch(self) -> None:
        if not self.running():
            raise CloudsError(f"no emulator answers at {self.url}/_localstack/health: start it")
