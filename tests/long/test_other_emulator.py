"""``make up EMULATOR=URL``: a deployment to an emulator that somebody else has started.

It is a MiniStack with an environment, a port and a folder of its own, started by hand.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clouds import ports, wait
from tests.long.checkout import ROOT, Checkout, checkout
from tools import local

pytestmark = pytest.mark.long

REQUIREMENTS = ROOT / "clouds" / "requirements" / "emulator.txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("other")


@pytest.fixture(scope="module")
def copy(folder: Path) -> Iterator[Checkout]:
    with checkout(folder / "mcos") as made:
        yield made


@pytest.fixture(scope="module")
def url(folder: Path, copy: Checkout) -> Iterator[str]:
    """Where the other emulator is."""
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
    port = copy.base + 2 * ports.BLOCK - 1
    environment = {
        "PATH": os.defpath,
        "TMPDIR": str(folder),
        "BIND_HOST": ports.HOST,
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [python, "-m", "ministack"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://{ports.HOST}:{port}"
    try:
        assert wait.until(lambda: wait.http_status(f"{address}/_localstack/health") == 200, 60)
        yield address
        assert process.poll() is None, "somebody has stopped it"
    finally:
        process.terminate()
        process.wait()


def test_it_is_deployed_to_as_to_aws(copy: Checkout, url: str) -> None:
    copy.make("up", f"EMULATOR={url}")
    entry_points = [line.split()[1] for line in copy.make("-s", "endpoints").splitlines()]
    assert len(entry_points) == 3
    assert all(one.startswith(f"{url}/restapis/") for one in entry_points)
    assert not (copy.state / "run" / "emulator.pid").exists()
    functions = local.session(url).client("lambda")
    pages = functions.get_paginator("list_functions").paginate()
    listed = [function for page in pages for function in page["Functions"]]
    assert listed
    for function in listed:
        assert function["Layers"]
        assert "PYTHONPATH" not in function["Environment"]["Variables"]


def test_it_is_found_as_localstacks_own_client_finds_it(copy: Checkout, url: str) -> None:
    host = url.removeprefix("http://")
    found = replace(copy, more={"LOCALSTACK_HOST": host})
    assert "deployed already" in found.make("up", "EMULATOR=localstack")


def test_it_goes_on_when_the_rest_is_stopped(copy: Checkout, url: str) -> None:
    assert "emulator" not in copy.make("down")
    assert wait.http_status(f"{url}/_localstack/health") == 200
    assert "deployed already" in copy.make("up")
    assert f"running   {url}" in copy.make("status")


def test_what_an_earlier_deployment_has_left_in_it_is_taken_over(copy: Checkout, url: str) -> None:
    """Terraform's state is gone; what is in the emulator is not."""
    before = copy.make("-s", "endpoints")
    shutil.rmtree(copy.state / "terraform")
    said = copy.make("up")
    assert "things that are there already" in said
    assert copy.make("-s", "endpoints") == before
