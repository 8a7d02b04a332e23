"""What the tests of storage backends read, write and look up with."""

import io
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from mcos.storage import ReplicaNotFound, StorageBackend

MIB = 1024 * 1024


class Stream:
    """Content that can only be read forwards, and gives at most 64 KiB at once."""

    def __init__(self, content: bytes, *, breaks_at: int | None = None) -> None:
        self._content = io.BytesIO(content)
        self._breaks_at = breaks_at

    def read(self, size: int, /) -> bytes:
        if self._breaks_at is not None and self._content.tell() >= self._breaks_at:
            raise OSError("the source broke")
        return self._content.read(min(size, 65536))


def content_of(backend: StorageBackend, key: str, **ends: int) -> bytes:
    with backend.get(key, **ends) as reader:
        return reader.read()


def assert_nothing_under(backend: StorageBackend, key: str) -> None:
    with pytest.raises(ReplicaNotFound):
        backend.stat(key)
    with pytest.raises(ReplicaNotFound):
        backend.get(key)
    assert backend.list(key).replicas == ()


def fetched(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> bytes:
    with response_to(url, method, headers) as response:
        content: bytes = response.read()
        return content


def response_to(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Any:
    body = b"forged" if method in ("PUT", "POST") else None
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)
    return urllib.request.urlopen(request, timeout=10)


def assert_denied(url: str, method: str = "GET") -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        fetched(url, method)
    refusal.value.close()
    assert refusal.value.code in (400, 401, 403, 405)
