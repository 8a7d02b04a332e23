"""How many network calls a warm call makes: what it costs, and how long it takes."""

import pytest

from mcos.catalog.registry import all_clusters
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.paths import container_path, object_path, stat_path

PATH = object_path("photos", "sea.jpg")


@pytest.fixture
def token(cloud: Cloud) -> str:
    """A token of an account with an object; every function is warm."""
    token = cloud.token("ada")
    cloud.call("s3", "PUT", container_path("photos"), token=token)
    cloud.call("s3", "POST", PATH, headers=SYNC, body=b"bytes", token=token)
    for cluster in CLUSTERS:
        cloud.call(cluster, "GET", PATH, token=token)
    all_clusters()
    return token


def calls_of(
    cloud: Cloud,
    token: str,
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    at: str = "s3",
) -> list[str]:
    """What a call calls over the network, in order, its workers' calls among them."""
    with cloud.network.record() as calls:
        cloud.call(at, method, target, headers=headers, body=body, token=token)
    return [call.name for call in calls]


def test_a_sync_create_makes_four_calls_beside_the_three_writes(cloud: Cloud, token: str) -> None:
    calls = calls_of(cloud, token, "POST", object_path("photos", "new"), SYNC, b"bytes")
    assert calls == [
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "sfn:StartSyncExecution",
        *["backend:put"] * 3,
        "dynamodb:PutItem",
    ]


def test_an_async_create_is_taken_with_four_calls(cloud: Cloud, token: str) -> None:
    calls = calls_of(cloud, token, "POST", object_path("photos", "new"), ASYNC, b"bytes")
    assert calls == [
        "s3:PutObject",
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "sqs:SendMessage",
    ]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("HEAD", PATH),
        ("GET", stat_path("photos", "sea.jpg")),
        ("GET", f"{stat_path('photos', 'sea.jpg')}?wait=25"),
        ("GET", f"{container_path('photos')}/objects"),
        ("GET", f"{container_path('photos')}/objects?delimiter=/&prefix=sea&marker=a"),
        ("GET", "/v1/containers"),
        ("PUT", container_path("more photos")),
    ],
)
def test_a_call_that_looks_makes_one(cloud: Cloud, token: str, method: str, target: str) -> None:
    assert len(calls_of(cloud, token, method, target)) == 1


def test_a_download_makes_two_where_the_replica_is(cloud: Cloud, token: str) -> None:
    for cluster in CLUSTERS:
        calls = calls_of(cloud, token, "GET", PATH, at=cluster)
        assert calls == ["dynamodb:GetItem", "backend:get"]


def test_a_download_makes_two_where_the_replica_is_elsewhere(cloud: Cloud, token: str) -> None:
    """What the other cluster's function calls is not the caller's."""
    cloud.backends["s3"].refuse()
    calls = calls_of(cloud, token, "GET", PATH)
    assert calls == ["dynamodb:GetItem", "backend:get", "lambda:Invoke", "backend:get"]


def test_a_refusal_costs_at_most_a_look(cloud: Cloud, token: str) -> None:
    assert calls_of(cloud, "", "GET", PATH) == []
    assert calls_of(cloud, token, "GET", object_path("photos", "\0")) == []
    assert calls_of(cloud, token, "PUT", container_path("x" * 257)) == []
    too_large = calls_of(cloud, token, "POST", PATH, ASYNC, bytes(4_500_001))
    assert too_large == []
    again = calls_of(cloud, token, "POST", PATH, SYNC, b"bytes")
    assert again == ["dynamodb:PutItem", "dynamodb:GetItem"]
