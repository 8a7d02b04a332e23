"""What the same code would make on AWS: its plan, with the emulator standing in for AWS."""

import json
import os
from typing import Any

import pytest

from tests.infrastructure.conftest import Built, Deployment, without_aws
from tools.terraform import Terraform

CLUSTERS = {
    "own": {
        "backend": "s3",
        "provider": "aws",
        "location": "x",
        "backend_bucket_arn": "arn:aws:s3:::bucket-of-own",
    },
    "other": {"backend": "swift", "provider": "y", "location": "x"},
}
SECRET = "not-to-be-found-in-a-plan"


@pytest.fixture(scope="module")
def plan(
    deployment: Deployment, built_aws: Built, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The plan, as JSON."""
    folder = tmp_path_factory.mktemp("plan")
    environment = {
        **without_aws(os.environ),
        "AWS_ENDPOINT_URL": deployment.variables["endpoint_url"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TF_VAR_backend_secrets": json.dumps(dict.fromkeys(CLUSTERS, SECRET)),
    }
    terraform = Terraform(folder / "data", folder / "terraform.tfstate", environment)
    terraform.init()
    values = {"target": "aws", "build_dir": built_aws.folder, "prefix": "planned"}
    options = [f"-var={name}={value}" for name, value in values.items()]
    options.append(f"-var=clusters={json.dumps(CLUSTERS)}")
    file = folder / "planned"
    planned = terraform.run("plan", "-no-color", "-input=false", f"-out={file}", *options)
    assert planned.returncode == 0, planned.stderr
    shown: dict[str, Any] = json.loads(terraform.run("show", "-json", str(file)).stdout)
    return shown


def of_type(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """What is planned of a type: its attributes, and its address."""
    return [
        {**one["change"]["after"], "address": one["address"]}
        for one in plan["resource_changes"]
        if one["type"] == kind
    ]


def test_no_secret_is_in_the_plan(plan: dict[str, Any]) -> None:
    assert SECRET not in json.dumps(plan)


def test_data_is_not_destroyed_by_the_way(plan: dict[str, Any]) -> None:
    assert all(one["deletion_protection_enabled"] for one in of_type(plan, "aws_dynamodb_table"))
    staging = [one for one in of_type(plan, "aws_s3_bucket") if "staging" in one["bucket"]]
    assert len(staging) == len(CLUSTERS)
    assert not any(one["force_destroy"] for one in staging)
    secrets = of_type(plan, "aws_secretsmanager_secret")
    assert all(one["recovery_window_in_days"] == 30 for one in secrets)


def test_content_is_staged_over_tls_only(plan: dict[str, Any]) -> None:
    policies = of_type(plan, "aws_s3_bucket_policy")
    assert len(policies) == len(CLUSTERS)
    for policy in policies:
        (statement,) = json.loads(policy["policy"])["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_parts_that_nobody_completes_do_not_stay_for_ever(plan: dict[str, Any]) -> None:
    rules = [one["rule"] for one in of_type(plan, "aws_s3_bucket_lifecycle_configuration")]
    assert len(rules) == len(CLUSTERS)
    for (rule,) in rules:
        assert rule["status"] == "Enabled"
        assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 8}]
        assert not rule["expiration"]


def test_functions_run_on_the_aws_runtime_that_was_built_for(plan: dict[str, Any]) -> None:
    functions = of_type(plan, "aws_lambda_function")
    assert {(one["runtime"], *one["architectures"]) for one in functions} == {
        ("python3.13", "arm64")
    }


def test_functions_are_told_where_the_queue_is_on_aws(plan: dict[str, Any]) -> None:
    text = json.dumps(plan["planned_values"]) + json.dumps(plan["resource_changes"])
    assert "https://sqs.us-east-1.amazonaws.com/000000000000/planned-own-repair" in text
    assert "127.0.0.1" not in text
