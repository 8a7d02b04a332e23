"""The command, run in this process on a fake MCOS."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from mcos_client.command.main import app
from mcos_client.command.shared.session import Session
from tests.unit.client.fake_mcos import PASSWORD, FakeMcos
from tests.unit.client.stopped_clock import StoppedClock

ENTRY_POINT = "http://mcos.test/base"


@dataclass
class Result:
    """What a run of the command left: exit code, both outputs."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        return self.output.decode()

    @property
    def values(self) -> list[Any]:
        """What ``--json`` printed."""
        return [json.loads(line) for line in self.text.splitlines()]


@dataclass
class Mcos:
    """Runs ``mcos``; ``config`` is its file."""

    fake: FakeMcos
    clock: StoppedClock
    config: Path

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> Result:
        """Run it; the exit code has to be ``code``."""
        session = Session(transport=httpx.MockTransport(self.fake), clock=self.clock)
        finished = CliRunner().invoke(app, arguments, input=stdin, obj=session)
        result = Result(finished.exit_code, finished.stdout_bytes, finished.stderr)
        assert result.code == code, (arguments, result, finished.exc_info)
        return result

    def login(self, *options: str) -> Result:
        secret = f"{PASSWORD}\n".encode()
        return self(
            "login", ENTRY_POINT, "--user", "demo", "--password-stdin", *options, stdin=secret
        )
