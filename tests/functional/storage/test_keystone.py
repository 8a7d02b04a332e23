"""A Swift whose users log in at a real Keystone: the ways to log in, and tokens that end."""

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import requests

from mcos.storage import BackendRefused, StorageBackend, open_backend
from mcos.storage.keystone import request_of, url_of
from mcos_rescue import fetch
from mcos_rescue.stores.settings import open_store
from tests.functional.storage.conftest import KEYSTONE, PATIENT
from tests.functional.storage.helpers import MIB, content_of, fetched
from tests.support.waiting import wait_until

pytestmark = pytest.mark.parametrize("service", [KEYSTONE])

Arguments = Callable[..., dict[str, Any]]
Settings = Mapping[str, str]
SECONDS = 60
PIECE = 5 * MIB


class Keystone:
    """What a user may ask of Keystone."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = url_of(settings["auth_url"])
        self._root = self._tokens.removesuffix("/auth/tokens")
        reply = requests.post(self._tokens, json=request_of(settings), timeout=SECONDS)
        reply.raise_for_status()
        self._headers = {"X-Auth-Token": reply.headers["X-Subject-Token"]}
        self.token = reply.json()["token"]
        self._credentials = f"{self._root}/users/{self.token['user']['id']}/application_credentials"

    @property
    def seconds(self) -> float:
        """How long its tokens live."""
        issued, expires = (
            datetime.fromisoformat(self.token[name]) for name in ("issued_at", "expires_at")
        )
        return (expires - issued).total_seconds()

    def revoke(self, token: str) -> None:
        """End a token before its time."""
        headers = {**self._headers, "X-Subject-Token": token}
        requests.delete(self._tokens, headers=headers, timeout=SECONDS).raise_for_status()

    def credential(self) -> tuple[str, str, str]:
        """The id, the name and the secret of a new application credential."""
        name = f"conformance-{uuid4().hex}"
        body = {"application_credential": {"name": name}}
        reply = requests.post(self._credentials, json=body, headers=self._headers, timeout=SECONDS)
        reply.raise_for_status()
        made = reply.json()["application_credential"]
        return made["id"], name, made["secret"]

    def drop(self, credential: str) -> None:
        """Delete an application credential."""
        url = f"{self._credentials}/{credential}"
        requests.delete(url, headers=self._headers, timeout=SECONDS).raise_for_status()


@pytest.fixture
def keystone(settings: Settings) -> Keystone:
    return Keystone(settings)


def place_of(settings: Settings) -> dict[str, str]:
    return {name: settings[name] for name in ("auth_url", "container")}


@pytest.fixture
def logins(settings: Settings, keystone: Keystone) -> Iterator[dict[str, dict[str, str]]]:
    """Settings of each way to log in."""
    number, name, secret = keystone.credential()
    user, project = keystone.token["user"]["id"], keystone.token["project"]["id"]
    key = {"application_credential_secret": secret}
    place = place_of(settings)
    yield {
        "by names in domains": dict(settings),
        "by names in the domain that is the default": {
            **place,
            **{name: settings[name] for name in ("username", "password", "project_name")},
        },
        "by ids": {
            **place,
            "user_id": user,
            "password": settings["password"],
            "project_id": project,
        },
        "by a credential": {**place, **key, "application_credential_id": number},
        "by a credential's name": {
            **place,
            **key,
            "application_credential_name": name,
            "username": settings["username"],
        },
        "without the catalog's endpoint": {
            **settings,
            "endpoint_override": open_backend("swift", settings)._session.get_endpoint(),  # type: ignore[attr-defined]
            "region_name": "nowhere",
        },
        "by the internal interface": {**settings, "interface": "internal"},
    }
    keystone.drop(number)


def test_every_way_to_log_in_reaches_the_same_store(
    settings: Settings, logins: dict[str, dict[str, str]], expected: Arguments
) -> None:
    # One of its own: a container has two keys for temporary URLs, of this secret and the last one.
    container = {"container": f"conformance-{uuid4().hex}"}
    backend: Any = open_backend("swift", {**settings, **container}, PATIENT)
    backend._connection().put_container(container["container"])
    key = "a/replica"
    for name, login in logins.items():
        content = name.encode()
        opened = open_backend("swift", {**login, **container}, PATIENT)
        opened.put(key, io.BytesIO(content), **expected(content))
        assert content_of(backend, key) == content
        assert fetched(opened.signed_url(key, expires_in=60)) == content
        rescued = open_store({"kind": "swift", **login, **container}, {})
        assert fetch.content(rescued, key) == content
        opened.delete(key)
        assert backend.list().replicas == ()
    backend._connection().delete_container(container["container"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "wrong"}, "login was answered 401"),
        ({"username": "nobody"}, "login was answered 401"),
        ({"project_name": "nothing"}, "login was answered 401"),
        ({"user_domain_name": "Nowhere"}, "login was answered 401"),
        ({"region_name": "nowhere"}, "in the regions local"),
        ({"interface": "admin"}, "in no region"),
    ],
)
def test_a_login_that_cannot_be_is_refused_with_the_reason(
    settings: Settings, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(BackendRefused, match=said) as failure:
        open_backend("swift", {**settings, **changed}).list()
    assert settings["password"] not in str(failure.value)


def refused(token: str, url: str, container: str) -> bool:
    """Whether Swift does not take a token any more: it asks Keystone once a second."""
    reply = requests.head(f"{url}/{container}", headers={"X-Auth-Token": token}, timeout=SECONDS)
    return reply.status_code == 401


class Revoking:
    """Content in the middle of which the backend's token is revoked, and refused by Swift."""

    def __init__(self, content: bytes, revoke: Callable[[], None]) -> None:
        self._content, self._revoke = io.BytesIO(content), revoke
        self._half = len(content) // 2

    def read(self, size: int, /) -> bytes:
        before = self._content.tell()
        piece = self._content.read(min(size, 65536))
        if before < self._half <= self._content.tell():
            self._revoke()
        return piece


def revoke_kept(keystone: Keystone, session: Any, container: str) -> None:
    """Revoke the token that a backend has; Swift refuses it from then on."""
    token, url = session.get_token(), session.get_endpoint()
    keystone.revoke(token)
    wait_until(lambda: refused(token, url, container), "Swift refuses the token")


def grow_old(session: Any) -> str:
    """Let a backend's token be as after most of its life; which it is."""
    token, until = session._kept
    session._kept = token, until.replace(year=2000)
    return str(token.text)


def test_a_token_that_ends_in_the_middle_of_a_large_write_is_renewed_and_the_write_goes_on(
    settings: Settings, keystone: Keystone, key: str
) -> None:
    backend: Any = open_backend("swift", settings, PATIENT)
    session, container = backend._session, settings["container"]
    tokens: list[str] = []

    def revoke() -> None:
        tokens.append(session.get_token())
        revoke_kept(keystone, session, container)

    pieces = [bytes([number]) * PIECE for number in range(4)]
    digests = [hashlib.md5(one, usedforsecurity=False).digest() for one in pieces]
    named = {
        "content_type": "text/plain",
        "parts_md5": hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest(),
    }
    upload = backend.begin_parts(key, **named)
    try:
        parts = [
            backend.put_part(
                key,
                upload,
                number,
                Revoking(one, revoke) if number in (1, 3) else io.BytesIO(one),
                size=PIECE,
            )
            for number, one in enumerate(pieces, 1)
        ]
        backend.complete_parts(key, upload, parts, **named)
        assert content_of(backend, key) == b"".join(pieces)
    finally:
        backend.delete(key)
        backend.discard_parts(key)
    assert len(set(tokens)) == 2
    assert session.kept_token() not in tokens


def test_a_large_write_outlives_the_token_that_it_was_begun_with(
    settings: Settings, keystone: Keystone, key: str
) -> None:
    """It ends by its own time, in the middle of a part: no one has revoked it."""
    if keystone.seconds > SECONDS:
        pytest.skip(f"the tokens of this Keystone live for {keystone.seconds:.0f} s: too long")
    backend: Any = open_backend("swift", settings, PATIENT)
    session, container = backend._session, settings["container"]
    session.invalidate()
    tokens = [session.get_token()]

    def outlive() -> None:
        url = session.get_endpoint()
        tokens.append(session.get_token())
        deadline = time.monotonic() + 2 * SECONDS
        while not refused(tokens[-1], url, container):
            assert time.monotonic() < deadline

    pieces = [bytes([number]) * PIECE for number in range(3)]
    digests = [hashlib.md5(one, usedforsecurity=False).digest() for one in pieces]
    named = {
        "content_type": "text/plain",
        "parts_md5": hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest(),
    }
    upload = backend.begin_parts(key, **named)
    try:
        parts = [
            backend.put_part(
                key,
                upload,
                number,
                Revoking(one, outlive) if number == 2 else io.BytesIO(one),
                size=PIECE,
            )
            for number, one in enumerate(pieces, 1)
        ]
        backend.complete_parts(key, upload, parts, **named)
        assert content_of(backend, key) == b"".join(pieces)
    finally:
        backend.delete(key)
        backend.discard_parts(key)
    assert session.kept_token() not in tokens


@pytest.mark.parametrize("size", [1000, MIB, 8 * MIB])
@pytest.mark.parametrize("is_file", [True, False])
def test_a_put_whose_token_was_revoked_is_sent_again_whole(
    settings: Settings,
    keystone: Keystone,
    key: str,
    expected: Arguments,
    size: int,
    is_file: bool,
) -> None:
    backend: Any = open_backend("swift", settings, PATIENT)
    backend.list(key)
    revoke_kept(keystone, backend._session, settings["container"])
    content = bytes(range(250)) * (size // 250 + 1)
    source = io.BytesIO(content) if is_file else Revoking(content, lambda: None)
    backend.put(key, source, **expected(content))
    assert content_of(backend, key) == content


def test_a_token_is_renewed_before_its_end_and_no_request_is_refused(
    settings: Settings, key: str, expected: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Any = open_backend("swift", settings, PATIENT)
    backend.put(key, io.BytesIO(b"x"), **expected(b"x"))
    session = backend._session
    forgotten: list[str] = []
    monkeypatch.setattr(session, "invalidate", partial(forgotten.append, "forgotten"))
    token = grow_old(session)
    assert content_of(backend, key) == b"x"
    assert session.kept_token() not in (None, token)
    assert forgotten == []


def test_what_is_being_read_outlives_the_token_that_it_was_asked_for_with(
    settings: Settings, key: str, expected: Arguments
) -> None:
    backend: Any = open_backend("swift", settings, PATIENT)
    content = bytes(range(250)) * (8 * MIB // 250)
    backend.put(key, io.BytesIO(content), **expected(content))
    with backend.get(key) as reader:
        begun = reader.read(1000)
        session = backend._session
        token = grow_old(session)
        assert backend.stat(key).size == len(content)
        assert session.kept_token() not in (None, token)
        read = [begun]
        while piece := reader.read(MIB):
            read.append(piece)
    assert b"".join(read) == content


def test_a_credential_that_was_dropped_opens_nothing(
    settings: Settings, keystone: Keystone
) -> None:
    number, _, secret = keystone.credential()
    login = {"application_credential_id": number, "application_credential_secret": secret}
    backend = open_backend("swift", {**place_of(settings), **login}, PATIENT)
    backend.list()
    keystone.drop(number)
    with pytest.raises(BackendRefused, match=r"login was answered 40[14]"):
        list_until(backend, time.monotonic() + SECONDS)


def list_until(backend: StorageBackend, deadline: float) -> None:
    """Keep asking: Swift takes a token for a second after it was told of it."""
    while time.monotonic() < deadline:
        backend.list()
