"""MCOS as a client meets it: real handlers in this process, behind a transport of httpx."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any

import httpx
import pytest
from moto.s3.models import s3_backends

from mcos import limits
from mcos.auth import passwords
from mcos.catalog import accounts, objects
from mcos.model import lifecycle
from mcos.model.accounts import Role
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.replicas.backend import key_of
from mcos_client import Client, Upload
from tests.support.cloud import Cloud
from tests.support.environment import ACCOUNT_ID, cluster_environment
from tests.support.network import Manner, NetworkCall
from tests.support.stopped_clock import StoppedClock
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.storage_services import StorageServices

ENTRY_POINT = "http://mcos.test/base"
PASSWORD = "a-password"
PARTS_SHOWN = 10


class ServerClock(StoppedClock):
    """Time in the functions, and what the clusters do when one of those waits."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.meanwhile()


@dataclass
class System:
    """Three clusters, and an account in them. It answers requests; ``instead`` may answer first.

    The clusters do what is left to do when the client or a function waits.

    Attributes
    ----------
    meanwhile
        What happens then, in place of that.
    working
        False: the clusters do nothing more.
    requests
        Those that came to the entry point.
    storage
        What answers for signed URLs.
    """

    cloud: Cloud
    clock: ClientClock
    server_clock: ServerClock
    requests: list[httpx.Request] = field(default_factory=list)
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    working: bool = True

    def __post_init__(self) -> None:
        # One after the other: the functions' environment is this process's.
        self._lock = RLock()
        self.account = self.cloud.new_account()
        self.token = self.cloud.token(self.account)
        self.storage = StorageServices(self.cloud, self._lock)
        self.meanwhile: Callable[[], object] = self.work
        self.clock.meanwhile = self.server_clock.meanwhile = lambda: self.meanwhile()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.storage.has(request.url):
            return self.storage(request)
        self.requests.append(request)
        return self.instead(request) or self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the system answers, whatever a test has instead."""
        if self.storage.has(request.url):
            return self.storage.answer(request)
        target = request.url.raw_path.decode("ascii")
        with self._lock:
            reply = self.cloud.call(
                "s3",
                request.method,
                target[target.index("/v1/") :],
                headers=request.headers,
                body=request.content,
            )
        headers = dict(reply.headers)
        headers.pop("content-length", None)  # the storage services' addresses are not as long
        if "location" in headers:
            headers["location"] = self.storage.hand_out(headers["location"])
        content = reply.body
        if b'"url":' in content:
            content = self.storage.hand_out(content.decode()).encode()
        if "content-encoding" in headers:
            # As from a network: nobody has looked into it yet.
            headers["content-length"] = str(len(content))
            return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(content))
        return httpx.Response(reply.status, headers=headers, content=content)

    @cached_property
    def another(self) -> Client:
        """A client of the same user whom no test stands in the way of."""
        transport = httpx.MockTransport(self.answer)
        return Client(ENTRY_POINT, self.token, transport=transport, clock=self.clock)

    def add_account(self, role: Role = Role.USER) -> None:
        """Let the user log in; no row of the catalog is needed to hold objects."""
        with self.cloud.network.outside():
            assert accounts.create(self.account, passwords.hash_password(PASSWORD), role)

    def work(self) -> None:
        """Let the clusters do what is left to do, if they are working."""
        if not self.working:
            return
        with self._lock:
            self.cloud.run_executions()
            if any(self.cloud.queued().values()):
                self.cloud.pump()

    # What is there

    def record(self, name: str, container: str = "c") -> ObjectRecord:
        """The catalog's record of an object, when all is done."""
        self.work()
        found = self.cloud.record(self.account, container, name)
        assert found is not None
        return found

    def stored(self, container: str = "c") -> dict[str, bytes]:
        """What readers see of a container's objects, when all is done."""
        self.work()
        whole: Any = {"prefix": "", "after": None, "first": None, "limit": 1000}
        with self._lock, self.cloud.network.outside():
            records = objects.page(self.account, container, **whole).records
        return {one.name: self._content(one.current) for one in records if one.current is not None}

    def _content(self, version: Version) -> bytes:
        cluster = version.stored[0]
        content: bytes = self.cloud.backends[cluster].replicas[
            key_of(self.account, version, cluster)
        ][0]
        return content

    def received(self, name: str, container: str = "c") -> bytes:
        """What readers will see of the version of an object that was taken last."""
        record = self.cloud.record(self.account, container, name)
        assert record is not None
        staged = record.latest.staged
        assert staged is not None
        bucket = cluster_environment(staged.cluster)["MCOS_STAGING_BUCKET"]
        content: bytes = s3_backends[ACCOUNT_ID]["aws"].buckets[bucket].keys[staged.key].value
        return content

    @property
    def uploads(self) -> list[Upload]:
        """The account's uploads, the oldest first."""
        return list(self.another.all_uploads())

    # What goes wrong, and what others do

    def cut_queues(self) -> None:
        """Let no message be sent: a delete is taken, and cannot be done."""

        def choose(call: NetworkCall, again: bool) -> Manner | None:
            return Manner.FAILS if call.name == "sqs:SendMessage" else None

        self.cloud.network.choose = choose

    def mend_queues(self) -> None:
        """Let messages be sent again, and the sweepers see to what could not be done."""
        self.cloud.network.choose = None
        self.cloud.sweep()

    def replace(self, name: str, content: bytes, container: str = "c") -> str:
        """Put another version in an object's place; its id."""
        self.another.upload(container, name, content, action="replace")
        return self.record(name, container).shown.id

    def damage(self, name: str, content: bytes, container: str = "c") -> None:
        """Let all replicas of an object hold other bytes."""
        version = self.record(name, container).shown
        for cluster in version.stored:
            self.cloud.backends[cluster].damage(key_of(self.account, version, cluster), content)

    def fail(self, name: str, container: str = "c", reason: str = "no cluster took it") -> None:
        """Give up the version of an object that was taken last."""

        def give_up(found: ObjectRecord | None) -> ObjectRecord | None:
            assert found is not None
            version = found.latest.id
            return lifecycle.abandon(found, version, reason=reason, forget=False)[0]

        with self._lock, self.cloud.network.outside():
            objects.change(ObjectKey(self.account, container, name), give_up)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    """A refusal that a test makes up; the names of ``headers`` have underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent["content-type"] = "application/problem+json"
    told = {"type": "about:blank", "title": "No", "status": status, "detail": "Why.", "code": code}
    return httpx.Response(status, json=told, headers=sent)


def limit_calls(patch: pytest.MonkeyPatch, count: int) -> None:
    """Let a call carry so many bytes, and few parts, so that nothing need be large to be more."""
    patch.setattr(limits, "CONTENT_BYTES", count)
    patch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)
    patch.setattr("chalicelib.api.uploads._PARTS_SHOWN", PARTS_SHOWN)
    patch.setattr("mcos_client.api.objects.LARGEST_CALL", count)
