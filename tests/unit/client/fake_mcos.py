"""As much of MCOS as the command needs, in memory; its replies keep to the API's description."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5, sha256
from itertools import count
from typing import Any
from urllib.parse import quote, unquote

import httpx

from tests.support.contract import Contract, Exchange
from tests.unit.client.fake_storage import FakeStorage, Replica, range_of

CONTRACT = Contract()

TIME = "2026-01-01T00:00:00Z"
LAST_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"
PASSWORD = "a-password"
LARGEST_CALL = 4_500_000


@dataclass
class Stored:
    """An object; its states are what one look after the other shows, the last one for ever.

    It has no digests before it is ``digested``.
    """

    content: bytes = field(repr=False)
    content_type: str
    metadata: dict[str, str]
    states: list[str]
    version: str
    digested: bool = True

    @property
    def etag(self) -> str:
        return f'"{self.md5 if self.digested else self.version}"'

    @cached_property
    def md5(self) -> str:
        return md5(self.content).hexdigest()

    @property
    def digest(self) -> dict[str, str]:
        return {"sha-256": self.sha256} if self.digested else {}

    @cached_property
    def sha256(self) -> str:
        return b64encode(sha256(self.content).digest()).decode()

    def look(self) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@dataclass
class FakeMcos:
    """Answers requests; ``instead`` may answer first. ``storage`` answers for signed URLs."""

    containers: dict[str, dict[str, Stored]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    taken_becomes: str = "CREATED"
    largest_call: int = LARGEST_CALL
    storage: FakeStorage = field(default_factory=FakeStorage)
    versions: Iterator[str] = field(default_factory=lambda: (f"01{n:024d}" for n in count(1)))

    def __post_init__(self) -> None:
        from tests.unit.client.fake_uploads import FakeUploads  # which needs this module

        self.uploads = FakeUploads(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.storage.has(request.url):
            return self.storage(request)
        self.requests.append(request)
        if (reply := self.instead(request)) is not None:
            return reply
        target = request.url.raw_path.decode()
        target = target[target.index("/v1/") :]
        reply = self._reply(request, target.partition("?")[0].split("/", 5)[2:])
        CONTRACT.check(
            Exchange(request.method, target, reply.status_code, reply.headers, reply.content)
        )
        return reply

    def _reply(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        if parts == ["login"]:
            return self._login(json.loads(request.content))
        if request.headers.get("authorization") != "Bearer a-token":
            return problem(401, "token_missing")
        if parts[0] == "admin":
            return self._admin(parts[1:])
        if parts[0] == "uploads":
            return self.uploads.reply(request, parts[1:])
        if len(parts) == 1:
            return httpx.Response(200, json={"containers": [*map(_container, self.containers)]})
        container = unquote(parts[1])
        if len(parts) == 2:
            return self._container(request.method, container)
        if container not in self.containers:
            return problem(404, "container_not_found")
        objects = self.containers[container]
        if len(parts) == 3:
            return _listing(objects, request.url.params)
        name = unquote(parts[3])
        if parts[2] == "stat":
            return _stat(container, name, objects)
        if parts[2] == "placement":
            return _placement(container, name)
        return self._object(request, container, name, objects)

    def _login(self, body: dict[str, str]) -> httpx.Response:
        if body["password"] != PASSWORD:
            return problem(401, "invalid_credentials")
        return httpx.Response(
            200, json={"token": "a-token", "token_type": "Bearer", "expires_at": TIME}
        )

    def _admin(self, parts: list[str]) -> httpx.Response:
        if parts == ["clusters"]:
            return httpx.Response(200, json={"clusters": [CLUSTER]})
        return problem(404, "cluster_not_found")

    def _container(self, method: str, container: str) -> httpx.Response:
        if method == "PUT":
            self.containers.setdefault(container, {})
            return httpx.Response(201, json=_container(container))
        if container not in self.containers:
            return problem(404, "container_not_found")
        if self.containers[container]:
            return problem(409, "container_not_empty")
        del self.containers[container]
        return httpx.Response(204)

    def _object(
        self, request: httpx.Request, container: str, name: str, objects: dict[str, Stored]
    ) -> httpx.Response:
        if request.method in ("POST", "PUT"):
            return self._write(request, container, name, objects)
        if name not in objects:
            return problem(404, "object_not_found")
        if request.method == "DELETE":
            del objects[name]
            return httpx.Response(204, headers={"preference-applied": "wait=10"})
        return self._download(request, objects[name])

    def _download(self, request: httpx.Request, stored: Stored) -> httpx.Response:
        if not stored.digested:
            return problem(409, "object_not_ready", retry_after="1")
        if request.headers.get("if-match", stored.etag) != stored.etag:
            return problem(412, "precondition_failed")
        size = len(stored.content)
        bounds = range_of(request, size)
        first, end = bounds or (0, size)
        headers = {**_headers(stored, "CREATED"), "last-modified": LAST_MODIFIED}
        if end - first > self.largest_call:
            url = self.storage.sign(Replica(stored.content))
            told = {"location": url, "x-mcos-content-length": str(size)}
            return httpx.Response(307, headers={**headers, **told, "cache-control": "no-store"})
        headers |= {"content-type": stored.content_type, "accept-ranges": "bytes"}
        if bounds is None:
            return httpx.Response(200, content=stored.content, headers=headers)
        headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
        return httpx.Response(206, content=stored.content[first:end], headers=headers)

    def _write(
        self, request: httpx.Request, container: str, name: str, objects: dict[str, Stored]
    ) -> httpx.Response:
        creates = request.method == "POST"
        if creates and name in objects:
            if request.headers.get("if-none-match") == "*":
                return problem(412, "precondition_failed")
            return problem(409, "object_exists")
        if not creates and name not in objects:
            return problem(404, "object_not_found")
        taken = request.headers.get("prefer") == "respond-async" or self.taken_becomes != "CREATED"
        state = ("CREATING" if creates else "UPDATING") if taken else "CREATED"
        prefix = "x-object-meta-"
        objects[name] = stored = Stored(
            request.content,
            request.headers["content-type"],
            {k.removeprefix(prefix): v for k, v in request.headers.items() if prefix in k},
            [state, self.taken_becomes] if taken else ["CREATED"],
            next(self.versions),
        )
        reply = written(container, name, stored, 202 if taken else 201 if creates else 200)
        reply.headers["preference-applied"] = "respond-async" if taken else "wait=10"
        return reply


def written(container: str, name: str, stored: Stored, status: int) -> httpx.Response:
    """What a create, an update, or the completion of an upload answers."""
    return httpx.Response(
        status,
        json={
            "name": name,
            "container": container,
            "size": len(stored.content),
            "etag": stored.etag,
            "content_type": stored.content_type,
            "state": stored.states[0],
            "version": stored.version,
        },
        headers={
            **_headers(stored, stored.states[0]),
            "location": f"/v1/containers/{container}/objects/{quote(name)}",
        },
    )


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    """A refusal; the names of ``headers`` have underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent["content-type"] = "application/problem+json"
    if status == httpx.codes.UNAUTHORIZED:
        sent["www-authenticate"] = "Bearer"
    told = {"type": "about:blank", "title": "No", "status": status, "detail": "Why.", "code": code}
    return httpx.Response(status, json=told, headers=sent)


POLICY: dict[str, Any] = {
    "name": "default",
    "parts": [{"replicas": 3, "must": {}, "should": {}}],
    "readable": 2,
}
CLUSTER: dict[str, Any] = {
    "name": "s3",
    "entry_point": "http://e",
    "backend": "s3",
    "provider": "amazon",
    "location": "here",
    "labels": {"cost": "low"},
    "weight": 1,
    "state": "ACTIVE",
    "operator_state": None,
    "health": {"healthy": True, "checked_at": None, "read_ms": None, "reason": None},
}


def _headers(stored: Stored, state: str) -> dict[str, str]:
    return {
        "etag": stored.etag,
        **({"repr-digest": f"sha-256=:{stored.sha256}:"} if stored.digested else {}),
        "x-mcos-version": stored.version,
        "x-mcos-state": state,
        "x-mcos-replicas": "3/3" if state == "CREATED" else "0/3",
    }


def _container(name: str) -> dict[str, str]:
    return {"name": name, "created_at": TIME, "storage_policy": "default"}


def _listing(objects: dict[str, Stored], query: httpx.QueryParams) -> httpx.Response:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    found: list[dict[str, Any]] = []
    folded: set[str] = set()
    for name in sorted(name for name in objects if name.startswith(prefix)):
        head, sign, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if sign:
            folded.add(prefix + head + sign)
            continue
        stored = objects[name]
        found.append(
            {
                "name": name,
                "size": len(stored.content),
                "etag": stored.etag,
                "content_type": stored.content_type,
                "state": stored.states[0],
                "last_modified": TIME,
            }
        )
    return httpx.Response(200, json={"objects": found, "common_prefixes": sorted(folded)})


def _stat(container: str, name: str, objects: dict[str, Stored]) -> httpx.Response:
    if name not in objects:
        return problem(404, "object_not_found")
    stored = objects[name]
    state = stored.look()
    stored.digested = stored.digested or state == "CREATED"
    digest = stored.digest
    replica = {"state": "stored", "size": len(stored.content), "digest": digest}
    clusters = () if state in ("CREATING", "FAILED") else ("s3", "swift", "ceph")
    return httpx.Response(
        200,
        json={
            "name": name,
            "container": container,
            "size": len(stored.content),
            "etag": stored.etag,
            "digest": digest,
            "content_type": stored.content_type,
            "metadata": stored.metadata,
            "state": state,
            "version": stored.version,
            "storage_policy": "default",
            "created_at": TIME,
            "last_modified": TIME,
            **({"reason": "no cluster took it"} if state == "FAILED" else {}),
            "replicas": [{**replica, "cluster": one, "backend": one} for one in clusters],
            "pending": [],
        },
        headers=_headers(stored, state),
    )


def _placement(container: str, name: str) -> httpx.Response:
    placed = {key: CLUSTER[key] for key in ("provider", "location", "labels", "state")}
    facts = {"cluster": "s3", "role": "target", "part": 0, "score": 0.5, "reason": "it is first"}
    return httpx.Response(
        200,
        json={
            "name": name,
            "container": container,
            "storage_policy": POLICY,
            "version": None,
            "replicas": [],
            "placement": [{**placed, **facts}],
        },
    )
