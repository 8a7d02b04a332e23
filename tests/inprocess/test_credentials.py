"""Credentials of a backend are replaced while calls go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from mcos import limits
from mcos.replicas.backend import forget, own_backend
from mcos.storage import BackendMisconfigured, CredentialsRefused
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.user import User

OLD, NEW = "the old password", "the new password"
FIELD = {"service": "ceph"}


class Guarded:
    """A backend as one password opens it; it refuses all but those that are good now."""

    def __init__(self, backend: Any, password: str, good: set[str]) -> None:
        self._backend, self._password, self._good = backend, password, good

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._backend, name)
        return partial(self._ask, attribute) if callable(attribute) else attribute

    def _ask(self, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self._password not in self._good:
            for content in arguments:
                if hasattr(content, "read"):
                    content.read(7)  # a service reads before it refuses
            raise CredentialsRefused("answered 403")
        return do(*arguments, **named)


@pytest.fixture
def good(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The passwords that ceph takes: the old one."""
    good = {OLD}

    def open_backend(kind: str, values: Mapping[str, str], timeouts: Any = None) -> Any:
        backend = cloud.open_backend(kind, values, timeouts)
        if kind != "ceph":
            return backend
        if "password" not in values:
            raise BackendMisconfigured("needs a password")
        return Guarded(backend, values["password"], good)

    monkeypatch.setattr("mcos.replicas.backend.open_backend", open_backend)
    write_secret(cloud, json.dumps({**FIELD, "password": OLD}))
    cloud.chill()
    yield good
    forget()


def write_secret(cloud: Cloud, text: str) -> None:
    with cloud.network.outside():
        cloud.client("secretsmanager").put_secret_value(
            SecretId="mcos/ceph/backend", SecretString=text
        )


def warm(user: User, name: str) -> None:
    """Let every cluster's functions have read their secrets."""
    assert user.create(name, b"bytes", SYNC).status == 201
    for cluster in CLUSTERS:
        assert user.download(name, at=cluster).body == b"bytes"


def test_an_old_password_that_ends_at_once_fails_no_call(
    cloud: Cloud, user: User, good: set[str]
) -> None:
    warm(user, "before")
    cloud.clock.freeze(limits.SECRET_RENEWAL_SECONDS + 1)
    write_secret(cloud, json.dumps({**FIELD, "password": NEW}))
    good.clear()
    good.add(NEW)
    assert user.download("before", at="ceph").body == b"bytes"
    assert user.create("sync", b"more", SYNC, at="ceph").status == 201
    assert {one["cluster"] for one in user.stat("sync")["replicas"]} == set(CLUSTERS)
    cloud.check_storage(user.account)


@pytest.mark.parametrize("mode", [SYNC, ASYNC])
@pytest.mark.parametrize("size", [5, limits.INLINE_CONTENT_BYTES + 1])
def test_the_first_call_that_meets_it_may_be_any_write(
    cloud: Cloud, user: User, good: set[str], mode: dict[str, str], size: int
) -> None:
    warm(user, "before")
    cloud.clock.freeze(limits.SECRET_RENEWAL_SECONDS + 1)
    write_secret(cloud, json.dumps({**FIELD, "password": NEW}))
    good.clear()
    good.add(NEW)
    assert user.create("one", b"x" * size, mode).status in (201, 202)
    with cloud.network.record() as calls:
        cloud.run_executions()
    assert "sqs:SendMessage" not in {call.name for call in calls}, "nothing was left to a repair"
    assert user.stat("one")["state"] == "CREATED"
    cloud.check_storage(user.account)


def test_the_old_password_goes_on_until_the_new_one_is_read(
    cloud: Cloud, user: User, good: set[str]
) -> None:
    warm(user, "one")
    good.add(NEW)
    write_secret(cloud, json.dumps({**FIELD, "password": NEW}))
    assert user.download("one", at="ceph").body == b"bytes"
    cloud.clock.freeze(limits.SECRET_AGE_SECONDS + 1)
    assert user.download("one", at="ceph").body == b"bytes"
    good.remove(OLD)
    assert user.download("one", at="ceph").body == b"bytes"


@pytest.mark.parametrize("text", ["{", "[]", '"text"', json.dumps(FIELD)])
def test_a_secret_that_was_written_wrongly_changes_nothing(
    cloud: Cloud, user: User, good: set[str], text: str
) -> None:
    with cloud.at("ceph"):
        own_backend().list()
        write_secret(cloud, text)
        cloud.clock.freeze(limits.SECRET_AGE_SECONDS + 1)
        own_backend().list()
        own_backend(patient=False).list()
    assert good == {OLD}


def test_a_password_that_is_refused_and_not_replaced_is_looked_for_rarely(
    cloud: Cloud, user: User, good: set[str]
) -> None:
    with cloud.at("ceph"):
        own_backend().list()
        good.clear()
        cloud.clock.freeze(limits.SECRET_RENEWAL_SECONDS + 1)
        with cloud.network.record() as calls:
            for _ in range(5):
                with pytest.raises(CredentialsRefused):
                    own_backend().list()
    assert [call.name for call in calls] == ["secrets-manager:GetSecretValue"]
