"""The command as a process of its own, at a system behind a socket."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO

import pytest

from mcos_client.command.names import sizes
from mcos_client.command.shared.session import Session
from mcos_client.config import Profile, config_path, write_profile
from mcos_client.transfer import download
from tests.unit.client.command_line import Result, run
from tests.unit.client.conftest import SMALL
from tests.unit.client.loopback import serving
from tests.unit.client.system import System

SOURCE = Path(__file__).parents[3] / "client" / "src"
PART = 64 * 1024
PARTS = 14
RANGES = 5
RANGE = PART * PARTS // RANGES

# Small limits, as the system has them; and a shell may have started the tests without SIGINT.
PROGRAM = f"""
import signal, sys
from mcos_client.api import objects
from mcos_client.command.main import main
from mcos_client.command.names import sizes
from mcos_client.transfer import download
objects.LARGEST_CALL, sizes.SMALLEST_PART, download.RANGE = {SMALL}, 1, {RANGE}
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@dataclass
class Command:
    """Runs ``mcos`` in a folder, logged in at a system behind a socket."""

    folder: Path

    def start(
        self, *arguments: str, code: str = f"{PROGRAM}main()", output: int | IO[bytes] = PIPE
    ) -> Popen[bytes]:
        """Start it as a process of its own."""
        return Popen(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=DEVNULL,
            stdout=output,
            stderr=PIPE,
        )

    def __call__(self, *arguments: str) -> Result:
        """Run it in this process, which knows of the others what their files say."""
        result = run(Session(), *arguments)
        assert result.code == 0, (arguments, result)
        return result

    @property
    def noted(self) -> list[Path]:
        """What the journal of uploads holds."""
        return list((self.folder / "state" / "mcos" / "uploads").iterdir())


@contextmanager
def launched(system: System, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command in a folder, by the user of a system, who has a container ``c``."""
    patch.chdir(folder)
    patch.setenv("MCOS_CONFIG", str(folder / "config.json"))
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    patch.setattr(sizes, "SMALLEST_PART", 1)
    patch.setattr(download, "RANGE", RANGE)
    system.another.create_container("c")
    with serving(system) as address:
        profile = Profile((address,), system.account, system.token, "2030")
        write_profile(config_path(), "default", profile)
        yield Command(folder)


def large_file(path: Path) -> bytes:
    """A file of many parts that all differ; what is between takes no room on the disk."""
    with path.open("wb") as file:
        for number in range(PARTS):
            file.seek(number * PART)
            file.write(f"part {number}".encode())
        file.truncate(PARTS * PART - 7)
    return path.read_bytes()
