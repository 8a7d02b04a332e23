"""The idle month of three clusters, from Terraform's plan of them for AWS.

No cloud is asked but a stand-in for STS in this process, which says whose account it is.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.infrastructure.test_aws_plan import CLUSTERS, planned
from tests.support.idle_cost import idle_cost
from tools import build
from tools.terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]

_IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Account>000000000000</Account><UserId>nobody</UserId>
<Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def idle_month() -> dict[str, dict[str, float]]:
    """Dollars by what they are spent on, ``without`` what is watched and ``with`` it.

    Raises
    ------
    TerraformError
        There is no Terraform, or it plans nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        plan = _plan(Path(folder))
    return {
        name: idle_cost(planned(plan, watched=watched))
        for name, watched in (("without", False), ("with", True))
    }


def _plan(folder: Path) -> dict[str, Any]:
    declared = folder / "functions.json"
    target = build.Target("aws", "3.13", "arm64")
    build.functions_package(ROOT, target, declared).make(folder / "tree")
    for name in ("functions", *json.loads(declared.read_text())["layers"]):
        (folder / f"{name}.zip").touch()  # what is in it costs nothing
    with _account() as url:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "TF_VAR_backend_secrets": json.dumps(dict.fromkeys(CLUSTERS, "none")),
        }
        terraform = Terraform(folder / "data", folder / "terraform.tfstate", environment)
        terraform.init()
        values = {"target": "aws", "build_dir": folder, "clusters": json.dumps(CLUSTERS)}
        options = [f"-var={name}={value}" for name, value in values.items()]
        file = folder / "planned"
        done = terraform.run("plan", "-no-color", "-input=false", f"-out={file}", *options)
        assert done.returncode == 0, done.stderr
        shown: dict[str, Any] = json.loads(terraform.run("show", "-json", file).stdout)
    return shown


@contextmanager
def _account() -> Iterator[str]:
    """URL of a service that answers who is asking."""
    server = HTTPServer(("127.0.0.1", 0), _Sts)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Sts(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(_IDENTITY)))
        self.end_headers()
        self.wfile.write(_IDENTITY)

    def log_message(self, *args: Any) -> None:
        pass
