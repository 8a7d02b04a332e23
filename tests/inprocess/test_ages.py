"""What a warm function keeps has an age by the wall clock: its own stands still while it is frozen.

An hour passes between two calls in which the function does not run, so that only ``clock.moment``
tells of it.
"""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from mcos import limits
from mcos.auth import revocation
from mcos.replicas.backend import own_backend
from mcos.settings import settings
from tests.support.cloud import Cloud
from tests.support.paths import container_path
from tests.support.user import User


def rotate(cloud: Cloud, name: str, text: str) -> None:
    with cloud.network.outside():
        cloud.client("secretsmanager").put_secret_value(SecretId=name, SecretString=text)


def freeze(cloud: Cloud, seconds: float) -> None:
    """Let time pass in which the functions are frozen."""
    elapsed = cloud.clock.elapsed()
    cloud.clock.freeze(seconds)
    assert cloud.clock.elapsed() == elapsed


def test_a_backends_credentials_that_were_rotated_are_used(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def open_backend(kind: str, values: Any, timeouts: Any = None) -> Any:
        opened.append(values)
        return cloud.open_backend(kind, values, timeouts)

    monkeypatch.setattr("mcos.replicas.backend.open_backend", open_backend)
    with cloud.at("ceph"):
        own_backend().list()
        own_backend().list()
        rotated = {"service": "ceph", "password": "new"}
        rotate(cloud, settings().backend_secret, json.dumps(rotated))
        freeze(cloud, limits.SECRET_AGE_SECONDS + 1)
        own_backend().list()
        own_backend().list()
    assert opened == [{"service": "ceph"}, rotated]


def test_a_secret_that_cannot_be_read_again_is_kept(cloud: Cloud, user: User) -> None:
    assert user.call("GET", container_path("photos") + "/objects").status == 200
    freeze(cloud, limits.SECRET_AGE_SECONDS + 1)
    refused: list[str] = []

    def refuse(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        refused.append(request.url)
        return 400, {}, b'{"__type": "InternalServiceError"}'

    cloud.network.answers["secrets-manager:GetSecretValue"] = refuse
    try:
        assert user.call("GET", container_path("photos") + "/objects").status == 200
    finally:
        del cloud.network.answers["secrets-manager:GetSecretValue"]
    assert refused


def test_a_revoked_token_does_not_live_on(cloud: Cloud, user: User) -> None:
    assert user.call("GET", container_path("photos") + "/objects").status == 200
    freeze(cloud, 1)
    with cloud.network.outside(), pytest.MonkeyPatch.context() as elsewhere:
        # Another function revokes it, so this one's registry stays as it is.
        elsewhere.setattr("mcos.catalog.registry.forget", lambda: None)
        revocation.revoke(user.account)
    assert user.call("GET", container_path("photos") + "/objects").status == 200
    freeze(cloud, limits.REGISTRY_AGE_SECONDS + 1)
    assert user.call("GET", container_path("photos") + "/objects").status == 401
