"""What is there and not in Terraform's state is found; moto stands in for the emulator."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.snapshot import forget_everything
from tools import adopt
from tools.adopt import Adopter, Creation
from tools.terraform import ROOT


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        forget_everything()
        yield boto3.Session(region_name="us-east-1")


def planned(type: str, **values: Any) -> Creation:  # noqa: A002
    return Creation(f"{type}.this", type, values)


def imports(session: Any, *creations: Creation) -> dict[str, str]:
    return Adopter(session).imports(creations)


def test_what_is_not_there_is_created(session: Any) -> None:
    assert imports(session, planned("aws_cloudwatch_log_group", name="/aws/lambda/f")) == {}


def test_an_api_tells_that_something_is_there(session: Any) -> None:
    assert not Adopter(session).has_apis()
    session.client("apigatewayv2").create_api(Name="mcos-s3", ProtocolType="HTTP")
    assert Adopter(session).has_apis()


def test_a_log_group_that_something_else_has_made_is_taken_over(session: Any) -> None:
    session.client("logs").create_log_group(logGroupName="/aws/lambda/f")
    found = imports(
        session,
        planned("aws_cloudwatch_log_group", name="/aws/lambda/f"),
        Creation("other", "aws_cloudwatch_log_group", {"name": "/aws/lambda/g"}),
    )
    assert found == {"aws_cloudwatch_log_group.this": "/aws/lambda/f"}


def test_what_holds_data_is_taken_over_by_what_import_calls_it(session: Any) -> None:
    queue = session.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    secret = session.client("secretsmanager").create_secret(Name=f"s-{0:026}", SecretString="x")[
        "ARN"
    ]
    session.client("s3").create_bucket(Bucket="bucket")
    session.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found = imports(
        session,
        planned("aws_sqs_queue", name="q"),
        planned("aws_secretsmanager_secret", name_prefix="s-"),
        planned("aws_s3_bucket", bucket="bucket"),
        planned("aws_dynamodb_table", name="t"),
    )
    assert found == {
        "aws_sqs_queue.this": queue,
        "aws_secretsmanager_secret.this": secret,
        "aws_s3_bucket.this": "bucket",
        "aws_dynamodb_table.this": "t",
    }


def test_routes_are_known_once_their_entry_point_is(session: Any) -> None:
    apis = session.client("apigatewayv2")
    api = apis.create_api(Name="mcos-s3", ProtocolType="HTTP")["ApiId"]
    route = apis.create_route(ApiId=api, RouteKey="GET /v1/containers")["RouteId"]
    entry_point = planned("aws_apigatewayv2_api", name="mcos-s3")
    unknown = planned("aws_apigatewayv2_route", route_key="GET /v1/containers")
    assert imports(session, entry_point, unknown) == {"aws_apigatewayv2_api.this": api}
    known = planned("aws_apigatewayv2_route", api_id=api, route_key="GET /v1/containers")
    assert imports(session, known) == {"aws_apigatewayv2_route.this": f"{api}/{route}"}


def test_an_item_that_is_there_is_removed_as_it_can_only_be_created(session: Any) -> None:
    tables = session.client("dynamodb")
    tables.create_table(
        TableName="registry",
        KeySchema=[
            {"AttributeName": "kind", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("kind", "name")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for kind in ("cluster", "operator"):
        item = {"kind": {"S": kind}, "name": {"S": "s3"}}
        tables.put_item(TableName="registry", Item=item)
    row = planned(
        "aws_dynamodb_table_item",
        table_name="registry",
        hash_key="kind",
        range_key="name",
        item=json.dumps({"kind": {"S": "cluster"}, "name": {"S": "s3"}, "document": {"S": "{}"}}),
    )
    Adopter(session).remove_items([row])
    left = tables.scan(TableName="registry")["Items"]
    assert [item["kind"]["S"] for item in left] == ["operator"]


def test_only_what_is_created_and_not_imported_is_looked_for() -> None:
    changes = {
        "new": {"actions": ["create"], "after": {"name": "new"}},
        "same": {"actions": ["no-op"], "after": {"name": "same"}},
        "taken over": {"actions": ["no-op"], "after": {"name": "x"}, "importing": {"id": "x"}},
        "replaced": {"actions": ["delete", "create"], "after": {"name": "replaced"}},
    }
    plan = {
        "resource_changes": [
            {"address": address, "type": "aws_iam_role", "change": change}
            for address, change in changes.items()
        ]
    }
    assert adopt.creations(plan) == [Creation("new", "aws_iam_role", {"name": "new"})]


def test_the_configuration_that_imports_is_a_copy(tmp_path: Path) -> None:
    address = 'module.cluster["s3"].aws_iam_role.function["login"]'
    (tmp_path / "left by an earlier one").touch()
    root = adopt.configuration_with({address: "mcos-s3-login"}, tmp_path)
    assert f'to = {address}\n  id = "mcos-s3-login"' in (root / adopt.IMPORTS).read_text()
    assert not (ROOT / "infra/terraform" / adopt.IMPORTS).exists()
    original = ROOT / "infra/terraform"
    for file in [*original.glob("*.tf"), *original.glob("modules/*/*.tf")]:
        assert (root / file.relative_to(original)).read_text() == file.read_text()
    # What the configuration reads beside itself.
    assert (root / "../../openapi.yaml").exists()
    assert (root / "../../statemachines/replicate_object.asl.json").exists()
    assert not (tmp_path / "left by an earlier one").exists()
