"""The network calls of each API call, counted on the running clouds: the budgets of the design."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.conftest import AccountFactory
from tools.local import describe, session

ROOT = Path(__file__).parents[3]
INSTANCE = os.environ.get("MCOS_INSTANCE", "test")


@pytest.fixture(scope="module")
def counts(new_account: AccountFactory) -> dict[str, int]:
    """Requests sent by each call, in a process that has the environment of a function."""
    emulator = {
        "AWS_ENDPOINT_URL": describe(INSTANCE)["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
    functions = session(emulator["AWS_ENDPOINT_URL"]).client("lambda")
    deployed = functions.get_function_configuration(FunctionName="mcos-s3-create_object")
    path = f"{ROOT / 'layers/mcos/python'}{os.pathsep}{ROOT / 'functions'}"
    finished = subprocess.run(
        [sys.executable, Path(__file__).with_name("counted_calls.py")],
        env={
            **deployed["Environment"]["Variables"],
            **emulator,
            "PYTHONPATH": path,
            "TOKEN": new_account().token,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    counted: dict[str, int] = json.loads(finished.stdout.splitlines()[-1])
    return counted


def test_a_small_sync_create_makes_four_network_calls_beside_its_replicas(
    counts: dict[str, int],
) -> None:
    assert counts["create_object sync"] + counts["commit_version"] <= 4


def test_an_async_create_stages_records_looks_and_starts(counts: dict[str, int]) -> None:
    assert counts["create_object async"] <= 4


def test_a_stat_makes_one_network_call(counts: dict[str, int]) -> None:
    assert counts["stat_object"] == 1


def test_a_small_download_makes_two_network_calls(counts: dict[str, int]) -> None:
    assert counts["download_object"] == 2
