"""What each role may do is exactly what is written here; nothing may do more."""

import json
from typing import Any

import pytest

from app import API
from tests.infrastructure.conftest import Deployment
from tests.support.api import WITHOUT_TOKENS
from tests.support.registry_writers import REGISTRY_WRITERS

Grants = set[tuple[str, str]]
"""(action, resource)."""

READ = ["dynamodb:GetItem"]
READ_ALL = ["dynamodb:Scan"]
SECRET = ["secretsmanager:GetSecretValue"]
CHANGE = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
ADMIT = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
INVOKE = ["lambda:InvokeFunction"]
EDIT_REGISTRY = [
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Scan",
]
LOOK = ["dynamodb:BatchGetItem"]
CHANGE_JOBS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"]
CONFIRM = ["dynamodb:UpdateItem"]
KEEP = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
WRITE = {
    "objects": CHANGE,
    "uploads": CONFIRM,
    "deleted": KEEP,
    "containers": ADMIT,
    "registry": READ_ALL,
    "own staging": ["s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"],
    "own staging bucket": ["s3:ListBucket"],
    "own state machine": ["states:StartSyncExecution"],
    "own replicate queue": ["sqs:SendMessage"],
    "all repair queues": ["sqs:SendMessage"],
}
SETTLE = {
    "objects": CHANGE,
    "uploads": CONFIRM,
    "deleted": KEEP,
    "registry": READ_ALL,
    "own staging": ["s3:DeleteObjectVersion"],
    "all repair queues": ["sqs:SendMessage"],
}

READ_STAGING = {
    "all staging": ["s3:GetObject", "s3:GetObjectVersion"],
    "all staging buckets": ["s3:ListBucket"],
}
# What is staged alone, by whichever cluster, is copied from there.
COPY = {**WRITE, **READ_STAGING}
TAKE_MESSAGES = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
]
RECEIVE = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]
TAKE = {
    "objects": CHANGE,
    "deleted": KEEP,
    "containers": ADMIT,
    "registry": READ_ALL,
    "own replicate queue": ["sqs:SendMessage"],
    "all repair queues": ["sqs:SendMessage"],
}

JOURNALED = ("accounts", "containers", "deleted", "objects", "registry")
UNDELETE = {
    **SETTLE,
    "deleted": [*KEEP, "dynamodb:Query"],
    "containers": ADMIT,
    "own replicate queue": ["sqs:SendMessage"],
}

FUNCTIONS: dict[str, dict[str, list[str]]] = {
    "authorizer": {},
    "login": {
        "signing keys": ["ssm:GetParameter"],
        "accounts": ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"],
        "logins": [
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
        "registry": [*READ_ALL, "dynamodb:GetItem", "dynamodb:PutItem"],
    },
    "list_container": {"containers": ["dynamodb:Query"], "usage": READ, "registry": READ_ALL},
    "create_container": {"containers": [*ADMIT, "dynamodb:PutItem"], "registry": READ_ALL},
    "delete_container": {
        "containers": [*ADMIT, "dynamodb:DeleteItem"],
        "objects": ["dynamodb:Query"],
    },
    "list_object": {"containers": READ, "objects": ["dynamodb:Query"]},
    "create_object": COPY,
    "update_object": COPY,
    "stat_object": {"objects": READ},
    "locate_object": {"objects": READ, "containers": READ, "registry": READ_ALL},
    "download_object": {
        "objects": READ,
        "deleted": READ,
        "containers": READ,
        "registry": READ_ALL,
        **READ_STAGING,
        "all get_replica": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
        "own backend secret": SECRET,
    },
    "download_shared": {
        "shares": READ,
        "accounts": READ,
        "deleted": READ,
        "objects": READ,
        "containers": READ,
        "registry": READ_ALL,
        **READ_STAGING,
        "all get_replica": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
        "own backend secret": SECRET,
    },
    "shares": {
        "shares": ["dynamodb:DeleteItem", "dynamodb:PutItem"],
        "of_account": ["dynamodb:Query"],
        "objects": READ,
        "containers": READ,
    },
    "delete_object": SETTLE,
    "admin_clusters": {
        "accounts": READ,
        "registry": EDIT_REGISTRY,
        "jobs": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "own run_jobs": INVOKE,
        "unsettled": ["dynamodb:Query"],
        "objects": READ,
        "expiring": ["dynamodb:Query"],
        "uploads": ["dynamodb:BatchGetItem"],
    },
    "admin_policies": {"accounts": READ, "registry": EDIT_REGISTRY, "containers": READ_ALL},
    "admin_accounts": {
        "accounts": [
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ],
        "registry": ["dynamodb:PutItem"],
        "logins": ["dynamodb:PutItem"],
    },
    "admin_jobs": {
        "accounts": READ,
        "registry": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "jobs": CHANGE_JOBS,
        "own run_jobs": INVOKE,
    },
    "admin_scrub": {
        "accounts": READ,
        "registry": READ_ALL,
        "jobs": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "all repair queues": ["sqs:GetQueueAttributes"],
    },
    "admin_objects": {
        "accounts": READ,
        "registry": READ_ALL,
        "objects": READ,
        "all get_replica": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
    },
    "health": {"registry": READ},
    "admin_status": {
        "accounts": READ,
        "registry": ["dynamodb:GetItem", "dynamodb:Scan"],
        "jobs": READ_ALL,
    },
    "no_route": {},
    "deleted": UNDELETE,
    "admin_deleted": {**UNDELETE, "accounts": READ},
    "uploads": {
        **TAKE,
        "uploads": [*CHANGE, *CONFIRM, *LOOK, "dynamodb:Query"],
        "containers": [*ADMIT, *LOOK],
        "usage": LOOK,
        "all staged uploads": RECEIVE,
        "own staging": ["s3:DeleteObjectVersion"],
        "all staging buckets": ["s3:ListBucket"],
    },
    "ingest_upload": {
        **TAKE,
        "own staging": RECEIVE,
        "own staging bucket": ["s3:ListBucket"],
        "accounts": READ,
        "uploads": [*CHANGE, *CONFIRM],
        "usage": READ,
        "own inbound queue": TAKE_MESSAGES,
        "own inbound dlq": ["sqs:SendMessage"],
    },
    "replicate_version": {
        "objects": READ,
        "deleted": READ,
        "registry": READ_ALL,
        "own replicate queue": TAKE_MESSAGES,
        "own state machine": ["states:StartSyncExecution"],
        "own large state machine": ["states:ListExecutions", "states:StartExecution"],
        "all repair queues": ["sqs:SendMessage"],
    },
    "put_parts": {
        "registry": READ_ALL,
        **READ_STAGING,
        "all get_replica": INVOKE,
        "own backend secret": SECRET,
    },
    "digest_content": {**SETTLE, **READ_STAGING},
    "put_replica": {
        "registry": READ_ALL,
        **READ_STAGING,
        "all get_replica": INVOKE,
        "own backend secret": SECRET,
    },
    "get_replica": {"own backend secret": SECRET},
    "commit_version": SETTLE,
    "repair_replica": {
        **SETTLE,
        "registry": [*READ_ALL, "dynamodb:GetItem", "dynamodb:PutItem"],
        "own repair queue": TAKE_MESSAGES,
        "own large state machine": ["states:ListExecutions", "states:StartExecution"],
        **READ_STAGING,
        "all get_replica": INVOKE,
        "own backend secret": SECRET,
    },
    "sweep_pending": {
        **SETTLE,
        "unsettled": ["dynamodb:Query"],
        "containers": ADMIT,
        "own replicate queue": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
        "own repair queue": ["sqs:GetQueueAttributes"],
        "own large state machine": ["states:ListExecutions"],
        "uploads": [*CHANGE, *CONFIRM, "dynamodb:Scan"],
        "expiring": ["dynamodb:Query"],
        "deleted": [*KEEP, "dynamodb:DeleteItem"],
        "due": ["dynamodb:Query"],
        "all staged uploads": ["s3:AbortMultipartUpload", "s3:DeleteObjectVersion", "s3:GetObject"],
        **READ_STAGING,
    },
    "check_health": {
        "registry": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"],
        "own backend secret": SECRET,
    },
    "run_jobs": {
        "jobs": [*CHANGE_JOBS, "dynamodb:DeleteItem"],
        "registry": EDIT_REGISTRY,
        "objects": [*CHANGE, "dynamodb:Scan"],
        "deleted": ["dynamodb:Scan"],
        "own state machine": ["states:StartSyncExecution"],
        "own large state machine": ["states:ListExecutions", "states:StartExecution"],
    },
    "scrub_backend": {
        "jobs": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "registry": READ_ALL,
        "objects": ["dynamodb:GetItem", "dynamodb:Scan"],
        "deleted": ["dynamodb:GetItem", "dynamodb:Scan"],
        "own repair queue": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
        "uploads": ["dynamodb:GetItem", "dynamodb:Scan"],
        "usage": [*CHANGE, "dynamodb:Scan"],
        "own staging": ["s3:DeleteObjectVersion"],
        "own staging bucket": ["s3:ListBucketVersions"],
        "own backend secret": SECRET,
    },
    "watch_cluster": {
        "registry": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"],
        "jobs": ["dynamodb:GetItem", "dynamodb:Scan"],
        "objects": READ,
        "unsettled": ["dynamodb:Query"],
        "expiring": ["dynamodb:Query"],
        "due": ["dynamodb:Query"],
        "own queues": ["sqs:GetQueueAttributes"],
    },
}

# They verify tokens, and look in the registry for those that were revoked.
for _name in API:
    if _name not in WITHOUT_TOKENS:
        _table = FUNCTIONS[_name]
        _registry = sorted({*READ_ALL, *_table.get("registry", [])})
        FUNCTIONS[_name] = {**_table, "token key": SECRET, "registry": _registry}

READ_STREAM = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
]

# There is one of each for all clusters, at the first of them.
FOR_ALL: dict[str, dict[str, list[str]]] = {
    "publish_changes": {
        "objects stream": READ_STREAM,
        "event bus": ["events:PutEvents"],
        "unpublished queue": ["sqs:SendMessage"],
    },
    "write_journal": {
        "counted streams": READ_STREAM,
        "usage": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "registry": [*READ_ALL, "dynamodb:GetItem", "dynamodb:PutItem"],
        "all put_replica": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
    },
    "write_snapshot": {
        **dict.fromkeys(JOURNALED, READ_ALL),
        "logins": [*READ_ALL, "dynamodb:DeleteItem"],
        "usage": READ_ALL,
        "shares": [*READ_ALL, "dynamodb:DeleteItem"],
        "registry": [*READ_ALL, "dynamodb:GetItem", "dynamodb:PutItem"],
        "all put_replica": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
    },
}

# What the clock calls.
SCHEDULED = ["check_health", "run_jobs", "scrub_backend", "sweep_pending", "watch_cluster"]
WORKERS = {
    *SCHEDULED,
    "commit_version",
    "digest_content",
    "get_replica",
    "ingest_upload",
    "put_parts",
    "put_replica",
    "repair_replica",
    "replicate_version",
}

# Step Functions needs them to log, and they know no narrower resource.
LOG_DELIVERY = {
    ("logs:CreateLogDelivery", "*"),
    ("logs:DeleteLogDelivery", "*"),
    ("logs:DescribeLogGroups", "*"),
    ("logs:DescribeResourcePolicies", "*"),
    ("logs:GetLogDelivery", "*"),
    ("logs:ListLogDeliveries", "*"),
    ("logs:PutResourcePolicy", "*"),
    ("logs:UpdateLogDelivery", "*"),
}

ACCOUNT = "000000000000"

# What all inline policies of a role may have together, without white space.
ROLE_CHARACTERS = 10_240


def resources(deployment: Deployment, cluster: str) -> dict[str, list[str]]:
    """The words of the tables above as ARNs, for one cluster."""

    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"

    def each(service: str, name: str) -> list[str]:
        return [arn(service, name.format(one)) for one in deployment.clusters]

    def function(name: str) -> list[str]:
        """A function by itself and by its alias: an upgrade needs both."""
        return [arn("lambda", f"function:mcos-{name}{alias}") for alias in ("", ":live")]

    def all_of(name: str) -> list[str]:
        return [one for other in deployment.clusters for one in function(f"{other}-{name}")]

    secrets = {
        one["name_prefix"].removesuffix("-"): one["arn"]
        for one in deployment.of_type("aws_secretsmanager_secret")
    }
    (token_key,) = [
        one["name"]
        for one in deployment.of_type("aws_secretsmanager_secret")
        if one["name_prefix"] == "mcos/token-key-"
    ]
    staging = f"arn:aws:s3:::mcos-{{}}-staging-{ACCOUNT}/*"
    tables = (
        "accounts",
        "containers",
        "objects",
        "registry",
        "jobs",
        "uploads",
        "deleted",
        "logins",
        "usage",
        "shares",
    )
    return {
        **{table: [arn("dynamodb", f"table/mcos-{table}")] for table in tables},
        "unsettled": [arn("dynamodb", "table/mcos-objects/index/unsettled")],
        "expiring": [arn("dynamodb", "table/mcos-uploads/index/expiring")],
        "due": [arn("dynamodb", "table/mcos-deleted/index/due")],
        "of_account": [arn("dynamodb", "table/mcos-shares/index/of_account")],
        "objects stream": [arn("dynamodb", "table/mcos-objects/stream/*")],
        "counted streams": [
            arn("dynamodb", f"table/mcos-{table}/stream/*") for table in (*JOURNALED, "uploads")
        ],
        "event bus": [arn("events", "event-bus/mcos")],
        "unpublished queue": [arn("sqs", "mcos-unpublished-events")],
        "token key": [secrets["mcos/token-key"]],
        "signing keys": [arn("ssm", f"parameter/mcos/signing-keys/{token_key}")],
        "own backend secret": [secrets[f"mcos/{cluster}/backend"]],
        "own staging": [staging.format(cluster)],
        "own staging bucket": [staging.format(cluster).removesuffix("/*")],
        "all staging buckets": [
            staging.format(one).removesuffix("/*") for one in deployment.clusters
        ],
        "all staged uploads": [
            staging.format(one).replace("/*", "/uploads/*") for one in deployment.clusters
        ],
        "all staging": [staging.format(one) for one in deployment.clusters],
        "own state machine": [arn("states", f"stateMachine:mcos-{cluster}-replicate-object")],
        "own large state machine": [arn("states", f"stateMachine:mcos-{cluster}-replicate-large")],
        "own inbound queue": [arn("sqs", f"mcos-{cluster}-inbound")],
        "own inbound dlq": [arn("sqs", f"mcos-{cluster}-inbound-dlq")],
        "own replicate queue": [arn("sqs", f"mcos-{cluster}-replicate")],
        "own repair queue": [arn("sqs", f"mcos-{cluster}-repair")],
        "own queues": [
            *(
                arn("sqs", f"mcos-{cluster}-{name}{end}")
                for name in ("inbound", "repair", "replicate")
                for end in ("", "-dlq")
            ),
            # What is done once for all is looked after by who does it.
            *([arn("sqs", "mcos-unpublished-events")] if cluster == deployment.clusters[0] else []),
        ],
        "all repair queues": each("sqs", "mcos-{}-repair"),
        "all put_replica": all_of("put_replica"),
        "all put_parts": all_of("put_parts"),
        "all get_replica": all_of("get_replica"),
        **{
            f"own {worker}": function(f"{cluster}-{worker}")
            for worker in ("commit_version", "digest_content", "write_snapshot", *SCHEDULED)
        },
    }


def wanted(table: dict[str, list[str]], words: dict[str, list[str]]) -> Grants:
    return {
        (action, resource)
        for word, actions in table.items()
        for action in actions
        for resource in words[word]
    }


def granted(policy: str) -> Grants:
    """What a policy allows. It may hold nothing but plain statements."""
    found: Grants = set()
    for statement in json.loads(policy)["Statement"]:
        # Only what writes the registry has a condition: see below.
        assert set(statement) - {"Condition"} == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        found |= {(one, other) for one in statement["Action"] for other in statement["Resource"]}
    return found


@pytest.fixture(scope="module")
def policies(deployment: Deployment) -> dict[str, Grants]:
    """What each role may do, by the role's name."""
    found: dict[str, Grants] = {}
    for policy in deployment.of_type("aws_iam_role_policy"):
        assert policy["role"] not in found
        found[policy["role"]] = granted(policy["policy"])
    return found


def test_a_role_has_room_for_two_of_its_policies(deployment: Deployment) -> None:
    """While a deployment is upgraded, it has the one before and the new one."""
    for policy in deployment.of_type("aws_iam_role_policy"):
        assert 2 * len("".join(policy["policy"].split())) < ROLE_CHARACTERS, policy["address"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_needs_and_nothing_else(
    deployment: Deployment, policies: dict[str, Grants], function: str
) -> None:
    for cluster in deployment.clusters:
        words = resources(deployment, cluster)
        name = f"mcos-{cluster}-{function}"
        assert policies[name] == wanted(FUNCTIONS[function], words) | own_logs(name)


def test_a_function_may_write_its_kinds_of_the_registry_and_no_others(
    deployment: Deployment,
) -> None:
    found: dict[str, Any] = {}
    for policy in deployment.of_type("aws_iam_role_policy"):
        for statement in json.loads(policy["policy"])["Statement"]:
            registry = any(one.endswith("table/mcos-registry") for one in statement["Resource"])
            if not registry or statement["Action"] in (READ, READ_ALL):
                assert "Condition" not in statement
                continue
            assert len(statement["Resource"]) == 1
            assert {*statement["Action"]} <= {"dynamodb:DeleteItem", "dynamodb:PutItem"}
            found[policy["role"]] = statement["Condition"]
    wanted: dict[str, Any] = {}
    for function, kinds in REGISTRY_WRITERS.items():
        clusters = deployment.clusters[:1] if function in FOR_ALL else deployment.clusters
        for cluster in clusters:
            keys = {"dynamodb:LeadingKeys": sorted(kinds)}
            wanted[f"mcos-{cluster}-{function}"] = {"ForAllValues:StringEquals": keys}
    assert found == wanted


def own_logs(function: str) -> Grants:
    """That a function may write its own log."""
    own_log = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/{function}:*"
    return {("logs:CreateLogStream", own_log), ("logs:PutLogEvents", own_log)}


@pytest.mark.parametrize("function", FOR_ALL)
def test_what_is_done_once_is_done_by_the_first_cluster_alone(
    deployment: Deployment, policies: dict[str, Grants], function: str
) -> None:
    first = deployment.clusters[0]
    name = f"mcos-{first}-{function}"
    words = resources(deployment, first)
    assert policies[name] == wanted(FOR_ALL[function], words) | own_logs(name)
    assert [role for role in policies if role.endswith(function)] == [name]


def test_a_state_machine_may_call_replicas_and_its_own_commit(
    deployment: Deployment, policies: dict[str, Grants]
) -> None:
    table = {
        "all put_replica": INVOKE,
        "all put_parts": INVOKE,
        "own commit_version": INVOKE,
        "own digest_content": INVOKE,
        "all repair queues": ["sqs:SendMessage"],
    }
    for cluster in deployment.clusters:
        words = resources(deployment, cluster)
        found = policies[f"mcos-{cluster}-replicate-object"]
        assert found == wanted(table, words) | LOG_DELIVERY


@pytest.mark.parametrize("worker", SCHEDULED)
def test_a_schedule_may_start_its_own_function_and_no_other(
    deployment: Deployment, policies: dict[str, Grants], worker: str
) -> None:
    for cluster in deployment.clusters:
        words = resources(deployment, cluster)
        found = policies[f"mcos-{cluster}-{worker}-schedule"]
        assert found == wanted({f"own {worker}": INVOKE}, words)


def test_the_schedule_of_snapshots_may_start_them_and_nothing_else(
    deployment: Deployment, policies: dict[str, Grants]
) -> None:
    first = deployment.clusters[0]
    words = resources(deployment, first)
    found = policies[f"mcos-{first}-write_snapshot-schedule"]
    assert found == wanted({"own write_snapshot": INVOKE}, words)


def test_there_is_no_other_role_and_no_managed_policy(
    deployment: Deployment, policies: dict[str, Grants]
) -> None:
    roles = deployment.of_type("aws_iam_role")
    assert {role["name"] for role in roles} == set(policies)
    a_cluster = len(FUNCTIONS) + len(SCHEDULED) + len(["replicate-object"])
    once = len(FOR_ALL) + len(["write_snapshot-schedule"])
    assert len(roles) == len(deployment.clusters) * a_cluster + once
    assert not any(role["managed_policy_arns"] for role in roles)
    for kind in ("aws_iam_role_policy_attachment", "aws_iam_policy", "aws_iam_user"):
        assert not deployment.of_type(kind)


def test_no_action_is_a_pattern_and_no_resource_is_everything(policies: dict[str, Grants]) -> None:
    for role, grants in policies.items():
        assert not {action for action, _ in grants if "*" in action}, role
        assert {grant for grant in grants if grant[1] == "*"} <= LOG_DELIVERY, role
        patterns = {resource for _, resource in grants if "*" in resource[:-2]}
        assert not patterns - {"*"}, role


def test_only_one_aws_service_may_be_each_role(deployment: Deployment) -> None:
    services = {"-replicate-object": "states", "-schedule": "scheduler"}
    for role in deployment.of_type("aws_iam_role"):
        service = next((s for end, s in services.items() if role["name"].endswith(end)), "lambda")
        (statement,) = json.loads(role["assume_role_policy"])["Statement"]
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert statement["Action"] == "sts:AssumeRole"


def test_entry_points_may_call_functions_and_nobody_else_may(deployment: Deployment) -> None:
    apis = {one["execution_arn"] for one in deployment.of_type("aws_apigatewayv2_api")}
    permissions: list[dict[str, Any]] = deployment.of_type("aws_lambda_permission")
    for permission in permissions:
        assert permission["principal"] == "apigateway.amazonaws.com"
        assert permission["action"] == "lambda:InvokeFunction"
        assert permission["source_arn"].partition("/")[0] in apis
    called = {one["function_name"].rsplit("-", 1)[1] for one in permissions}
    assert called == set(FUNCTIONS) - WORKERS
