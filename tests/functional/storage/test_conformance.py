"""What every storage backend promises, against its real service.

A new kind of backend is one line in the registry, and passes here unchanged.
"""

import hashlib
import io
import time
import tracemalloc
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from mcos.storage import (
    IDENTITY_CHARACTERS,
    KEY_BYTES,
    BackendRefused,
    BackendUnavailable,
    RangeNotSatisfiable,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaNotFound,
    ReplicaStat,
    StorageBackend,
    open_backend,
)
from tests.functional.storage.helpers import (
    MIB,
    Stream,
    assert_denied,
    assert_nothing_under,
    content_of,
    fetched,
    response_to,
)

EVERY_BYTE = bytes(range(256)) * 3 + b"\r\n\r\n0\r\n\x00\xff"

Arguments = Callable[..., dict[str, Any]]


def assert_same(stored: ReplicaStat, stat: ReplicaStat) -> None:
    """What a put returned is what the service says afterwards, but for a moment."""
    assert replace(stored, stored_at=stat.stored_at) == stat
    assert timedelta(0) <= stored.stored_at - stat.stored_at < timedelta(seconds=60)


def put(backend: StorageBackend, key: str, content: bytes, arguments: dict[str, Any]) -> None:
    backend.put(key, io.BytesIO(content), **arguments)


# What is put is kept


@pytest.mark.parametrize("content", [b"", b"a", EVERY_BYTE], ids=["none", "one", "every byte"])
@pytest.mark.parametrize("source", [io.BytesIO, Stream])
def test_bytes_are_kept_exactly(
    backend: StorageBackend,
    key: str,
    expected: Arguments,
    content: bytes,
    source: Callable[[bytes], Any],
) -> None:
    stat = backend.put(key, source(content), **expected(content))
    assert (stat.key, stat.size) == (key, len(content))
    assert stat.md5 == hashlib.md5(content).hexdigest()
    assert_same(stat, backend.stat(key))
    with backend.get(key) as reader:
        assert reader.stat == backend.stat(key)
        assert reader.length == len(content)
        assert reader.read() == content
        assert reader.read() == b""


@pytest.mark.parametrize("identity", ["a", "Az09._-" * 30, "x" * IDENTITY_CHARACTERS], ids=len)
@pytest.mark.parametrize("size", [0, 1, MIB + 1])
def test_the_identity_is_kept(
    backend: StorageBackend, key: str, expected: Arguments, identity: str, size: int
) -> None:
    content = b"x" * size
    stat = backend.put(key, Stream(content), **expected(content), identity=identity)
    assert stat.identity == backend.stat(key).identity == identity
    with backend.get(key) as reader:
        assert reader.stat.identity == identity
    again = backend.put(key, Stream(content), **expected(content), identity="other")
    assert again.identity == identity


@pytest.mark.parametrize("size", [MIB, MIB + 1, 8 * MIB])
def test_large_contents_are_streamed_in_bounded_memory(
    backend: StorageBackend, key: str, expected: Arguments, size: int
) -> None:
    content = (EVERY_BYTE * (size // len(EVERY_BYTE) + 1))[:size]
    arguments = expected(content)
    backend.list(key)  # what the SDK loads at its first call is not the content's
    digest = hashlib.sha256()
    tracemalloc.start()
    try:
        backend.put(key, Stream(content), **arguments)
        with backend.get(key) as reader:
            for piece in reader:
                assert len(piece) <= 256 * 1024
                digest.update(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert digest.digest() == hashlib.sha256(content).digest()
    assert peak < 4 * MIB


def test_content_is_read_from_where_it_stands(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    source = io.BytesIO(b"not this, but this")
    source.seek(10)
    backend.put(key, source, **expected(b"but this"))
    assert content_of(backend, key) == b"but this"


@pytest.mark.parametrize("name", ["a", "a/b/c", "A.b_c~d@e+f=g,h-i/..x/.y", "long"])
def test_keys_may_have_slashes_and_signs(
    backend: StorageBackend, prefix: str, expected: Arguments, name: str
) -> None:
    key = prefix + (name if name != "long" else "k" * (KEY_BYTES - len(prefix)))
    put(backend, key, b"content", expected(b"content"))
    assert content_of(backend, key) == b"content"
    assert [replica.key for replica in backend.list(prefix).replicas] == [key]
    assert fetched(backend.signed_url(key, expires_in=60)) == b"content"
    backend.delete(key)
    assert_nothing_under(backend, key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        "a/.",
        "ä",
        "a b",
        "a?b",
        "a%2Fb",
        "a\nb",
        "~parts/a",
    ],
)
def test_keys_that_a_service_could_take_for_others_are_refused(
    backend: StorageBackend, expected: Arguments, key: str
) -> None:
    with pytest.raises(ValueError, match="replica key"):
        put(backend, key, b"", expected(b""))
    for call in (backend.get, backend.stat, backend.delete):
        with pytest.raises(ValueError, match="replica key"):
            call(key)
    with pytest.raises(ValueError, match="replica key"):
        backend.signed_url(key, expires_in=60)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/html; charset=utf-8", 'multipart/mixed; boundary="a b"', "made-up"],
)
def test_the_content_type_is_kept(
    backend: StorageBackend, key: str, expected: Arguments, content_type: str
) -> None:
    put(backend, key, b"x", expected(b"x", content_type=content_type))
    assert backend.stat(key).content_type == content_type
    with backend.get(key) as reader:
        assert reader.stat.content_type == content_type
    with backend.get(key, first=0, last=0) as reader:
        assert reader.stat.content_type == content_type


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_type": ""},
        {"content_type": "text/plain\r\nX-Object-Meta-A: b"},
        {"content_type": "täxt/plain"},
        {"md5": "D41D8CD98F00B204E9800998ECF8427E"},
        {"md5": ""},
        {"sha256": hashlib.sha256(b"").hexdigest()},
        {"size": -1},
    ],
)
def test_arguments_that_no_service_takes_are_refused(
    backend: StorageBackend, key: str, expected: Arguments, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        put(backend, key, b"", expected(b"", **wrong))
    assert_nothing_under(backend, key)


def test_replicas_can_be_written_and_read_by_many_threads_at_once(
    backend: StorageBackend, prefix: str, expected: Arguments
) -> None:
    contents = {f"{prefix}{n}": bytes([n]) * (n * 40_000) for n in range(12)}

    def there_and_back(key: str) -> bytes:
        put(backend, key, contents[key], expected(contents[key]))
        return content_of(backend, key)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(there_and_back, contents)) == list(contents.values())


# Keys are written once


def test_putting_the_same_again_succeeds_and_changes_nothing(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    first = backend.put(key, io.BytesIO(b"content"), **expected(b"content"))
    stat = backend.stat(key)
    again = backend.put(key, io.BytesIO(b"content"), **expected(b"content"))
    assert again == stat == backend.stat(key)
    assert_same(first, stat)


@pytest.mark.parametrize("size", [0, 7, 2 * MIB])
def test_putting_other_bytes_is_a_conflict_and_changes_nothing(
    backend: StorageBackend, key: str, expected: Arguments, size: int
) -> None:
    put(backend, key, b"before", expected(b"before"))
    stat = backend.stat(key)
    for source in (io.BytesIO, Stream):
        with pytest.raises(ReplicaConflict):
            backend.put(key, source(b"x" * size), **expected(b"x" * size))
    assert backend.stat(key) == stat
    assert content_of(backend, key) == b"before"


def test_a_repeated_large_stream_succeeds(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    content = b"0123456789abcdef" * (2 * MIB // 16)
    first = backend.put(key, Stream(content), **expected(content))
    assert_same(first, backend.put(key, Stream(content), **expected(content)))


def test_the_same_replica_can_be_put_by_many_at_once(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    def attempt(_: int) -> None:
        with suppress(BackendUnavailable):  # "another write came between": may be repeated
            put(backend, key, b"content", expected(b"content"))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(attempt, range(6)))
    put(backend, key, b"content", expected(b"content"))
    assert content_of(backend, key) == b"content"


# Wrong bytes are never there

SIZES = pytest.mark.parametrize("size", [0, 1000, 2 * MIB + 7])
SOURCES = pytest.mark.parametrize("source", [io.BytesIO, Stream])
OTHER = {
    "md5": hashlib.md5(b"other").hexdigest(),
    "sha256": "2eO3Oe1OgKGzYy0zG9Ky8N6WZ2w6lCe6kAoSpPrPj8E=",
}


@SIZES
@SOURCES
@pytest.mark.parametrize("digest", OTHER)
def test_content_with_another_digest_leaves_nothing(
    backend: StorageBackend,
    key: str,
    expected: Arguments,
    size: int,
    source: Callable[[bytes], Any],
    digest: str,
) -> None:
    content = b"x" * size
    with pytest.raises(ReplicaDigestMismatch, match="the content has another"):
        backend.put(key, source(content), **expected(content, **{digest: OTHER[digest]}))
    assert_nothing_under(backend, key)


@SIZES
@SOURCES
@pytest.mark.parametrize("more", [-1, 1, 70_000])
def test_content_of_another_size_leaves_nothing(
    backend: StorageBackend,
    key: str,
    expected: Arguments,
    size: int,
    source: Callable[[bytes], Any],
    more: int,
) -> None:
    announced = expected(b"x" * size)
    with pytest.raises(ReplicaDigestMismatch, match=f"{size} bytes were announced"):
        backend.put(key, source(b"x" * (size + more) if size + more >= 0 else b"xx"), **announced)
    assert_nothing_under(backend, key)


@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_a_source_that_breaks_leaves_nothing_and_says_itself_why(
    backend: StorageBackend, key: str, expected: Arguments, size: int
) -> None:
    content = b"x" * size
    with pytest.raises(OSError, match="the source broke"):
        backend.put(key, Stream(content, breaks_at=size // 2), **expected(content))
    assert_nothing_under(backend, key)
    put(backend, key, b"after", expected(b"after"))
    assert content_of(backend, key) == b"after"


@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_the_service_itself_verifies_what_arrives(
    backend: StorageBackend,
    key: str,
    expected: Arguments,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mcos.storage.content.VerifiedContent._verify", lambda _: None)
    content = b"x" * size
    with pytest.raises(ReplicaDigestMismatch, match="was answered 4"):
        put(backend, key, content, expected(content, md5=OTHER["md5"]))
    assert_nothing_under(backend, key)


# Reading


@pytest.mark.parametrize(
    ("ends", "part"),
    [
        ({"first": 0, "last": 0}, slice(0, 1)),
        ({"first": 5, "last": 9}, slice(5, 10)),
        ({"first": 0, "last": 99}, slice(0, 100)),
        ({"first": 99, "last": 99}, slice(99, 100)),
        ({"first": 60}, slice(60, 100)),
        ({"first": 0}, slice(0, 100)),
        ({"last": 9}, slice(0, 10)),
        ({"first": 90, "last": 10**12}, slice(90, 100)),
    ],
)
def test_a_range_has_both_its_ends(
    backend: StorageBackend,
    key: str,
    expected: Arguments,
    ends: dict[str, int],
    part: slice,
) -> None:
    content = bytes(range(100))
    put(backend, key, content, expected(content))
    with backend.get(key, **ends) as reader:
        assert reader.length == len(content[part])
        assert reader.stat == backend.stat(key)
        assert reader.read() == content[part]


@pytest.mark.parametrize(("size", "first"), [(100, 100), (100, 10**12), (0, 0)])
def test_a_range_behind_the_end_cannot_be_satisfied(
    backend: StorageBackend, key: str, expected: Arguments, size: int, first: int
) -> None:
    put(backend, key, b"x" * size, expected(b"x" * size))
    with pytest.raises(RangeNotSatisfiable):
        backend.get(key, first=first)


@pytest.mark.parametrize("ends", [{"first": -1}, {"last": -1}, {"first": 2, "last": 1}])
def test_an_invalid_range_is_refused(
    backend: StorageBackend, key: str, ends: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="range"):
        backend.get(key, **ends)


def test_a_replica_can_be_read_in_pieces_of_any_size(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    content = bytes(range(250)) * 2000
    put(backend, key, content, expected(content))
    with backend.get(key) as reader:
        assert reader.read(0) == b""
        assert reader.read(3) == content[:3]
        assert reader.read(300_000) == content[3:300_003]
        assert b"".join(reader) == content[300_003:]


def test_reading_may_end_in_the_middle(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    content = b"x" * (4 * MIB)
    put(backend, key, content, expected(content))
    for _ in range(12):  # more than a pool has connections
        with backend.get(key) as reader:
            reader.read(10)
    assert backend.stat(key).size == len(content)


def test_what_is_not_there_is_not_found(backend: StorageBackend, key: str) -> None:
    assert_nothing_under(backend, key)
    with pytest.raises(ReplicaNotFound):
        backend.get(key, first=0, last=1)


def test_a_container_that_is_not_there_is_no_missing_replica(
    kind: str, settings: Mapping[str, str], key: str, expected: Arguments
) -> None:
    name = "container" if kind == "swift" else "bucket"
    elsewhere = open_backend(kind, {**settings, name: f"none-{uuid4().hex}"})
    with pytest.raises(BackendRefused):
        put(elsewhere, key, b"x", expected(b"x"))
    with pytest.raises(BackendRefused):
        elsewhere.list()


def test_a_delete_may_be_repeated(backend: StorageBackend, key: str, expected: Arguments) -> None:
    backend.delete(key)
    put(backend, key, b"content", expected(b"content"))
    backend.delete(key)
    assert_nothing_under(backend, key)
    backend.delete(key)
    put(backend, key, b"other", expected(b"other"))
    assert content_of(backend, key) == b"other"


# Listing


def test_a_listing_has_every_replica_once_in_order_of_keys(
    backend: StorageBackend, prefix: str, expected: Arguments
) -> None:
    names = ["a", "A", "a-", "a/b", "a/a", "a.", "b/0", "b/1", "b/2", "c", "~"]
    for name in names:
        put(backend, prefix + name, name.encode(), expected(name.encode()))
    listed: list[ReplicaStat] = []
    marker: str | None = ""
    while marker is not None:
        page = backend.list(prefix, marker, 4)
        assert len(page.replicas) <= 4
        listed += page.replicas
        assert page.next_marker is None or page.next_marker > marker
        marker = page.next_marker
    assert [replica.key for replica in listed] == sorted(prefix + name for name in names)
    for replica in listed:
        stat = backend.stat(replica.key)
        assert (replica.size, replica.md5) == (stat.size, stat.md5)
        assert replica.stored_at == stat.stored_at
        assert replica.content_type in (None, stat.content_type)


def test_a_listing_keeps_to_its_prefix_and_begins_after_its_marker(
    backend: StorageBackend, prefix: str, expected: Arguments
) -> None:
    for name in ("a/1", "a/2", "a/3", "b/1"):
        put(backend, prefix + name, b"x", expected(b"x"))

    def names(*arguments: Any) -> list[str]:
        return [r.key.removeprefix(prefix) for r in backend.list(*arguments).replicas]

    assert names(f"{prefix}a/") == ["a/1", "a/2", "a/3"]
    assert names(f"{prefix}a/", f"{prefix}a/1") == ["a/2", "a/3"]
    assert names(f"{prefix}a/", f"{prefix}a/11") == ["a/2", "a/3"]
    assert names(prefix, f"{prefix}a/3") == ["b/1"]
    assert backend.list(f"{prefix}c").next_marker is None
    for limit in (0, 1001):
        with pytest.raises(ValueError, match="limit"):
            backend.list(prefix, "", limit)


# Signed URLs


def test_a_signed_url_gives_the_replica_to_anybody(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    put(backend, key, EVERY_BYTE, expected(EVERY_BYTE, content_type="image/png"))
    url = backend.signed_url(key, expires_in=60)
    with response_to(url) as response:
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Content-Disposition"].startswith("inline")
        assert response.read() == EVERY_BYTE
    assert fetched(url, headers={"Range": "bytes=5-9"}) == EVERY_BYTE[5:10]


def test_a_signed_url_is_for_its_replica_and_for_reading_alone(
    backend: StorageBackend, prefix: str, expected: Arguments
) -> None:
    for name in ("1", "12", "2"):
        put(backend, prefix + name, name.encode(), expected(name.encode()))
    url = backend.signed_url(prefix + "1", expires_in=60)
    path, _, query = url.partition("?")
    assert_denied(path)
    for other in (path + "2", path[:-1] + "2", path.rpartition("/")[0]):
        assert_denied(f"{other}?{query}")
    for method in ("PUT", "POST", "DELETE"):
        assert_denied(url, method)
    assert fetched(url) == b"1"


def test_a_signed_url_that_was_altered_is_denied(
    backend: StorageBackend, kind: str, key: str, expected: Arguments
) -> None:
    put(backend, key, b"content", expected(b"content"))
    url = backend.signed_url(key, expires_in=60)
    signature = "temp_url_sig=" if kind == "swift" else "X-Amz-Signature="
    begin, _, rest = url.partition(signature)
    assert_denied(f"{begin}{signature}{'0' * 64}{rest[64:]}")
    if kind == "swift":
        life = url.partition("temp_url_expires=")[2].partition("&")[0]
        assert_denied(url.replace(life, str(int(life) + 1)))
    else:
        assert_denied(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))


def test_a_signed_url_expires(
    backend: StorageBackend,
    kind: str,
    key: str,
    expected: Arguments,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(backend, key, b"content", expected(b"content"))
    backend.signed_url(key, expires_in=60)  # Swift's key is set with the true time
    with monkeypatch.context() as past:
        signed_seconds_ago(kind, 90, past)
        assert fetched(backend.signed_url(key, expires_in=120)) == b"content"
        url = backend.signed_url(key, expires_in=60)
    assert_denied(url)


def signed_seconds_ago(kind: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK believe that it is earlier than it is, while it signs."""
    if kind == "swift":
        import swiftclient.utils

        now = time.time() - seconds
        clock = type("Clock", (), {"time": staticmethod(lambda: now)})
        monkeypatch.setattr(swiftclient.utils, "time", clock)
    else:
        moment = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=seconds)
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: moment)


@pytest.mark.parametrize("seconds", [-1, 0, 7 * 24 * 3600 + 1])
def test_a_signed_url_has_a_life_that_every_service_allows(
    backend: StorageBackend, key: str, seconds: int
) -> None:
    with pytest.raises(ValueError, match="expires_in"):
        backend.signed_url(key, expires_in=seconds)


@pytest.mark.parametrize("filename", ["report.pdf", 'ä "b"; c%20.txt', "\u65e5\u672c.txt"])
def test_a_signed_url_may_name_the_file(
    backend: StorageBackend, key: str, expected: Arguments, filename: str
) -> None:
    put(backend, key, b"content", expected(b"content"))
    with response_to(backend.signed_url(key, expires_in=60, filename=filename)) as response:
        disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert urllib.parse.unquote(disposition.partition("filename*=UTF-8''")[2]) == filename


def test_a_signed_url_may_name_the_content_type(
    backend: StorageBackend, kind: str, key: str, expected: Arguments
) -> None:
    put(backend, key, b"content", expected(b"content", content_type="text/plain"))
    url = backend.signed_url(key, expires_in=60, content_type="image/png")
    with response_to(url) as response:
        said = response.headers["Content-Type"]
    assert said == ("text/plain" if kind == "swift" else "image/png")
