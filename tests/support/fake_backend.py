"""A storage service in memory that keeps what ``mcos.storage.contract`` promises."""

import builtins
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import TypeVar
from urllib.parse import urlencode

from mcos import clock
from mcos.model.digests import digests_of
from mcos.storage import (
    LIST_LIMIT,
    BackendRefused,
    BackendUnavailable,
    BegunPage,
    BegunParts,
    ByteStream,
    Finding,
    Part,
    RangeNotSatisfiable,
    ReplicaDigestMismatch,
    ReplicaNotFound,
    ReplicaPage,
    ReplicaReader,
    ReplicaStat,
)
from mcos.storage.arguments import (
    check_complete_parts,
    check_list,
    check_part,
    check_parts_of,
    check_put,
    check_signed_url,
    content_disposition,
    range_header,
)
from mcos.storage.content import (
    MeasuredContent,
    check_parts,
    check_same_content,
    check_same_parts,
    prepare_content,
)
from mcos.storage.contract import check_key
from mcos.storage.reader import StreamReader
from tests.support.network import Network

Result = TypeVar("Result")


_PARTS_CALLS = (
    "list_begun_parts",
    "begin_parts",
    "put_part",
    "list_parts",
    "complete_parts",
    "discard_parts",
)
_CALLS = ("put", "get", "stat", "delete", "list", *_PARTS_CALLS)


class FakeBackend:
    """Replicas in a dictionary.

    Attributes
    ----------
    replicas
        Content and stat, by key. Tests may look, and may damage.
    parts
        Parts that are not a replica yet, by key and number: content and MD5.
    refusing
        The calls that answer ``BackendUnavailable``, by name.
    forbidden
        The calls that answer ``BackendRefused``, by name.
    findings
        What its settings have against it.
    """

    def __init__(self, kind: str, network: Network) -> None:
        self.kind = kind
        self.replicas: dict[str, tuple[bytes, ReplicaStat]] = {}
        self.parts: dict[str, dict[int, tuple[bytes, str]]] = {}
        self.identities: dict[str, str] = {}
        self.begun: dict[str, datetime] = {}
        self.refusing: set[str] = set()
        self.forbidden: set[str] = set()
        self.findings: builtins.list[Finding] = []
        self._network = network

    def refuse(self, *calls: str) -> None:
        """Refuse these calls from now on; all of them if none are named."""
        self.refusing = set(calls or _CALLS)

    def accept(self) -> None:
        """Refuse nothing any more, and have nothing against itself."""
        self.refusing = set()
        self.forbidden = set()
        self.findings = []

    def damage(self, key: str, content: bytes) -> None:
        """Let a replica hold other bytes while the service still believes in its digest."""
        _, stat = self.replicas[key]
        self.replicas[key] = (content, stat)

    def replace(self, key: str, content: bytes) -> None:
        """Let a replica be another one, digest and all."""
        _, stat = self.replicas[key]
        digests = digests_of(content)
        self.replicas[key] = (content, replace(stat, size=len(content), md5=digests.md5))

    def put(
        self,
        key: str,
        content: ByteStream,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
        identity: str = "",
    ) -> ReplicaStat:
        check_put(
            key, size=size, md5=md5, sha256=sha256, content_type=content_type, identity=identity
        )
        name = f"{self.kind} put {key}"
        taken = prepare_content(content, size=size, md5=md5, sha256=sha256, name=name)
        body = taken if isinstance(taken, bytes) else taken.read_all()

        def do() -> ReplicaStat:
            if known := self.replicas.get(key):
                return check_same_content(known[1], size=size, md5=md5, name=name)
            stat = ReplicaStat(
                key=key,
                size=size,
                md5=digests_of(body).md5,
                content_type=content_type,
                stored_at=clock.moment().replace(microsecond=0),
                identity=identity or None,
            )
            self.replicas[key] = (body, stat)
            return stat

        return self._call("put", key, do)

    def begin_parts(
        self, key: str, *, content_type: str, parts_md5: str, identity: str = ""
    ) -> str:
        check_parts_of(key, content_type=content_type, parts_md5=parts_md5, identity=identity)

        def do() -> str:
            self.parts.setdefault(key, {})
            self.identities.setdefault(key, identity)
            self.begun[key] = clock.moment()
            return f"upload of {key}"

        return self._call("begin_parts", key, do)

    def put_part(
        self, key: str, upload: str, number: int, content: ByteStream, *, size: int
    ) -> Part:
        check_part(key, number=number, size=size)
        name = f"{self.kind} put_part {key}"
        taken = MeasuredContent(content, size=size, name=name)
        body = b"".join(iter(taken.read, b""))

        def do() -> Part:
            if key not in self.parts:
                raise BackendUnavailable(f"{name}: no such upload")
            self.parts[key][number] = (body, taken.md5)
            return Part(number, size, taken.md5)

        return self._call("put_part", key, do)

    def list_parts(self, key: str, upload: str) -> builtins.list[Part]:
        check_key(key)

        def do() -> builtins.list[Part]:
            found = self.parts.get(key, {})
            return [Part(number, len(body), md5) for number, (body, md5) in sorted(found.items())]

        return self._call("list_parts", key, do)

    def complete_parts(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        content_type: str,
        parts_md5: str,
        identity: str = "",
    ) -> ReplicaStat:
        check_complete_parts(
            key, parts, content_type=content_type, parts_md5=parts_md5, identity=identity
        )
        name = f"{self.kind} complete_parts {key}"
        size = check_parts(parts, parts_md5=parts_md5, name=name)

        def do() -> ReplicaStat:
            if known := self.replicas.get(key):
                return check_same_parts(known[1], size=size, parts_md5=parts_md5, name=name)
            if key not in self.parts:
                raise BackendUnavailable(f"{name}: no such upload")
            held = self.parts[key]
            if any(part.md5 != held.get(part.number, (b"", ""))[1] for part in parts):
                raise ReplicaDigestMismatch(f"{name}: there are other parts")
            stat = ReplicaStat(
                key=key,
                size=size,
                md5=f"{parts_md5}-{len(parts)}",
                content_type=content_type,
                stored_at=clock.moment().replace(microsecond=0),
                in_parts=True,
                parts_md5=parts_md5,
                identity=self.identities.pop(key, "") or None,
            )
            self.replicas[key] = (b"".join(held[part.number][0] for part in parts), stat)
            del self.parts[key]
            return stat

        return self._call("complete_parts", key, do)

    def discard_parts(self, key: str) -> None:
        check_key(key)
        self._call("discard_parts", key, lambda: self.parts.pop(key, None))

    def list_begun_parts(self, marker: str = "") -> BegunPage:
        def do() -> BegunPage:
            begun = [BegunParts(key, self.begun[key]) for key in sorted(self.parts)]
            return BegunPage(tuple(begun), None)

        return self._call("list_begun_parts", "", do)

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        check_key(key)
        wanted = range_header(first, last)

        def do() -> ReplicaReader:
            content, stat = self._find(key)
            part = content
            if wanted is not None:
                if (first or 0) >= stat.size:
                    raise RangeNotSatisfiable(f"{self.kind} get {key}")
                part = content[first or 0 : None if last is None else last + 1]
            return StreamReader(
                stat,
                BytesIO(part),
                length=len(part),
                name=f"{self.kind} get {key}",
                failures=(),
                translate=lambda error: BackendUnavailable(str(error)),
            )

        return self._call("get", key, do)

    def stat(self, key: str) -> ReplicaStat:
        check_key(key)
        return self._call("stat", key, lambda: self._find(key)[1])

    def delete(self, key: str) -> None:
        check_key(key)
        self._call("delete", key, lambda: self.replicas.pop(key, None))

    def signed_url(
        self,
        key: str,
        *,
        expires_in: int,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> str:
        check_signed_url(key, expires_in, content_type)
        told = urlencode({"response-content-disposition": content_disposition(filename)})
        url = f"https://{self.kind}.test/{key}?{told}"
        return self._call("signed_url", key, lambda: url) if self.forbidden else url

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        check_list(prefix, marker, limit)

        def do() -> ReplicaPage:
            keys = sorted(key for key in self.replicas if key.startswith(prefix) and key > marker)
            page = tuple(self.replicas[key][1] for key in keys[:limit])
            return ReplicaPage(page, page[-1].key if len(keys) > limit else None)

        return self._call("list", prefix, do)

    def examine(self) -> builtins.list[Finding]:
        return self._call("examine", "", lambda: [*self.findings])

    def _find(self, key: str) -> tuple[bytes, ReplicaStat]:
        if key not in self.replicas:
            raise ReplicaNotFound(f"{self.kind}: {key}")
        return self.replicas[key]

    def _call(self, call: str, key: str, do: Callable[[], Result]) -> Result:
        if call in self.refusing:

            def refuse() -> Result:
                raise BackendUnavailable(f"{self.kind} {call} {key}: refused by the test")

            return self._network.through(f"backend:{call}", refuse, error=self._broken)
        if call in self.forbidden:

            def forbid() -> Result:
                raise BackendRefused(f"{self.kind} {call}: was answered 403")

            return self._network.through(f"backend:{call}", forbid, error=self._broken)
        return self._network.through(f"backend:{call}", do, error=self._broken)

    def _broken(self) -> BackendUnavailable:
        return BackendUnavailable(f"{self.kind}: the connection broke")
