"""The command, run in this process."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from mcos_client.command.main import app
from mcos_client.command.shared.session import Session
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.system import System

# Made once: the parameters of all subcommands are read from their signatures.
_COMMAND = get_command(app)


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


def run(session: Session, *arguments: str, stdin: bytes = b"") -> Result:
    """Run the command."""
    with CliRunner().isolation(input=stdin) as (output, errors, _):
        with pytest.raises(SystemExit) as end:
            _COMMAND.main(args=arguments, prog_name="mcos", obj=session)
        sys.stdout.flush()
        sys.stderr.flush()
        code = int(end.value.code or 0)
        return Result(code, output.getvalue(), errors.getvalue().decode())


@dataclass
class Mcos:
    """Runs ``mcos`` on a system; ``config`` is its file."""

    system: System
    config: Path

    @property
    def clock(self) -> ClientClock:
        return self.system.clock

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> Result:
        """Run it; the exit code has to be ``code``."""
        session = Session(transport=httpx.MockTransport(self.system), clock=self.clock)
        result = run(session, *arguments, stdin=stdin)
        assert result.code == code, (arguments, result)
        return result
