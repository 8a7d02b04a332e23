"""One account never sees or touches another's data: two accounts that use the same names."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.paths import container_path, object_path, stat_path
from tests.support.token_keys import KEYS, made_key, use_keys

CONTAINER, NAME = "photos", "sea.jpg"
PATH = object_path(CONTAINER, NAME)


def with_object(cloud: Cloud, account: str, content: bytes) -> str:
    """Make the container and the object for an account; its token."""
    token = cloud.token(account)
    cloud.call("s3", "PUT", container_path(CONTAINER), token=token)
    reply = cloud.call("s3", "POST", PATH, headers=SYNC, body=content, token=token)
    assert reply.status == 201
    return token


def test_the_same_names_are_different_objects_for_different_accounts(cloud: Cloud) -> None:
    ada = with_object(cloud, "ada", b"ada's bytes")
    bob = with_object(cloud, "bob", b"bob's bytes")
    cloud.call("swift", "PUT", PATH, headers=ASYNC, body=b"ada's later bytes", token=ada)
    cloud.settle()
    for cluster in CLUSTERS:
        assert cloud.call(cluster, "GET", PATH, token=ada).body == b"ada's later bytes"
        assert cloud.call(cluster, "GET", PATH, token=bob).body == b"bob's bytes"


def test_what_one_account_has_is_not_there_for_another(cloud: Cloud) -> None:
    with_object(cloud, "ada", b"ada's bytes")
    bob = cloud.token("bob")
    before = cloud.replicas("ada")
    refusals = {
        ("GET", f"{container_path(CONTAINER)}/objects"): "container_not_found",
        ("DELETE", container_path(CONTAINER)): "container_not_found",
        ("POST", object_path(CONTAINER, "mine")): "container_not_found",
        ("POST", PATH): "container_not_found",
        ("PUT", PATH): "object_not_found",
        ("GET", PATH): "object_not_found",
        ("DELETE", PATH): "object_not_found",
        ("GET", stat_path(CONTAINER, NAME)): "object_not_found",
    }
    for (method, path), code in refusals.items():
        reply = cloud.call("ceph", method, path, headers=SYNC, body=b"bob's", token=bob)
        assert reply.code == code, (method, path)
    assert cloud.call("s3", "GET", "/v1/containers", token=bob).json()["containers"] == []
    cloud.settle()
    assert cloud.replicas("ada") == before
    assert cloud.records("bob") == []


def test_a_container_of_one_account_may_go_while_another_keeps_its_own(cloud: Cloud) -> None:
    ada = with_object(cloud, "ada", b"ada's bytes")
    bob = cloud.token("bob")
    cloud.call("s3", "PUT", container_path(CONTAINER), token=bob)
    assert cloud.call("s3", "DELETE", container_path(CONTAINER), token=bob).status == 204
    assert cloud.call("s3", "GET", PATH, token=ada).body == b"ada's bytes"
    assert cloud.call("s3", "DELETE", container_path(CONTAINER), token=ada).status == 409


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada", "ada.a"), ("ada", "Ada"), ("a", "a-b"), ("ada@a", "ada@a.b")],
)
def test_accounts_whose_names_look_alike_share_nothing(cloud: Cloud, one: str, other: str) -> None:
    first = with_object(cloud, one, b"one")
    second = with_object(cloud, other, b"other")
    assert cloud.call("s3", "DELETE", PATH, headers=SYNC, token=first).status == 204
    cloud.settle()
    assert cloud.call("s3", "GET", PATH, token=second).body == b"other"
    cloud.check_storage(one)
    cloud.check_storage(other)


def test_a_container_name_cannot_reach_into_another_account(cloud: Cloud) -> None:
    """``account/container`` is the partition of a container's objects."""
    with_object(cloud, "ada", b"ada's bytes")
    bob = cloud.token("bob")
    for container in ("../ada/photos", "/photos", "ada/photos"):
        reply = cloud.call("s3", "GET", f"{container_path(container)}/objects", token=bob)
        assert (reply.status, reply.code) == (400, "invalid_name")
        plain = f"/v1/containers/{quote(container, safe='')}/objects"
        assert cloud.call("s3", "GET", plain, token=bob).status == 404


def test_a_token_of_another_service_with_our_account_in_it_is_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_object(cloud, "ada", b"ada's bytes")
    with monkeypatch.context() as patch:
        # Whatever it says of its key.
        (ours,) = KEYS
        use_keys(patch, replace(made_key("a key of another service"), id=ours.id))
        forged = cloud.token("ada")
    for cluster in CLUSTERS:
        assert cloud.call(cluster, "GET", PATH, token=forged).code == "token_invalid"


def test_a_token_that_has_expired_is_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    with_object(cloud, "ada", b"ada's bytes")
    with monkeypatch.context() as patch:
        patch.setattr("mcos.limits.TOKEN_SECONDS", -1)
        expired = cloud.token("ada")
    assert cloud.call("s3", "GET", PATH, token=expired).code == "token_expired"
