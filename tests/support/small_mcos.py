"""The calls about objects in memory, for thousands of them: listings by the rules of MCOS itself.

There is one account, and nothing fails. What a call answers is as in the description of the API;
the tests with real handlers see to that.
"""

import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, RLock
from typing import Any
from urllib.parse import parse_qs

import httpx

from chalicelib.shared.paths import decode
from mcos.model import listing, names

_TIME = "2026-01-02T03:04:05+00:00"
_PATH = re.compile(r"/v1/exact/containers/([^/]+)(?:/(objects|stat|copy)(?:/([^/]+))?)?")
_FACTS = {"content_type": "application/octet-stream", "state": "CREATED", "last_modified": _TIME}


@dataclass
class SmallMcos(httpx.BaseTransport):
    """Answers for containers and objects.

    Attributes
    ----------
    containers
        What they hold: contents by names.
    metadata
        Of the objects that have some, by container and name.
    """

    containers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    metadata: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        self._lock = RLock()
        self._versions: dict[tuple[str, str], int] = {}
        self._made = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        path, _, query = target.partition("?")
        asked = {
            key: values[-1] for key, values in parse_qs(query, strict_parsing=bool(query)).items()
        }
        with self._lock:
            self.requests += 1
            reply = self._answer(request, path, asked)
        if (name := request.headers.get("x-mcos-request")) is not None:
            reply.headers["x-mcos-request"] = name
        return reply

    def _answer(self, request: httpx.Request, path: str, asked: dict[str, str]) -> httpx.Response:
        if path == "/v1/containers":
            one = {"created_at": _TIME, "storage_policy": "default"}
            found = [{"name": name, **one} for name in sorted(self.containers)]
            return httpx.Response(200, json={"containers": found, "next_marker": None})
        matched = _PATH.fullmatch(path)
        assert matched is not None, path
        container, kind = decode(matched[1], "container"), matched[2]
        names.check_container_name(container)
        if kind is None:
            return self._container(request.method, container)
        if container not in self.containers:
            return _problem(404, "container_not_found")
        if matched[3] is None:
            return self._page(self.containers[container], asked)
        name = names.check_object_name(decode(matched[3], "object"))
        if kind == "copy":
            return self._copy(request, container, name, asked)
        if kind == "stat" or request.method in ("GET", "DELETE"):
            return self._read(request, kind, container, name)
        return self._write(request, container, name, asked)

    def _container(self, method: str, container: str) -> httpx.Response:
        if method == "PUT":
            self.containers.setdefault(container, {})
            told = {"name": container, "created_at": _TIME, "storage_policy": "default"}
            return httpx.Response(201, json=told)
        if container not in self.containers:
            return _problem(404, "container_not_found")
        if self.containers[container]:
            return _problem(409, "container_not_empty")
        del self.containers[container]
        return httpx.Response(204)

    def _page(self, held: dict[str, bytes], asked: dict[str, str]) -> httpx.Response:
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        assert len(prefix.encode()) <= 1024
        begin = listing.start(prefix, delimiter, asked.get("marker", ""))
        found = [] if begin is None else sorted(name for name in held if name.startswith(prefix))
        if begin is not None and begin.after is not None:
            found = [name for name in found if name > begin.after]
        if begin is not None and begin.first is not None:
            found = [name for name in found if name >= begin.first]
        limit = int(asked.get("limit", "1000"))
        page = listing.fold_all(found[:limit], prefix, delimiter)
        objects = [
            {"name": name, "size": len(held[name]), "etag": _etag(held[name]), **_FACTS}
            for name in page.names
        ]
        told = {"objects": objects, "common_prefixes": page.common_prefixes}
        return httpx.Response(
            200, json={**told, "next_marker": page.last if len(found) > limit else None}
        )

    def _read(self, request: httpx.Request, kind: str, container: str, name: str) -> httpx.Response:
        held = self.containers[container]
        if name not in held:
            return _problem(404, "object_not_found")
        content = held[name]
        condition = request.headers.get("if-match")
        if condition is not None and condition != _etag(content):
            return _problem(412, "precondition_failed")
        if request.method == "DELETE":
            del held[name]
            return httpx.Response(204)
        if kind == "stat":
            return httpx.Response(200, json=self._stat(container, name))
        headers = self._headers(container, name)
        ranged = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if ranged is None:
            return httpx.Response(200, headers=headers, content=content)
        first, end = int(ranged[1]), min(int(ranged[2] or len(content)) + 1, len(content))
        if first >= end:
            return _problem(416, "range_not_satisfiable")
        headers["content-range"] = f"bytes {first}-{end - 1}/{len(content)}"
        return httpx.Response(206, headers=headers, content=content[first:end])

    def _write(
        self, request: httpx.Request, container: str, name: str, asked: dict[str, str]
    ) -> httpx.Response:
        there = name in self.containers[container]
        if request.method == "POST" and there:
            guarded = request.headers.get("if-none-match") == "*"
            return (
                _problem(412, "precondition_failed") if guarded else _problem(409, "object_exists")
            )
        if request.method == "PUT" and not there and asked.get("if_missing") != "create":
            return _problem(404, "object_not_found")
        prefix = "x-object-meta-"
        metadata = {
            key.removeprefix(prefix): value
            for key, value in request.headers.items()
            if key.startswith(prefix)
        }
        return self._hold(container, name, request.content, metadata)

    def _copy(
        self, request: httpx.Request, container: str, name: str, asked: dict[str, str]
    ) -> httpx.Response:
        source = json.loads(request.content)["source"]
        where = source["container"], source["object"]
        content = self.containers.get(where[0], {}).get(where[1])
        if content is None:
            return _problem(404, "object_not_found")
        if source.get("version") not in (None, str(self._versions.get(where, 0))):
            return _problem(412, "precondition_failed")
        there = name in self.containers[container]
        if request.method == "POST" and there:
            return _problem(409, "object_exists")
        if request.method == "PUT" and not there and asked.get("if_missing") != "create":
            return _problem(404, "object_not_found")
        return self._hold(container, name, content, self.metadata.get(where, {}))

    def _hold(
        self, container: str, name: str, content: bytes, metadata: dict[str, str]
    ) -> httpx.Response:
        held, there = self.containers[container], name in self.containers[container]
        held[name] = content
        self._made += 1
        self._versions[container, name] = self._made
        self.metadata[container, name] = metadata
        status = 200 if there else 201
        told = {**self._stat(container, name)}
        return httpx.Response(status, headers=self._headers(container, name), json=told)

    def _stat(self, container: str, name: str) -> dict[str, Any]:
        content = self.containers[container][name]
        return {
            "name": name,
            "container": container,
            "size": len(content),
            "etag": _etag(content),
            "digest": {"sha-256": b64encode(sha256(content).digest()).decode()},
            "metadata": self.metadata.get((container, name), {}),
            "version": str(self._versions.get((container, name), 0)),
            "storage_policy": "default",
            "created_at": _TIME,
            "replicas": [],
            "pending": [],
            **_FACTS,
        }

    def _headers(self, container: str, name: str) -> dict[str, str]:
        stat = self._stat(container, name)
        metadata = {f"x-object-meta-{key}": value for key, value in stat["metadata"].items()}
        return {
            "etag": stat["etag"],
            "repr-digest": f"sha-256=:{stat['digest']['sha-256']}:",
            "x-mcos-version": stat["version"],
            "x-mcos-state": "CREATED",
            "x-mcos-replicas": "3/3",
            "preference-applied": "wait=25",
            **metadata,
        }


class Served(ThreadingHTTPServer):
    """MCOS in memory behind a socket; connections are kept.

    Attributes
    ----------
    asked
        The paths that were asked for, by where the connection came from.
    before
        Called with each request before it is answered.
    """

    daemon_threads = True

    def __init__(self, small: SmallMcos) -> None:
        self.small = small
        self.asked: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self.seen = Lock()
        self.before: Callable[[httpx.Request], object] = lambda request: None
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed leave connections behind; what is wrong, their tests see."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Served

    def _answer(self) -> None:
        with self.server.seen:
            self.server.asked[self.client_address].add(self.path)
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = httpx.Request(
            self.command, f"http://x{self.path}", headers=dict(self.headers), content=content
        )
        self.server.before(request)
        reply = self.server.small.handle_request(request)
        self.send_response(reply.status_code)
        for name, value in {"content-length": "0", **reply.headers}.items():
            if reply.status_code != httpx.codes.NO_CONTENT or name != "content-length":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


def _etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


def _problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": code, "status": status})
