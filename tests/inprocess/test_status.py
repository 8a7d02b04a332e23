"""The operators' call that tells how the deployment is."""

from typing import Any

import pytest

from mcos.catalog import accounts
from mcos.model.accounts import Role
from tests.support.cloud import ASYNC, CLUSTERS, Cloud, arn
from tests.support.user import User


@pytest.fixture
def operator(cloud: Cloud) -> str:
    """The token of an operator."""
    with cloud.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    return cloud.token("ops")


def status(cloud: Cloud, token: str, *, at: str = "s3") -> Any:
    reply = cloud.call(at, "GET", "/v1/admin/status", token=token)
    assert reply.status == 200
    return reply.json()


def test_a_deployment_that_has_just_begun_is_well(cloud: Cloud, operator: str) -> None:
    found = status(cloud, operator)
    assert (found["well"], found["findings"]) == (True, [])
    assert [one["name"] for one in found["clusters"]] == sorted(CLUSTERS)
    assert {one["watched_at"] for one in found["clusters"]} == {None}


def test_every_entry_point_says_what_each_cluster_found_when_it_was_watched(
    cloud: Cloud, operator: str
) -> None:
    for name in CLUSTERS:
        cloud.invoke(arn(name, "check_health"), {})
    user = User(cloud)
    user.create("a", b"content", ASYNC)
    cloud.clock.advance(60)
    cloud.ingest("swift", "nobody understands it")
    cloud.watch()
    for at in CLUSTERS:
        found = status(cloud, operator, at=at)
        assert not found["well"]
        assert [(one["concern"], one["cluster"]) for one in found["findings"]] == [
            ("dead-letters", "swift")
        ]
        clusters = {one["name"]: one for one in found["clusters"]}
        queues = {one["name"]: one for one in clusters["s3"]["queues"]}
        assert queues["replicate"]["ready"] == 1
        assert queues["replicate"]["busy_since"] is not None
        assert clusters["s3"]["unsettled_seconds"] >= 60
        assert clusters["ceph"]["unsettled_seconds"] == 0


def test_what_the_registry_says_is_as_it_is_now(cloud: Cloud, operator: str) -> None:
    cloud.invoke(arn("ceph", "check_health"), {})
    cloud.watch()
    cloud.clock.advance(700)
    found = status(cloud, operator)
    assert ("silent", "ceph") in {(one["concern"], one["cluster"]) for one in found["findings"]}


def test_it_is_for_operators(cloud: Cloud, user: User) -> None:
    assert user.call("GET", "/v1/admin/status").status == 403


def test_a_status_is_three_network_calls_and_the_check_of_who_asks(
    cloud: Cloud, operator: str
) -> None:
    status(cloud, operator)
    with cloud.network.record() as calls:
        status(cloud, operator)
    assert [call.name for call in calls] == [
        "dynamodb:GetItem",
        "dynamodb:Scan",
        "dynamodb:GetItem",
        "dynamodb:Scan",
    ]


def test_a_cluster_that_is_unlinked_is_not_told_of_any_more(cloud: Cloud, operator: str) -> None:
    cloud.watch()
    cloud.unregister("ceph")
    found = status(cloud, operator)
    assert [one["name"] for one in found["clusters"]] == ["s3", "swift"]
    assert not found["findings"]
