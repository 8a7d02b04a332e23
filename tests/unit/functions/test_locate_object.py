"""Where an object is, where it would be, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcos.admin import clusters
from mcos.catalog import containers, objects, registry
from mcos.catalog.registry import current_registry
from mcos.model.clusters import ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.model.versions import Replica, Version
from mcos.placement import resolver
from tests.support.api import call
from tests.support.builders import record, version
from tests.support.network import Network

pytestmark = pytest.mark.usefixtures("linked")

PATH = "/v1/containers/photos/placement/may/sea.jpg"
KEY = ObjectKey("ada", "photos", "may/sea.jpg")
PAIR = StoragePolicy("pair", (PolicyPart(1, must={"speed": "fast"}), PolicyPart(1)), 1)


def store(current: Version) -> None:
    objects.change(KEY, lambda found: record(current=current))


def test_an_object_that_is_not_there_has_a_place_and_no_replicas() -> None:
    registry.write_policy(PAIR)
    containers.create("ada", "photos", storage_policy="pair")
    reply = call("GET", PATH)
    assert reply.status == 200
    found = reply.json()
    assert (found["name"], found["container"]) == ("may/sea.jpg", "photos")
    assert (found["version"], found["replicas"]) == (None, [])
    assert found["storage_policy"] == {
        "name": "pair",
        "parts": [
            {"replicas": 1, "must": {"speed": "fast"}, "should": {}},
            {"replicas": 1, "must": {}, "should": {}},
        ],
        "readable": 1,
    }
    placed = resolver.place(current_registry().clusters.values(), PAIR, KEY)
    roles = [(one["cluster"], one["role"], one["part"]) for one in found["placement"]]
    assert roles[:2] == [(one.name, "target", part) for part, one in enumerate(placed.targets)]
    assert [name for name, role, _ in roles if role == "spare"] == [
        one.name for one in placed.spares
    ]
    assert {one["cluster"] for one in found["placement"]} == set(current_registry().clusters)
    fast = next(one for one in found["placement"] if one["cluster"] == "s3")
    assert (fast["labels"], fast["state"], fast["provider"]) == (
        {"speed": "fast"},
        "ACTIVE",
        "s3",
    )
    assert all(one["reason"] for one in found["placement"])


def test_an_object_that_is_there_is_told_of_with_its_replicas_and_its_own_policy() -> None:
    registry.write_policy(PAIR)
    containers.create("ada", "photos", storage_policy="default")
    held = {
        "s3": Replica("s3", stored=True, leaving=True),
        "ceph": Replica("ceph", stored=True),
        "swift": Replica("swift"),
        "gone": Replica("s3", stored=True),
    }
    store(replace(version(1), storage_policy="pair", replicas=held))
    clusters.change_cluster("ceph", {"state": ClusterState.DRAINING})
    found = call("GET", PATH).json()
    assert found["storage_policy"]["name"] == "pair"
    assert found["version"] == version(1).id
    assert [(one["cluster"], one["state"]) for one in found["replicas"]] == [
        ("s3", "leaving"),
        ("ceph", "stored"),
        ("swift", "writing"),
        ("gone", "stored"),
    ]
    assert [one["provider"] for one in found["replicas"]] == ["s3", "ceph", "swift", None]
    ceph = next(one for one in found["placement"] if one["cluster"] == "ceph")
    assert (ceph["role"], ceph["state"]) == ("excluded", "DRAINING")
    assert "DRAINING" in ceph["reason"]


def test_the_policy_is_that_of_the_version_accepted_last() -> None:
    registry.write_policy(PAIR)
    following = replace(version(2), storage_policy="pair")
    objects.change(KEY, lambda found: record(current=version(1), pending=(following,)))
    found = call("GET", PATH).json()
    assert (found["version"], found["storage_policy"]["name"]) == (version(1).id, "pair")


def test_what_cannot_be_placed_now_is_told_of_without_targets() -> None:
    containers.create("ada", "photos", storage_policy="default")
    for name in ("s3", "ceph"):
        clusters.change_cluster(name, {"state": ClusterState.DOWN})
    roles = {one["cluster"]: one["role"] for one in call("GET", PATH).json()["placement"]}
    assert roles == {"s3": "excluded", "ceph": "excluded", "swift": "spare", "swift-2": "spare"}


def test_what_cannot_be_told_of_is_refused() -> None:
    assert call("GET", PATH).code == "container_not_found"
    assert call("GET", f"/v1/containers/photos/placement/{'a' * 1025}").code == "invalid_name"
    containers.create("bob", "photos", storage_policy="default")
    assert call("GET", PATH).code == "container_not_found"
    assert call("GET", PATH, account=None).code == "token_missing"


def test_an_object_whose_policy_is_gone_is_told_of_as_anywhere() -> None:
    containers.create("ada", "photos", storage_policy="default")
    store(replace(version(1), storage_policy="gone"))
    policy = call("GET", PATH).json()["storage_policy"]
    assert (policy["name"], policy["parts"][0]["replicas"]) == ("gone", 3)


def test_it_costs_one_call_and_two_for_what_is_not_there(network: Network) -> None:
    containers.create("ada", "photos", storage_policy="default")
    current_registry(fresh=True)
    with network.record() as calls:
        call("GET", PATH)
    assert [one.name for one in calls] == ["dynamodb:GetItem"] * 2
    store(version(1))
    with network.record() as calls:
        call("GET", PATH)
    assert [one.name for one in calls] == ["dynamodb:GetItem"]
