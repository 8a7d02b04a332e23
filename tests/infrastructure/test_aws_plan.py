"""What the same code would make on AWS: its plan, with the emulator standing in for AWS."""

import json
import os
from typing import Any

import pytest

from tests.infrastructure.conftest import Built, Deployment, without_aws
from tests.support.alarms import written_alarms
from tests.support.idle_cost import idle_cost
from tools.checking.trials import made_by
from tools.terraform import Terraform

CLUSTERS: dict[str, dict[str, Any]] = {
    "own": {
        "backend": "s3",
        "provider": "aws",
        "location": "x",
        "backend_bucket_arn": "arn:aws:s3:::bucket-of-own",
    },
    "other": {
        "backend": "swift",
        "provider": "y",
        "location": "x",
        "vpc": {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]},
    },
    "third": {"backend": "ceph", "provider": "z", "location": "x"},
}
USE_THE_BACKEND = {
    *(
        "check_health",
        "download_object",
        "download_shared",
        "get_replica",
        "put_parts",
        "put_replica",
    ),
    *("repair_replica", "scrub_backend"),
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
    values = {
        "target": "aws",
        "build_dir": built_aws.folder,
        "prefix": "planned",
        "tracing": "true",
    }
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


def test_a_check_knows_from_the_plan_what_it_would_make(plan: dict[str, Any]) -> None:
    resources, kinds = made_by(plan)
    assert resources == sum(one["mode"] == "managed" for one in plan["resource_changes"]) > 0
    assert kinds == {name: one["backend"] for name, one in CLUSTERS.items()}


def test_data_is_not_destroyed_by_the_way(plan: dict[str, Any]) -> None:
    assert all(one["deletion_protection_enabled"] for one in of_type(plan, "aws_dynamodb_table"))
    staging = [one for one in of_type(plan, "aws_s3_bucket") if "staging" in one["bucket"]]
    assert len(staging) == len(CLUSTERS)
    assert not any(one["force_destroy"] for one in staging)
    secrets = of_type(plan, "aws_secretsmanager_secret")
    assert all(one["recovery_window_in_days"] == 30 for one in secrets)


def test_buckets_and_queues_take_nothing_over_plain_http(plan: dict[str, Any]) -> None:
    policies = [one["policy"] for one in of_type(plan, "aws_s3_bucket_policy")]
    buckets = {one["bucket"] for one in of_type(plan, "aws_s3_bucket")}
    assert len(policies) == len(buckets) == len(CLUSTERS) + 1
    queues = of_type(plan, "aws_sqs_queue")
    assert len(queues) == 6 * len(CLUSTERS) + 1
    told = {json.loads(one)["Statement"][0]["Resource"][0].split(":::")[1] for one in policies}
    assert told == buckets
    for policy in (*policies, *(one["policy"] for one in queues)):
        denied = [one for one in json.loads(policy)["Statement"] if one["Effect"] == "Deny"]
        assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
        assert denied[0]["Principal"] == "*"
        assert denied[0]["Action"] in ("s3:*", "sqs:*")
    for queue in queues:
        (statement,) = [
            one for one in json.loads(queue["policy"])["Statement"] if one["Effect"] == "Deny"
        ]
        assert statement["Resource"].endswith(f":{queue['name']}")


def test_no_bucket_can_be_made_public(plan: dict[str, Any]) -> None:
    blocks = of_type(plan, "aws_s3_bucket_public_access_block")
    assert len(blocks) == len(of_type(plan, "aws_s3_bucket"))
    rules = ["block_public_acls", "block_public_policy"]
    rules += ["ignore_public_acls", "restrict_public_buckets"]
    assert all(one[rule] for one in blocks for rule in rules)


def test_a_message_is_hidden_for_six_times_as_long_as_its_function_may_take(
    plan: dict[str, Any],
) -> None:
    """While a function is throttled, messages wait that were received for it."""
    readers = {
        "inbound": "ingest_upload",
        "repair": "repair_replica",
        "replicate": "replicate_version",
    }
    timeouts = {
        one["function_name"]: one["timeout"] for one in of_type(plan, "aws_lambda_function")
    }
    hidden = {
        one["name"]: one["visibility_timeout_seconds"] for one in of_type(plan, "aws_sqs_queue")
    }
    for cluster in CLUSTERS:
        for queue, function in readers.items():
            timeout = timeouts[f"planned-{cluster}-{function}"]
            assert hidden[f"planned-{cluster}-{queue}"] == 6 * timeout <= 43_200


def test_changes_are_published_many_at_a_time_and_those_of_an_object_in_their_order(
    plan: dict[str, Any],
) -> None:
    """A batch of ten, one after the other, was at most some 160 changes a second."""
    (mapping,) = [
        one
        for one in of_type(plan, "aws_lambda_event_source_mapping")
        if one["address"].endswith(".changes[0]")
    ]
    assert (mapping["batch_size"], mapping["parallelization_factor"]) == (100, 10)


def test_what_was_destroyed_can_be_deployed_again_the_same_day(plan: dict[str, Any]) -> None:
    """A secret holds its name for as long as it can be recovered."""
    secrets = of_type(plan, "aws_secretsmanager_secret")
    assert sorted(one["name_prefix"] for one in secrets) == [
        "planned/other/backend-",
        "planned/own/backend-",
        "planned/third/backend-",
        "planned/token-key-",
    ]
    assert not any("name" in one for one in secrets)


POLICY_CHARACTERS = 10_240 // 2
"""Of a role, which has two policies while one replaces the other."""
ROLES = 1_000


def with_clusters(policy: str, names: list[str], prefix: str) -> str:
    """A role's policy as it is with other clusters than those of the plan."""
    document = json.loads(policy)
    for statement in document["Statement"]:
        found = statement["Resource"]
        if any("-other-" in one for one in found) and any("-own-" in one for one in found):
            one = next(one for one in found if "-own-" in one)
            statement["Resource"] = [one.replace("-own-", f"-{name}-") for name in names]
    text = json.dumps(document, separators=(",", ":"))
    return text.replace(":planned-", f":{prefix}-").replace("/planned-", f"/{prefix}-")


@pytest.mark.parametrize(
    ("count", "prefix", "name"), [(7, "p" * 16, "c{:015}"), (12, "mcos", "c{:04}")]
)
def test_so_many_clusters_fit_into_the_policies_of_roles(
    plan: dict[str, Any], count: int, prefix: str, name: str
) -> None:
    """Of more clusters, Terraform says so before it does anything."""
    names = [name.format(number) for number in range(count)]
    policies = {
        one["role"]: with_clusters(one["policy"], names, prefix)
        for one in of_type(plan, "aws_iam_role_policy")
        if one.get("policy")
    }
    longest = max(policies, key=lambda role: len(policies[role]))
    assert len(policies[longest]) <= POLICY_CHARACTERS, (longest, len(policies[longest]))
    assert any(role.endswith("-sweep_pending") for role in policies)


def test_22_clusters_fit_into_the_roles_that_an_account_may_have(plan: dict[str, Any]) -> None:
    roles = [one["name"] for one in of_type(plan, "aws_iam_role")]
    of_one = [name for name in roles if name.startswith("planned-own-")]
    once = len(roles) - len(CLUSTERS) * len(of_one)
    assert once + 22 * len(of_one) <= ROLES


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
    queues = plan["planned_values"]["outputs"]["inbound_queues"]["value"]
    url = "https://sqs.us-east-1.amazonaws.com/000000000000/planned-own-inbound"
    assert queues["own"] == url
    assert "127.0.0.1" not in text


def test_what_uses_a_backend_in_a_network_is_in_that_network_and_nothing_else(
    plan: dict[str, Any],
) -> None:
    within = {
        one["function_name"]: one["vpc_config"][0]
        for one in of_type(plan, "aws_lambda_function")
        if one["vpc_config"]
    }
    assert set(within) == {f"planned-other-{name}" for name in USE_THE_BACKEND}
    for network in within.values():
        assert set(network["subnet_ids"]) == {"subnet-1", "subnet-2"}
        assert network["security_group_ids"] == ["sg-1"]


def test_a_cluster_is_linked_after_its_backend_was_examined(plan: dict[str, Any]) -> None:
    asked = of_type(plan, "aws_lambda_invocation")
    assert len(asked) == len(CLUSTERS)
    assert all(json.loads(one["input"]) == {"examine": True} for one in asked)
    modules = plan["configuration"]["root_module"]["module_calls"]
    resources = modules["cluster"]["module"]["resources"]
    (row,) = [one for one in resources if one["address"] == "aws_dynamodb_table_item.cluster"]
    assert "aws_lambda_invocation.examine" in row["depends_on"]


def planned(plan: dict[str, Any], *, watched: bool) -> list[dict[str, Any]]:
    """All that is planned, or without what ``watched = false`` leaves out."""
    return [
        {**one["change"]["after"], "type": one["type"], "address": one["address"]}
        for one in plan["resource_changes"]
        if one["mode"] == "managed" and (watched or not one["address"].startswith("module.watch"))
    ]


def test_an_idle_deployment_of_three_clusters_costs_no_more_than_its_budget(
    plan: dict[str, Any],
) -> None:
    without = idle_cost(planned(plan, watched=False))
    assert sum(without.values()) <= 6, without
    watched = idle_cost(planned(plan, watched=True))
    assert sum(watched.values()) <= 12, watched


def test_what_is_watched_is_made_of_the_one_list(plan: dict[str, Any]) -> None:
    calls = {"create_object": 20000, "download_object": 10000, "stat_object": 2000}
    wanted = written_alarms(calls, prefix="planned", publisher="other")
    made = {one["alarm_name"]: one for one in of_type(plan, "aws_cloudwatch_metric_alarm")}
    assert set(made) == {f"planned-{one.name}" for one in wanted}
    for one in wanted:
        found = made[f"planned-{one.name}"]
        assert (found["namespace"], found["metric_name"]) == (one.namespace, one.metric)
        assert sorted((found["dimensions"] or {}).items()) == sorted(one.dimensions)
        assert (found["statistic"] or found["extended_statistic"]) == one.statistic
        below = found["comparison_operator"] == "LessThanThreshold"
        assert below == one.is_below
        assert below or found["comparison_operator"] == "GreaterThanOrEqualToThreshold"
        assert found["threshold"] == one.threshold
        assert (found["datapoints_to_alarm"], found["evaluation_periods"]) == (one.periods, one.of)
        assert (found["period"], found["treat_missing_data"]) == (one.period, one.missing)
        assert found["alarm_description"].startswith(one.description)
    (budget,) = [one for one in plan["resource_changes"] if one["type"] == "aws_sns_topic"]
    assert budget["change"]["after"]["name"] == "planned-alarms"
    assert not of_type(plan, "aws_budgets_budget")  # nobody has said what may be spent


def test_traces_go_from_a_call_through_the_state_machine_if_they_are_wanted(
    plan: dict[str, Any], deployment: Deployment
) -> None:
    functions = of_type(plan, "aws_lambda_function")
    assert {one["tracing_config"][0]["mode"] for one in functions} == {"Active"}
    machines = of_type(plan, "aws_sfn_state_machine")
    assert all(one["tracing_configuration"][0]["enabled"] for one in machines)
    # By default nothing is traced, and nobody may.
    for one in deployment.of_type("aws_lambda_function"):
        assert [each["mode"] for each in one["tracing_config"]] in ([], ["PassThrough"])
    assert "xray:" not in deployment.state_text
