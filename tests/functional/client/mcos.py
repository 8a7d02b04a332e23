"""The command as a process of its own, by somebody who is logged in."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.functional.conftest import ROOT, Account

SECONDS = 300


@dataclass(frozen=True)
class Result:
    """What a run left: both outputs."""

    output: bytes
    errors: str

    @property
    def values(self) -> list[Any]:
        """What ``--json`` printed, a value a line."""
        return [json.loads(line) for line in self.output.decode().splitlines()]


@dataclass
class Mcos:
    """Runs ``mcos`` with a configuration of its own, in a folder of its own."""

    folder: Path
    container: str = field(default_factory=lambda: f"command-{uuid4().hex[:12]}")

    @property
    def config(self) -> Path:
        return self.folder / "config" / "mcos.json"

    def start(self, *arguments: str, stdin: Any = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        """Start it."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "client/src"),
            "MCOS_CONFIG": str(self.config),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "mcos_client", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(
        self, *arguments: str, stdin: bytes | subprocess.Popen[bytes] = b"", code: int = 0
    ) -> Result:
        """Run it; the exit code has to be ``code``."""
        piped = stdin.stdout if isinstance(stdin, subprocess.Popen) else subprocess.PIPE
        process = self.start(*arguments, stdin=piped)
        content = stdin if isinstance(stdin, bytes) else None
        try:
            output, told = process.communicate(content, timeout=SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
        errors = told.decode()
        assert process.returncode == code, (arguments, output, errors)
        return Result(output, errors)

    def login(self, account: Account, *urls: str) -> None:
        secret = f"{account.password}\n".encode()
        self("login", *urls, "--user", account.user_name, "--password-stdin", stdin=secret)
