"""The gateway as a process: it starts, says that it is well, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_it_starts_and_ends_in_order(tmp_path: Path) -> None:
    config = tmp_path / "serve.json"
    told = {
        "entry_points": [f"http://127.0.0.1:{free_port()}"],
        "user_name": "ada",
        "password": "a-password",
        "access_keys": {"AKIA": "a secret that is long"},
    }
    config.write_text(json.dumps(told))
    config.chmod(0o600)
    port = free_port()
    path = os.pathsep.join(str(ROOT / one) for one in ("client/src", "gateway/src"))
    command = [sys.executable, "-m", "mcos_client", "serve", "--config", str(config)]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        url = f"http://127.0.0.1:{port}"

        def is_well() -> bool:
            assert process.poll() is None, "it has ended"
            try:
                return httpx.get(f"{url}/healthz").status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_until(is_well, "the gateway answers")
            assert httpx.get(f"{url}/bucket").status_code == 403
        finally:
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=60)
    # By the signal itself, once all is done.
    assert process.returncode == -signal.SIGTERM, output
    assert "Finished server process" in output
    lines = [json.loads(one) for one in output.splitlines() if one.startswith("{")]
    assert [(one["status"], one["code"]) for one in lines] == [(403, "AccessDenied")]
    assert "a-password" not in output
