"""The tools, where nothing is deployed yet."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import deploy, endpoints, local


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(local, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["endpoints.py", "--instance", "up"])
    folder = tmp_path / ".mcos" / "up"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("left", [None, "", '{"s3": "http'])
def test_without_a_deployment_there_is_one_line_and_no_traceback(
    root: Path, left: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if left is not None:
        (root / "endpoints.json").write_text(left)
    assert endpoints.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "up is not deployed: `make up` does it\n"


def test_entry_points_are_a_line_each(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "endpoints.json").write_text(json.dumps({"swift": "http://b", "ceph": "http://a"}))
    assert endpoints.main() == 0
    assert capsys.readouterr().out == "ceph http://a\nswift http://b\n"


def test_what_starts_before_anything_is_installed_needs_python_alone() -> None:
    """``make up`` begins on any Python; ``make status``, ``down`` and ``endpoints`` stay there."""
    root = Path(deploy.__file__).parent.parent
    for module in ("tools.up", "tools.endpoints", "clouds.__main__"):
        done = subprocess.run(
            [sys.executable, "-S", "-c", f"import {module}"],
            env={"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_a_function_that_terraform_has_made_is_known_by_its_cluster() -> None:
    def event(kind: str, address: str, action: str = "create") -> dict[str, object]:
        return {"type": kind, "hook": {"resource": {"addr": address}, "action": action}}

    address = 'module.cluster["swift-2"].aws_lambda_alias.live["put_replica"]'
    assert deploy.deployed_function(event("apply_complete", address)) == ("swift-2", "put_replica")
    assert deploy.deployed_function(event("apply_start", address)) is None
    assert deploy.deployed_function(event("apply_complete", address, "delete")) is None
    other = address.replace("aws_lambda_alias.live", "aws_iam_role.function")
    assert deploy.deployed_function(event("apply_complete", other)) is None


def test_a_session_speaks_to_its_emulator_and_changes_no_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://of.a.person:1")
    client = local.session("http://127.0.0.1:2").client("sqs")
    assert client.meta.endpoint_url == "http://127.0.0.1:2"
    assert os.environ["AWS_ENDPOINT_URL"] == "http://of.a.person:1"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert (
        local.session("http://127.0.0.1:2").client("s3").meta.endpoint_url == "http://127.0.0.1:2"
    )
    assert "AWS_ENDPOINT_URL" not in os.environ
