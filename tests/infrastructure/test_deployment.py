"""What was deployed, as Terraform's state tells."""

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

from app import API
from mcos import limits
from mcos.model.clusters import Cluster
from mcos.storage.kinds import BACKEND_LAYERS
from tests.infrastructure.conftest import INSTANCE, Deployment
from tests.support.api import WITHOUT_TOKENS
from tools import local
from tools.terraform import ROOT

JOURNALED = ("accounts", "containers", "deleted", "objects", "registry")
METHODS = {"get", "head", "put", "post", "patch", "delete", "options"}


def operations() -> dict[str, str]:
    """Route keys of the OpenAPI document, with the function of each."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    return {
        f"{method.upper()} {path.replace('{object}', '{object+}')}": operation.get(
            "x-mcos-function", operation["operationId"]
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def aliases(deployment: Deployment) -> dict[str, str]:
    """ARN of the alias by which each function is called, by the function's name."""
    found = deployment.of_type("aws_lambda_alias")
    assert {one["name"] for one in found} == {"live"}
    return {one["function_name"]: one["arn"] for one in found}


def cluster_and_function(name: str) -> tuple[str, str]:
    """What a function's name on AWS is made of; a cluster's may have hyphens."""
    cluster, function = name.removeprefix("mcos-").rsplit("-", 1)
    return cluster, function


def test_every_cluster_has_the_routes_of_the_openapi_document(deployment: Deployment) -> None:
    routes = deployment.of_type("aws_apigatewayv2_route")
    for api in deployment.of_type("aws_apigatewayv2_api"):
        here = {route["route_key"] for route in routes if route["api_id"] == api["id"]}
        assert here == {*operations(), "$default"}


def test_a_route_leads_to_its_function(deployment: Deployment) -> None:
    targets = {
        f"integrations/{one['id']}": one["integration_uri"]
        for one in deployment.of_type("aws_apigatewayv2_integration")
    }
    wanted = {**operations(), "$default": "no_route"}
    for route in deployment.of_type("aws_apigatewayv2_route"):
        function = wanted[route["route_key"]]
        called = targets[route["target"]].split("/functions/")[1].split("/")[0]
        assert called.endswith(f"-{function}:live")
        # Each call is one function, which verifies its token.
        assert route["authorization_type"] == "NONE"


def test_logs_of_the_entry_points_hold_no_names_and_no_payloads(deployment: Deployment) -> None:
    for stage in deployment.of_type("aws_apigatewayv2_stage"):
        (settings,) = stage["access_log_settings"]
        logged = set(json.loads(settings["format"]).values())
        assert not {value for value in logged if "path" in value.lower() or "header" in value}
    for machine in deployment.of_type("aws_sfn_state_machine"):
        (settings,) = machine["logging_configuration"]
        assert (settings["level"], settings["include_execution_data"]) == ("ERROR", False)


def test_login_is_throttled_harder(deployment: Deployment) -> None:
    for stage in deployment.of_type("aws_apigatewayv2_stage"):
        (general,) = stage["default_route_settings"]
        limited = {
            one["route_key"]: one["throttling_rate_limit"] for one in stage["route_settings"]
        }
        assert limited.keys() == {"POST /v1/login", "PUT /v1/password"}
        assert all(0 < rate < general["throttling_rate_limit"] for rate in limited.values())


def test_tables_are_encrypted_and_can_be_restored(deployment: Deployment) -> None:
    tables = deployment.of_type("aws_dynamodb_table")
    names = (
        "accounts",
        "containers",
        "deleted",
        "jobs",
        "logins",
        "objects",
        "registry",
        "shares",
        "uploads",
        "usage",
    )
    assert sorted(table["name"] for table in tables) == [f"mcos-{name}" for name in names]
    for table in tables:
        assert table["server_side_encryption"][0]["enabled"]
        assert table["point_in_time_recovery"][0]["enabled"]
        assert table["billing_mode"] == "PAY_PER_REQUEST"


def test_nothing_is_removed_by_dynamodb(deployment: Deployment) -> None:
    """A table that is strongly consistent in several regions knows no time to live."""
    tables = deployment.of_type("aws_dynamodb_table")
    assert tables
    assert not [one for table in tables for one in table["ttl"] if one["enabled"]]


def test_a_cluster_is_announced_as_the_functions_read_it(deployment: Deployment) -> None:
    functions = aliases(deployment)
    rows = [json.loads(row["item"]) for row in deployment.of_type("aws_dynamodb_table_item")]
    announced = {row["name"]["S"]: json.loads(row["document"]["S"]) for row in rows}
    assert sorted(announced) == deployment.clusters
    assert all(set(row) == {"kind", "name", "document"} for row in rows)
    assert {row["kind"]["S"] for row in rows} == {"cluster"}
    for name, document in announced.items():
        said = deployment.variables["clusters"][name]
        cluster = Cluster(name=name, **document)
        assert (cluster.backend, cluster.provider, cluster.location, cluster.labels) == (
            said["backend"],
            said["provider"],
            said["location"],
            said["labels"],
        )
        assert cluster.weight == said.get("weight", 1)
        assert cluster.put_replica == functions[f"mcos-{name}-put_replica"]
        assert cluster.put_parts == functions[f"mcos-{name}-put_parts"]
        assert cluster.get_replica == functions[f"mcos-{name}-get_replica"]
        # An operator's word and the health check's are not Terraform's.
        assert not {"operator_state", "health"} & set(document)


def test_every_cluster_is_looked_after_every_minute(deployment: Deployment) -> None:
    functions = {arn: name for name, arn in aliases(deployment).items()}
    called: list[tuple[str, str]] = []
    for schedule in deployment.of_type("aws_scheduler_schedule"):
        if schedule["name"].endswith(("-write_snapshot", "-watch_cluster")):
            continue
        assert schedule["schedule_expression"] == "rate(1 minute)"
        (target,) = schedule["target"]
        assert target["retry_policy"][0]["maximum_retry_attempts"] == 0
        called.append(cluster_and_function(functions[target["arn"]]))
    workers = ("check_health", "run_jobs", "scrub_backend", "sweep_pending")
    assert sorted(called) == [
        (cluster, worker) for cluster in deployment.clusters for worker in workers
    ]


def test_every_cluster_is_watched_as_often_as_who_watches_is_expected_to(
    deployment: Deployment,
) -> None:
    schedules = [
        one
        for one in deployment.of_type("aws_scheduler_schedule")
        if one["name"].endswith("-watch_cluster")
    ]
    assert len(schedules) == len(deployment.clusters)
    minutes = limits.WATCH_SECONDS // 60
    assert {one["schedule_expression"] for one in schedules} == {f"rate({minutes} minutes)"}


def test_a_snapshot_is_looked_after_every_hour(deployment: Deployment) -> None:
    (schedule,) = [
        one
        for one in deployment.of_type("aws_scheduler_schedule")
        if one["name"].endswith("-write_snapshot")
    ]
    assert schedule["schedule_expression"] == "rate(1 hour)"


def test_operators_calls_start_their_own_clusters_jobs(deployment: Deployment) -> None:
    functions = deployment.of_type("aws_lambda_function")
    arns = aliases(deployment)
    told: dict[str, Any] = {}
    for function in functions:
        (environment,) = function["environment"]
        if "MCOS_RUN_JOBS" in environment["variables"]:
            told[function["function_name"]] = environment["variables"]["MCOS_RUN_JOBS"]
    assert told == {
        f"mcos-{cluster}-{name}": arns[f"mcos-{cluster}-run_jobs"]
        for cluster in deployment.clusters
        for name in ("admin_clusters", "admin_jobs")
    }


def test_queues_and_buckets_are_encrypted_and_closed(deployment: Deployment) -> None:
    assert all(queue["sqs_managed_sse_enabled"] for queue in deployment.of_type("aws_sqs_queue"))
    buckets = {bucket["id"] for bucket in deployment.of_type("aws_s3_bucket")}
    blocks = deployment.of_type("aws_s3_bucket_public_access_block")
    rules = ["block_public_acls", "block_public_policy"]
    rules += ["ignore_public_acls", "restrict_public_buckets"]
    assert {one["bucket"] for one in blocks if all(one[rule] for rule in rules)} == buckets
    encrypted = deployment.of_type("aws_s3_bucket_server_side_encryption_configuration")
    assert {one["bucket"] for one in encrypted} == buckets


def test_a_bad_message_repeats_alone_and_ends_in_the_dead_letter_queue(
    deployment: Deployment,
) -> None:
    for mapping in deployment.of_type("aws_lambda_event_source_mapping"):
        # What the journal's writer reads comes again as a whole.
        if not mapping["function_name"].endswith("-write_journal:live"):
            assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    queues = {queue["arn"]: queue for queue in deployment.of_type("aws_sqs_queue")}
    read = [queue for queue in queues.values() if queue["redrive_policy"]]
    assert sorted(queue["name"] for queue in read) == sorted(
        f"mcos-{cluster}-{kind}"
        for cluster in deployment.clusters
        for kind in ("inbound", "repair", "replicate")
    )
    for queue in read:
        redrive = json.loads(queue["redrive_policy"])
        # Of what a backend owes as many as SQS counts, which takes a day; what cannot be taken in
        # leaves its queue at once.
        inbound = queue["name"].endswith("-inbound")
        assert redrive["maxReceiveCount"] == (100 if inbound else 1000)
        dead = queues[redrive["deadLetterTargetArn"]]
        assert dead["message_retention_seconds"] == 14 * 24 * 3600
        # A message keeps its age when it moves.
        assert queue["message_retention_seconds"] == (7 if inbound else 14) * 24 * 3600


def test_what_works_in_the_background_has_a_limited_number_of_readers(
    deployment: Deployment,
) -> None:
    scaling = {
        cluster_and_function(mapping["function_arn"].split(":")[6])[1]: mapping["scaling_config"]
        for mapping in deployment.of_type("aws_lambda_event_source_mapping")
    }
    for function in ("replicate_version", "repair_replica"):
        assert scaling[function][0]["maximum_concurrency"] == 2
    for cluster in deployment.clusters:
        functions = {one["function_name"]: one for one in deployment.of_type("aws_lambda_function")}
        queues = {one["name"]: one for one in deployment.of_type("aws_sqs_queue")}
        reader = functions[f"mcos-{cluster}-replicate_version"]
        hidden = queues[f"mcos-{cluster}-replicate"]["visibility_timeout_seconds"]
        # A message that is held is not delivered again, and its execution ends before its holder.
        assert limits.EXECUTION_SECONDS < reader["timeout"] < hidden


def test_s3_tells_of_what_others_put_into_staging_and_of_nothing_else(
    deployment: Deployment,
) -> None:
    queues = {queue["name"]: queue for queue in deployment.of_type("aws_sqs_queue")}
    told = {one["bucket"]: one["queue"] for one in deployment.of_type("aws_s3_bucket_notification")}
    versioned = {
        one["bucket"]
        for one in deployment.of_type("aws_s3_bucket_versioning")
        if one["versioning_configuration"][0]["status"] == "Enabled"
    }
    for cluster in deployment.clusters:
        bucket = f"mcos-{cluster}-staging-000000000000"
        queue = queues[f"mcos-{cluster}-inbound"]
        assert sorted(one["filter_prefix"] for one in told[bucket]) == ["incoming/", "uploads/"]
        assert {one["queue_arn"] for one in told[bucket]} == {queue["arn"]}
        assert {event for one in told[bucket] for event in one["events"]} == {"s3:ObjectCreated:*"}
        assert bucket in versioned
        (statement,) = json.loads(queue["policy"])["Statement"]
        assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
        assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}


def test_what_changes_of_objects_is_published_once_for_all_clusters(deployment: Deployment) -> None:
    streams = {
        table["name"]: (table["stream_arn"], table["stream_view_type"])
        for table in deployment.of_type("aws_dynamodb_table")
        if table["stream_enabled"]
    }
    assert streams.keys() == {f"mcos-{table}" for table in (*JOURNALED, "uploads")}
    assert {images for _, images in streams.values()} == {"NEW_AND_OLD_IMAGES"}
    publisher = f"mcos-{deployment.clusters[0]}-publish_changes"
    readers = _stream_readers(deployment)
    assert [one["event_source_arn"] for one in readers[publisher]] == [streams["mcos-objects"][0]]
    (bus,) = deployment.of_type("aws_cloudwatch_event_bus")
    functions = {one["function_name"]: one for one in deployment.of_type("aws_lambda_function")}
    (environment,) = functions[publisher]["environment"]
    assert environment["variables"]["MCOS_EVENT_BUS"] == bus["name"] == "mcos"


def _stream_readers(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    """The event sources of streams, by the function that reads them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in deployment.of_type("aws_lambda_event_source_mapping"):
        if "/stream/" in one["event_source_arn"]:
            found.setdefault(one["function_name"].split(":")[6], []).append(one)
    return found


def test_the_journal_is_written_once_for_all_clusters(deployment: Deployment) -> None:
    streams = {
        table["stream_arn"]
        for table in deployment.of_type("aws_dynamodb_table")
        if table["stream_enabled"]
    }
    readers = _stream_readers(deployment)
    assert len(readers) == 2  # a stream has no more readers than these two
    mappings = readers[f"mcos-{deployment.clusters[0]}-write_journal"]
    assert {one["event_source_arn"] for one in mappings} == streams
    for one in mappings:
        assert one["maximum_batching_window_in_seconds"] == 10
        assert one["maximum_retry_attempts"] == -1
        assert one["starting_position"] == "TRIM_HORIZON"


def test_a_change_that_cannot_be_published_is_kept_in_mind(deployment: Deployment) -> None:
    (queue,) = [
        one
        for one in deployment.of_type("aws_sqs_queue")
        if one["name"] == "mcos-unpublished-events"
    ]
    publisher = f"mcos-{deployment.clusters[0]}-publish_changes"
    (mapping,) = _stream_readers(deployment)[publisher]
    (destination,) = mapping["destination_config"]
    assert destination["on_failure"][0]["destination_arn"] == queue["arn"]
    assert mapping["starting_position"] == "TRIM_HORIZON"
    assert mapping["bisect_batch_on_function_error"]
    # Nothing but its age ends the tries, shortly before the stream forgets it.
    assert mapping["maximum_retry_attempts"] == -1
    assert 20 * 3600 < mapping["maximum_record_age_in_seconds"] < 24 * 3600


def test_a_function_has_only_the_layers_it_uses(deployment: Deployment) -> None:
    touching = {
        "check_health",
        "download_object",
        "download_shared",
        "get_replica",
        "put_parts",
        "put_replica",
        "repair_replica",
        "scrub_backend",
    }
    for function in deployment.of_type("aws_lambda_function"):
        cluster, name = cluster_and_function(function["function_name"])
        wanted = ["mcos", "common"]
        if name in set(API) - WITHOUT_TOKENS:
            wanted.append("auth")
        if name in touching:
            wanted.append(BACKEND_LAYERS[deployment.variables["clusters"][cluster]["backend"]])
        (environment,) = function["environment"]
        folders = environment["variables"].get("PYTHONPATH")
        if folders is None:
            has = [arn.split(":")[6].split("-", 1)[1] for arn in function["layers"]]
        else:
            assert not function["layers"]
            first, *others = map(Path, folders.split(os.pathsep))
            assert first.name == "isolation"
            has = [folder.name.split("-")[0] for folder in others]
        assert has == wanted


def test_no_secret_is_in_the_state_or_in_an_environment(deployment: Deployment) -> None:
    for version in deployment.of_type("aws_secretsmanager_secret_version"):
        assert not version["secret_string"]
        assert version["secret_string_wo"] is None
    description = local.describe(INSTANCE.name)
    secret = ("secret_key", "key", "password")
    for backend in description["backends"].values():
        for name in secret:
            value = backend.get(name)
            # Some local services have keys that are words; those cannot be told from other text.
            if value and len(value) > 8:
                assert value not in deployment.state_text


def test_nothing_calls_a_function_but_by_its_alias(deployment: Deployment) -> None:
    """So a function changes for all its callers at once, and goes back at once."""
    callers = {
        "aws_apigatewayv2_authorizer": ("authorizer_uri",),
        "aws_apigatewayv2_integration": ("integration_uri",),
        "aws_dynamodb_table_item": ("item",),
        "aws_lambda_event_source_mapping": ("function_arn", "function_name"),
        "aws_scheduler_schedule": ("target",),
        "aws_sfn_state_machine": ("definition",),
    }
    named = re.compile(r"function:([a-z0-9_-]+)(:[a-zA-Z0-9$_-]+)?")
    found: set[str] = set()
    for kind, attributes in callers.items():
        for one in deployment.of_type(kind):
            for attribute in attributes:
                for name, qualifier in named.findall(json.dumps(one[attribute])):
                    assert qualifier == ":live", (one["address"], attribute)
                    found.add(name)
    assert len(found) > 25 * len(deployment.clusters)
    live = aliases(deployment)
    functions = {one["function_name"]: one for one in deployment.of_type("aws_lambda_function")}
    assert live.keys() == functions.keys()
    versions = {
        one["function_name"]: one["function_version"]
        for one in deployment.of_type("aws_lambda_alias")
    }
    assert versions == {name: one["version"] for name, one in functions.items()}
    assert {len(one["description"].split("+")) for one in functions.values()} == {2}
    assert len({one["description"] for one in functions.values()}) == 1


def test_every_function_of_every_cluster_has_a_log_that_ends(deployment: Deployment) -> None:
    functions = {one["function_name"] for one in deployment.of_type("aws_lambda_function")}
    groups = {
        one["name"].removeprefix("/aws/lambda/")
        for one in deployment.of_type("aws_cloudwatch_log_group")
        if one["retention_in_days"]
    }
    once = ["publish_changes", "write_journal", "write_snapshot"]
    assert len(functions) == 39 * len(deployment.clusters) + len(once)
    assert functions <= groups
