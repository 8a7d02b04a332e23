"""Real storage services behind the fault proxy: signatures and tokens stay good, and what goes
wrong on the way there is told by name or repaired by the same call again."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from mcos.storage import (
    BackendUnavailable,
    ReplicaDigestMismatch,
    StorageBackend,
    StorageError,
    open_backend,
)
from tests.functional.storage.conftest import KEYSTONE, PATIENT, Settings
from tests.functional.storage.helpers import (
    Stream,
    assert_nothing_under,
    content_of,
    fetched,
)
from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.proxies import Listener, Proxies
from tests.support.faults.proxy.schedule import Script

Arguments = Callable[..., dict[str, Any]]
CONTENT = b"what is kept, " * 1000


@pytest.fixture
def place(service: str, settings: Settings, backend: Any) -> tuple[str, str]:
    """Which setting says where the service is, and what it says."""
    if service == KEYSTONE:
        return "endpoint_override", backend._session.get_endpoint()
    name = "endpoint_url" if "endpoint_url" in settings else "auth_url"
    return name, settings[name]


@pytest.fixture
def listener(place: tuple[str, str]) -> Iterator[Listener]:
    """A proxy before the service."""
    url = urlsplit(place[1])
    assert url.hostname is not None
    assert url.port is not None
    with Proxies() as proxies:
        yield proxies.listen("service", (url.hostname, url.port))


@pytest.fixture
def proxied(
    kind: str, settings: Settings, place: tuple[str, str], listener: Listener
) -> StorageBackend:
    """The backend, which knows nothing of its service but the proxy."""
    name, url = place
    moved = {**settings, name: f"{listener.url}{urlsplit(url).path}"}
    return open_backend(kind, moved, PATIENT)


def test_a_backend_does_all_it_does_through_the_proxy(
    proxied: StorageBackend,
    backend: StorageBackend,
    listener: Listener,
    prefix: str,
    key: str,
    expected: Arguments,
) -> None:
    stored = proxied.put(key, Stream(CONTENT), **expected(CONTENT))
    stat = backend.stat(key)
    # The reply to a put has the time of the reply.
    assert proxied.stat(key) == stat == replace(stored, stored_at=stat.stored_at)
    assert content_of(proxied, key) == content_of(backend, key) == CONTENT
    assert content_of(proxied, key, first=3, last=9) == CONTENT[3:10]
    assert [one.key for one in proxied.list(prefix).replicas] == [key]
    url = proxied.signed_url(key, expires_in=60)
    assert urlsplit(url).port == listener.port
    assert fetched(url) == CONTENT
    proxied.delete(key)
    assert_nothing_under(backend, key)
    assert listener.requests >= 7


def test_a_put_whose_reply_was_lost_has_stored_and_may_be_made_again(
    proxied: StorageBackend,
    backend: StorageBackend,
    listener: Listener,
    key: str,
    expected: Arguments,
) -> None:
    proxied.list(key)  # so that Swift's token is known
    listener.switch(Fault(What.DROP_REPLY, methods=frozenset({"PUT"})))
    with pytest.raises(BackendUnavailable):
        proxied.put(key, Stream(CONTENT), **expected(CONTENT))
    assert content_of(backend, key) == CONTENT
    listener.switch(None)
    assert proxied.put(key, Stream(CONTENT), **expected(CONTENT)) == backend.stat(key)


def test_a_put_that_was_cut_stores_nothing(
    proxied: StorageBackend,
    backend: StorageBackend,
    listener: Listener,
    key: str,
    expected: Arguments,
) -> None:
    proxied.list(key)
    listener.switch(Fault(What.CUT_REQUEST, after_bytes=5000, methods=frozenset({"PUT"})))
    with pytest.raises(BackendUnavailable):
        proxied.put(key, Stream(CONTENT), **expected(CONTENT))
    assert_nothing_under(backend, key)


@pytest.mark.parametrize("fault", [Fault(What.RESET), Fault(What.ERROR)], ids=["reset", "503"])
def test_what_cannot_be_reached_is_unavailable_until_it_can(
    proxied: StorageBackend, listener: Listener, prefix: str, fault: Fault
) -> None:
    proxied.list(prefix)
    listener.switch(fault)
    with pytest.raises(BackendUnavailable):
        proxied.list(prefix)
    listener.switch(None)
    assert proxied.list(prefix).replicas == ()


def test_a_connection_that_was_reset_once_is_not_noticed(
    proxied: StorageBackend, listener: Listener, prefix: str
) -> None:
    proxied.list(prefix)
    listener.schedule = Script([Fault(What.RESET)])
    assert proxied.list(prefix).replicas == ()
    assert listener.injected == {What.RESET: 1}


def test_bytes_that_were_changed_on_the_way_are_refused(
    proxied: StorageBackend,
    backend: StorageBackend,
    listener: Listener,
    key: str,
    expected: Arguments,
) -> None:
    backend.put(key, Stream(CONTENT), **expected(CONTENT))
    proxied.stat(key)
    listener.switch(Fault(What.WRONG_BYTES))
    with pytest.raises(ReplicaDigestMismatch):
        content_of(proxied, key)
    listener.switch(None)
    assert content_of(proxied, key) == CONTENT


def test_a_service_that_says_stored_and_stores_nothing(
    proxied: StorageBackend,
    backend: StorageBackend,
    listener: Listener,
    key: str,
    expected: Arguments,
) -> None:
    """A backend may notice it, if it looks; nothing is there either way."""
    proxied.list(key)
    listener.switch(Fault(What.NOT_STORED))
    with suppress(StorageError):
        proxied.put(key, Stream(CONTENT), **expected(CONTENT))
    assert listener.injected[What.NOT_STORED] > 0
    assert_nothing_under(backend, key)
