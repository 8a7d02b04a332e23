"""What the tools know of a running instance of the local clouds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localstack_client.session import Session

ROOT = Path(__file__).resolve().parent.parent
ACCESS_KEY = SECRET_KEY = "test"
REGION = "us-east-1"
ENDPOINT = "AWS_ENDPOINT_URL"


class NotDeployed(Exception):
    """There is no deployment; the text says how to make one."""


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
    """Entry points of the clusters of an instance, as the deployment left them.

    Raises
    ------
    NotDeployed
    """
    path = ROOT / ".mcos" / instance / "endpoints.json"
    try:
        entry_points: dict[str, str] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        raise NotDeployed(f"{instance} is not deployed: `make up` does it") from None
    return entry_points


def session(endpoint_url: str) -> Session:
    """A session of the emulator; its clients speak to nothing else."""
    # Imported here: who asks for the entry points need not have it.
    from localstack_client.session import Session

    # Before the endpoint that it is given, localstack-client takes that of the environment.
    before = os.environ.get(ENDPOINT)
    os.environ[ENDPOINT] = endpoint_url
    try:
        return Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
    finally:
        if before is None:
            del os.environ[ENDPOINT]
        else:
            os.environ[ENDPOINT] = before


def use_emulator(instance: str) -> None:
    """Point this process's AWS clients at the emulator."""
    os.environ[ENDPOINT] = describe(instance)["aws_endpoint_url"]
    os.environ["AWS_ACCESS_KEY_ID"] = ACCESS_KEY
    os.environ["AWS_SECRET_ACCESS_KEY"] = SECRET_KEY
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = REGION
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
