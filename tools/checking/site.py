"""A deployment, as those see it who check it: its users, its operator, its backends and AWS."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol
from uuid import uuid4

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from mcos.storage import StorageBackend, StorageError
from mcos_client import Client, Clock, ContainerNotEmpty, McosError
from mcos_client.admin import Admin
from mcos_client.client import TIMEOUT
from tools.checking.page import Failed, Secrets

_LOOK_SECONDS = 2.0


class Session(Protocol):
    """What makes clients of AWS's services: boto3's session, or that of an emulator."""

    def client(self, service_name: str, **more: Any) -> Any: ...


@dataclass(frozen=True)
class Place:
    """Where something is deployed.

    Attributes
    ----------
    endpoints
        URL of each cluster's entry point.
    prefix
        First part of every name.
    emulated
        Whether it is not AWS itself.
    session
        AWS, with the rights of whoever runs the check.
    open_backend
        Opens a cluster's backend.
    add_account
        Adds an account: user name, password, role.
    rotate_token_key
        Replaces the key of tokens.
    transport
        Where requests to a cluster go; for tests.
    """

    endpoints: Mapping[str, str]
    prefix: str
    region: str
    emulated: bool
    session: Session
    open_backend: Callable[[str], StorageBackend]
    add_account: Callable[[str, str, str], None]
    rotate_token_key: Callable[[], None]
    transport: Callable[[str], httpx.BaseTransport] | None = None


class _Counting(httpx.BaseTransport):
    """Counts what goes through it."""

    def __init__(self, inner: httpx.BaseTransport, count: Callable[[httpx.Request], None]) -> None:
        self._inner, self._count = inner, count

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._count(request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@dataclass
class Site:
    """A place with a user and an operator of its own.

    Attributes
    ----------
    user_name
        Of the user, whose account it is.
    first_answers
        Seconds of the first answer of each entry point, once it has given one.
    key_before
        The key that signed tokens before it was replaced; None: it was not.
    """

    place: Place
    hidden: Secrets
    clock: Clock = field(default_factory=Clock)
    user_name: str = field(default_factory=lambda: f"check-{uuid4().hex[:12]}")
    first_answers: dict[str, float] = field(default_factory=dict)
    key_before: str | None = None

    def __post_init__(self) -> None:
        self._password = secrets.token_urlsafe(24)
        self.hidden.add(self._password)
        self._lock = Lock()
        self._requests: Counter[str] = Counter()
        self._clients: dict[tuple[str, str], Client] = {}
        self._wires: dict[str, httpx.Client] = {}
        self._containers: list[str] = []

    @property
    def clusters(self) -> list[str]:
        """The names of the clusters."""
        return sorted(self.place.endpoints)

    @property
    def first(self) -> str:
        """The cluster of checks that do not care which."""
        return self.clusters[0]

    @property
    def operator_name(self) -> str:
        """Of an account with the role ``admin``."""
        return f"{self.user_name}-admin"

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were sent, by where they went."""
        with self._lock:
            return dict(self._requests)

    def add_accounts(self) -> None:
        """Add the user and the operator."""
        self.place.add_account(self.user_name, self._password, "user")
        self.place.add_account(self.operator_name, self._password, "admin")

    def client(self, cluster: str | None = None) -> Client:
        """The user at an entry point; nothing that fails there is tried again."""
        return self._client(self.user_name, cluster or self.first)

    @property
    def operator(self) -> Admin:
        """The operator, at the first entry point."""
        return self._client(self.operator_name, self.first).admin

    def anonymous(self, cluster: str) -> Client:
        """Somebody at an entry point who has not logged in."""
        transport = self.transport(cluster)
        return Client(self.place.endpoints[cluster], transport=transport, clock=self.clock)

    def wire(self, cluster: str | None = None) -> httpx.Client:
        """The user, for requests that a client would not make."""
        cluster = cluster or self.first
        if cluster not in self._wires:
            self._wires[cluster] = httpx.Client(
                base_url=self.place.endpoints[cluster],
                transport=self.transport(cluster),
                timeout=TIMEOUT,
            )
        wire = self._wires[cluster]
        token = self.client(cluster).token or ""
        self.hidden.add(token)
        wire.headers["authorization"] = f"Bearer {token}"
        return wire

    def stay_logged_in(self) -> None:
        """Exchange the tokens that are due: one that nobody uses for an hour ends."""
        with self._lock:
            clients = list(self._clients.values())
        for client in clients:
            with suppress(McosError):  # whoever needs it will say so
                client.list_container(limit=1)

    def container(self, stem: str) -> str:
        """Make a container; what is in it is removed in the end."""
        name = f"{stem}-{uuid4().hex[:12]}"
        self._containers.append(name)
        return self.client().create_container(name).name

    def wait_until(self, holds: Callable[[], bool], what: str, *, seconds: float) -> float:
        """Wait for something; the seconds that it took.

        Raises
        ------
        Failed
            It did not come.
        """
        began = self.clock.now()
        while not holds():
            if self.clock.now() - began > seconds:
                raise Failed(f"{what}: not within {seconds:.0f} s")
            self.clock.sleep(_LOOK_SECONDS)
        return self.clock.now() - began

    def keys_of(self, cluster: str, version: str = "") -> list[str]:
        """The keys of the user's replicas, or of one version's, on a cluster's backend.

        Raises
        ------
        StorageError
        """
        return keys_in(self.place.open_backend(cluster), f"{self.user_name}/{version}")

    def remove_all(self) -> None:
        """Delete all objects and containers of the user, as far as that can be done."""
        client = self.client()
        for container in self._containers:
            with suppress(McosError):
                for one in client.all_objects(container):
                    if not one.deleted:
                        client.delete_object(container, one.name, prefer="respond-async")
        for container in self._containers:
            with suppress(McosError, Failed):
                self.wait_until(
                    lambda name=container: self.is_gone(name),  # type: ignore[misc]
                    f"{container} is empty",
                    seconds=300,
                )

    def is_gone(self, container: str) -> bool:
        try:
            self.client().delete_container(container)
        except ContainerNotEmpty:
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        for wire in self._wires.values():
            wire.close()

    def _client(self, user_name: str, cluster: str) -> Client:
        with self._lock:
            if (user_name, cluster) in self._clients:
                return self._clients[user_name, cluster]
        client = self.anonymous(cluster)
        self.hidden.add(client.login(user_name, self._password).token)
        with self._lock:
            return self._clients.setdefault((user_name, cluster), client)

    def log_in(self, cluster: str) -> str:
        """Log the user in once more, beside what is logged in; the token.

        Raises
        ------
        McosError
        """
        with self.anonymous(cluster) as client:
            token = client.login(self.user_name, self._password).token
        self.hidden.add(token)
        return token

    def transport(self, cluster: str) -> httpx.BaseTransport:
        """Where requests to a cluster go, counted."""
        made = self.place.transport
        inner = made(cluster) if made else httpx.HTTPTransport(retries=0)
        own = self.place.endpoints[cluster]

        def count(request: httpx.Request) -> None:
            where = "entry points" if str(request.url).startswith(own) else "signed URLs"
            with self._lock:
                self._requests[f"requests to {where}, {request.method}"] += 1

        return _Counting(inner, count)


def keys_in(backend: StorageBackend, prefix: str = "") -> list[str]:
    """All keys of a backend that begin so.

    Raises
    ------
    StorageError
    """
    keys, marker = [], ""
    while True:
        page = backend.list(prefix, marker)
        keys += [one.key for one in page.replicas]
        if page.next_marker is None:
            return keys
        marker = page.next_marker


def empty(backend: StorageBackend) -> int:
    """Remove all that a backend has, parts too; how many keys that were.

    Raises
    ------
    StorageError
    """
    keys = keys_in(backend)
    for key in keys:
        backend.delete(key)
        backend.discard_parts(key)
    page = backend.list_begun_parts()
    for begun in page.begun:
        backend.discard_parts(begun.key)
    return len(keys)


UNREACHABLE = (StorageError, BotoCoreError, ClientError, OSError)
"""What a backend, or AWS, raises that cannot be reached with the rights of who runs the check."""
