"""A storage service in memory that keeps what ``mcos.storage.contract`` promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TypeVar

from mcos.digests import digests_of
from mcos.storage import (
    LIST_LIMIT,
    BackendUnavailable,
    Content,
    RangeNotSatisfiable,
    ReplicaNotFound,
    ReplicaPage,
    ReplicaReader,
    ReplicaStat,
)
from mcos.storage.arguments import (
    check_list,
    check_put,
    check_signed_url,
    content_disposition,
    range_header,
)
from mcos.storage.content import same_content, verified
from mcos.storage.contract import check_key
from mcos.storage.reader import StreamReader
from tests.inprocess.network import Network

Result = TypeVar("Result")


class FakeBackend:
    """Replicas in a dictionary.

    Attributes
    ----------
    replicas
        Content and stat, by key. Tests may look, and may damage.
    refusing
        The calls that answer ``BackendUnavailable``: ``put``, ``get``, ``delete``, ``stat``,
        ``list``.
    """

    def __init__(self, kind: str, network: Network) -> None:
        self.kind = kind
        self.replicas: dict[str, tuple[bytes, ReplicaStat]] = {}
        self.refusing: set[str] = set()
        self._network = network

    def refuse(self, *calls: str) -> None:
        """Refuse these calls from now on; all of them if none are named."""
        self.refusing = set(calls or ("put", "get", "stat", "delete", "list"))

    def accept(self) -> None:
        """Refuse nothing any more."""
        self.refusing = set()

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
        content: Content,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
    ) -> ReplicaStat:
        check_put(key, size=size, md5=md5, sha256=sha256, content_type=content_type)
        name = f"{self.kind} put {key}"
        taken = verified(content, size=size, md5=md5, sha256=sha256, name=name)
        body = taken if isinstance(taken, bytes) else taken.read_all()

        def do() -> ReplicaStat:
            if known := self.replicas.get(key):
                return same_content(known[1], size=size, md5=md5, name=name)
            stat = ReplicaStat(
                key=key,
                size=size,
                md5=digests_of(body).md5,
                content_type=content_type,
                stored_at=datetime.now(UTC).replace(microsecond=0),
            )
            self.replicas[key] = (body, stat)
            return stat

        return self._call("put", key, do)

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
        return f"fake://{self.kind}/{key}?{content_disposition(filename)}"

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        check_list(prefix, marker, limit)

        def do() -> ReplicaPage:
            keys = sorted(key for key in self.replicas if key.startswith(prefix) and key > marker)
            page = tuple(self.replicas[key][1] for key in keys[:limit])
            return ReplicaPage(page, page[-1].key if len(keys) > limit else None)

        return self._call("list", prefix, do)

    def _find(self, key: str) -> tuple[bytes, ReplicaStat]:
        if key not in self.replicas:
            raise ReplicaNotFound(f"{self.kind}: {key}")
        return self.replicas[key]

    def _call(self, call: str, key: str, do: Callable[[], Result]) -> Result:
        if call in self.refusing:

            def refuse() -> Result:
                raise BackendUnavailable(f"{self.kind} {call} {key}: refused by the test")

            return self._network.through(f"backend:{call}", refuse, error=self._broken)
        return self._network.through(f"backend:{call}", do, error=self._broken)

    def _broken(self) -> BackendUnavailable:
        return BackendUnavailable(f"{self.kind}: the connection broke")
