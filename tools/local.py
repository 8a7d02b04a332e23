"""What the tools know of a running instance of the local clouds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def describe(instance: str) -> dict[str, Any]:
    """Endpoint of the emulator and settings of the backends: see ``python -m clouds describe``."""
    printed = subprocess.run(
        [sys.executable, "-m", "clouds", "describe", "--instance", instance],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    description: dict[str, Any] = json.loads(printed)
    return description


def endpoints(instance: str) -> dict[str, str]:
    """Entry points of the clusters of an instance, as the deployment left them."""
    path = ROOT / ".mcos" / instance / "endpoints.json"
    entry_points: dict[str, str] = json.loads(path.read_text())
    return entry_points


def use_emulator(instance: str) -> None:
    """Point this process's AWS clients at the emulator."""
    os.environ["AWS_ENDPOINT_URL"] = describe(instance)["aws_endpoint_url"]
    os.environ["AWS_ACCESS_KEY_ID"] = "test"
    os.environ["AWS_SECRET_ACCESS_KEY"] = "test"
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = "us-east-1"
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
