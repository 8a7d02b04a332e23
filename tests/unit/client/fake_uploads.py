"""The uploads of a fake MCOS."""

import json
from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import md5, sha256
from threading import Lock
from typing import Any

import httpx

from tests.unit.client.fake_mcos import TIME, FakeMcos, Stored, problem, written
from tests.unit.client.fake_storage import Slot

LARGEST_PUT = 64 * 1024**2
EXPIRES = "2030-01-01T00:00:00Z"
PAGE = 100
MOST_PARTS = 10_000


@dataclass
class Begun:
    """An upload; ``slots`` holds its content, or the parts of it that were asked for."""

    id: str
    wanted: dict[str, Any]
    part_size: int | None
    slots: dict[int, Slot] = field(default_factory=dict)
    version: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.wanted["container"], self.wanted["object"]

    @property
    def size(self) -> int | None:
        size: int | None = self.wanted.get("size")
        return size

    def numbers(self) -> range:
        if self.part_size is None:
            return range(0)
        if self.size is None:
            return range(1, MOST_PARTS + 1)
        return range(1, max(1, -(-self.size // self.part_size)) + 1)

    def slot(self, number: int, *, kept: bool) -> Slot:
        if number not in self.slots:
            size = self.size
            if size is not None and self.part_size is not None:
                size = min(self.part_size, size - (number - 1) * self.part_size)
            self.slots[number] = Slot(size, once=self.part_size is None, kept=kept)
        return self.slots[number]

    @property
    def received(self) -> list[Slot]:
        return [self.slots[one] for one in sorted(self.slots) if self.slots[one].puts]


@dataclass
class FakeUploads:
    """Answers for ``/v1/uploads``.

    Attributes
    ----------
    kept
        False: content is counted and forgotten.
    """

    mcos: FakeMcos
    begun: dict[str, Begun] = field(default_factory=dict)
    kept: bool = True
    _lock: Lock = field(default_factory=Lock)

    @property
    def parts_sent(self) -> dict[int, int]:
        """How often each part of the one upload was stored."""
        [one] = self.begun.values()
        return {number: slot.puts for number, slot in one.slots.items() if slot.puts}

    def reply(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        with self._lock:
            if not parts:
                return self._begin(request) if request.method == "POST" else self._list()
            upload = self.begun.get(parts[0])
            if upload is None:
                return problem(404, "upload_not_found")
            if parts[1:] == ["complete"]:
                return self._complete(upload, json.loads(request.content or b"{}"))
            if request.method == "DELETE":
                if upload.version is not None:
                    return problem(409, "upload_taken")
                del self.begun[upload.id]
                return httpx.Response(204)
            query = request.url.params
            return httpx.Response(
                200,
                json=self._shown(
                    upload, int(query.get("marker", 0)), int(query.get("limit", PAGE))
                ),
            )

    def _begin(self, request: httpx.Request) -> httpx.Response:
        wanted = json.loads(request.content)
        refused = self._refused(wanted)
        if refused is not None:
            return refused
        size, asked = wanted.get("size"), wanted.get("part_size")
        part_size = asked or (None if size is not None and size <= LARGEST_PUT else LARGEST_PUT)
        upload = Begun(next(self.mcos.versions), wanted, part_size)
        self.begun[upload.id] = upload
        return httpx.Response(
            201,
            json=self._shown(upload, 0, PAGE),
            headers={"location": f"/v1/uploads/{upload.id}"},
        )

    def _refused(self, wanted: dict[str, Any]) -> httpx.Response | None:
        container, name = wanted["container"], wanted["object"]
        if container not in self.mcos.containers:
            return problem(404, "container_not_found")
        there = name in self.mcos.containers[container]
        if wanted["action"] == "create" and there:
            return problem(409, "object_exists")
        if wanted["action"] == "update" and not there:
            return problem(404, "object_not_found")
        return None

    def _list(self) -> httpx.Response:
        told = [_told(one) for one in self.begun.values()]
        return httpx.Response(200, json={"uploads": told, "next_marker": None})

    def _shown(self, upload: Begun, after: int, limit: int) -> dict[str, Any]:
        put, numbers = None, upload.numbers()
        if upload.version is not None:
            numbers = range(0)
        elif upload.part_size is None:
            url = self.mcos.storage.sign(upload.slot(1, kept=self.kept))
            put = {"url": url, "headers": {"If-None-Match": "*"}}
        page = numbers[after : after + limit]
        more = bool(numbers[after + limit :])
        return {
            **_told(upload),
            "put": put,
            "parts": [self._part(upload, number) for number in page],
            "next_marker": str(page[-1]) if more else None,
            "urls_expire_at": EXPIRES,
        }

    def _part(self, upload: Begun, number: int) -> dict[str, Any]:
        slot = upload.slot(number, kept=self.kept)
        etag = f'"{slot.md5}"' if slot.puts else None
        url = self.mcos.storage.sign(slot)
        return {"number": number, "size": slot.size, "etag": etag, "url": url}

    def _complete(self, upload: Begun, said: dict[str, Any]) -> httpx.Response:
        container, name = upload.key
        objects = self.mcos.containers[container]
        if upload.version is not None:
            return written(container, name, objects[name], 202)
        refused = self._refused(upload.wanted)
        if refused is not None:
            return refused
        received = upload.received
        size = sum(slot.length for slot in received)
        if upload.size not in (None, size) or (upload.part_size and not received):
            return problem(409, "upload_incomplete")
        if any(slot.length != upload.part_size for slot in received[:-1]):
            return problem(409, "upload_incomplete")
        content = b"".join(slot.content or b"" for slot in received)
        digest = {**upload.wanted.get("digest", {}), **said.get("digest", {})}
        state = "CREATING" if upload.wanted["action"] == "create" else "UPDATING"
        well = not self.kept or _fits(content, digest)
        objects[name] = stored = Stored(
            content,
            upload.wanted.get("content_type", "application/octet-stream"),
            upload.wanted.get("metadata", {}),
            [state, self.mcos.taken_becomes if well else "FAILED"],
            upload.id,
            digested=False,
        )
        upload.version = upload.id
        return written(container, name, stored, 202)


def _fits(content: bytes, digest: dict[str, str]) -> bool:
    actual = {"sha-256": sha256(content).digest(), "md5": md5(content).digest()}
    return all(b64decode(told) == actual[name] for name, told in digest.items())


def _told(upload: Begun) -> dict[str, Any]:
    return {
        "upload": upload.id,
        "container": upload.key[0],
        "object": upload.key[1],
        "action": upload.wanted["action"],
        "size": upload.size,
        "content_type": upload.wanted.get("content_type", "application/octet-stream"),
        "metadata": upload.wanted.get("metadata", {}),
        "state": "OPEN" if upload.version is None else "TAKEN",
        "version": upload.version,
        "method": "put" if upload.part_size is None else "parts",
        "part_size": upload.part_size,
        "created_at": TIME,
        "expires_at": EXPIRES,
    }
