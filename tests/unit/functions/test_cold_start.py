"""What a function imports, it pays for at every cold start."""

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from app import API, MODULES
from tests.support.api import WITHOUT_TOKENS
from tests.support.environment import cluster_environment
from tests.support.gateway import routes_variable


def _folder(module: str) -> Path:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


PYTHONPATH = os.pathsep.join([str(_folder("mcos").parent), str(_folder("app"))])

# Packages that no function needs at import; some need one of them when they are used.
HEAVY = {
    "boto3",
    "s3transfer",
    "swiftclient",
    "cryptography",
    "pydantic",
    "requests",
    "aws_lambda_powertools.utilities.parser",
    "yaml",
    "jinja2",
}
# What verifies tokens: PyJWT, and what Ed25519 is of.
MAY_IMPORT = {name: {"jwt", "cryptography"} for name in API if name not in WITHOUT_TOKENS}

CPU_SECONDS = 0.350
MODULES_AT_MOST = 900

_PROGRAM = """
import json, logging, sys, time
started = time.process_time()
import app
spent = time.process_time() - started
handlers = len(logging.getLogger("mcos").handlers)
print(json.dumps({"spent": spent, "modules": sorted(sys.modules), "handlers": handlers}))
"""


@cache
def imported(function: str) -> dict[str, Any]:
    """What a new process imports for a function, as on Lambda, and the CPU seconds it takes."""
    environment = {
        **cluster_environment("s3"),
        "MCOS_TABLE_PREFIX": "mcos",
        "MCOS_ROUTES": routes_variable(),
        "POWERTOOLS_SERVICE_NAME": "mcos",
        "MCOS_METRICS_NAMESPACE": "MCOS",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": f"mcos-s3-{function}",
        "_HANDLER": f"app.{function}",
        "PYTHONPATH": PYTHONPATH,
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("function", MODULES)
def test_a_function_imports_nothing_that_it_does_not_need(function: str) -> None:
    modules = set(imported(function)["modules"])
    assert MODULES[function] in modules
    allowed = MAY_IMPORT.get(function, set())
    assert not ((HEAVY | {"jwt"}) - allowed) & modules
    assert not (set(MODULES.values()) - {MODULES[function]}) & modules
    assert len(modules) < MODULES_AT_MOST


@pytest.mark.parametrize("function", MODULES)
def test_a_function_writes_each_line_of_its_log_once(function: str) -> None:
    assert imported(function)["handlers"] == 1


@pytest.mark.parametrize("function", API)
def test_an_api_function_is_imported_within_its_budget(function: str) -> None:
    """CPU time, so that a busy machine makes no difference; the best of three."""
    best = imported(function)["spent"]
    for _ in range(2):
        if best <= CPU_SECONDS:
            break
        imported.cache_clear()
        best = min(best, imported(function)["spent"])
    assert best <= CPU_SECONDS


def test_what_is_not_on_lambda_imports_no_function_before_it_is_called() -> None:
    """The tools that read ``app`` for its functions have no environment for them."""
    program = f"import sys, app; [getattr(app, name) for name in {[*MODULES]}]; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "PYTHONPATH": PYTHONPATH,
            "PATH": os.environ["PATH"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert not [one for one in done.stdout.split() if one.startswith(("mcos", "chalicelib"))]
