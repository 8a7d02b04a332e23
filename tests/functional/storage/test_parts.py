"""What every storage backend promises of replicas in parts, against its real service."""

import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from swiftclient.client import Connection

from mcos.storage import (
    BackendRefused,
    BackendUnavailable,
    Part,
    RangeNotSatisfiable,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaStat,
    StorageBackend,
    open_backend,
)
from tests.functional.storage.conftest import SWIFTS, kind_of
from tests.functional.storage.helpers import (
    MIB,
    Stream,
    assert_denied,
    assert_nothing_under,
    content_of,
    fetched,
    response_to,
)
from tests.support.services import service_of

PART = 5 * MIB
"""What every service takes as a part that is not the last."""

THREE = [bytes(range(256)) * (PART // 256), b"\r\n\x00\xff" * (PART // 4), b"the end"]
ONE = [b"a small replica"]

Arguments = Callable[..., dict[str, Any]]


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def parts_md5(pieces: list[bytes]) -> str:
    return md5(b"".join(hashlib.md5(piece).digest() for piece in pieces))


def named(pieces: list[bytes], content_type: str = "text/plain") -> dict[str, str]:
    """What ``begin_parts`` and ``complete_parts`` are told beside the parts."""
    return {"content_type": content_type, "parts_md5": parts_md5(pieces)}


def tag_of(kind: str, pieces: list[bytes]) -> str:
    if kind == "swift":
        return md5("".join(md5(piece) for piece in pieces).encode())
    return f"{parts_md5(pieces)}-{len(pieces)}"


def begin(backend: StorageBackend, key: str, pieces: list[bytes]) -> str:
    return backend.begin_parts(key, **named(pieces))


def put_part(backend: StorageBackend, key: str, upload: str, number: int, content: bytes) -> Part:
    return backend.put_part(key, upload, number, Stream(content), size=len(content))


def put_all(backend: StorageBackend, key: str, pieces: list[bytes]) -> tuple[str, list[Part]]:
    upload = begin(backend, key, pieces)
    parts = [put_part(backend, key, upload, n, piece) for n, piece in enumerate(pieces, 1)]
    return upload, parts


def write(backend: StorageBackend, key: str, pieces: list[bytes]) -> ReplicaStat:
    upload, parts = put_all(backend, key, pieces)
    return backend.complete_parts(key, upload, parts, **named(pieces))


@pytest.fixture
def pieces_left(settings: Mapping[str, str]) -> Iterator[Callable[[str], list[str]]]:
    """Says what the service holds under keys that begin so, by the service's own client."""
    service = service_of(settings)
    yield service.pieces
    service.close()


@pytest.fixture(autouse=True)
def emptied(backend: StorageBackend, key: str) -> Iterator[None]:
    """Leaves nothing of the replica that a test is about."""
    yield
    backend.delete(key)
    backend.discard_parts(key)


# What is put in parts is one replica


def test_the_identity_of_a_replica_in_parts_is_kept(backend: StorageBackend, key: str) -> None:
    told = {**named(ONE), "identity": "Az09._-" * 250}
    upload = backend.begin_parts(key, **told)
    parts = [put_part(backend, key, upload, 1, ONE[0])]
    assert backend.complete_parts(key, upload, parts, **told).identity == told["identity"]
    assert backend.stat(key).identity == told["identity"]


def test_parts_become_one_replica(
    backend: StorageBackend, kind: str, prefix: str, key: str
) -> None:
    told = named(THREE, "text/html; charset=utf-8")
    upload = backend.begin_parts(key, **told)
    parts = [put_part(backend, key, upload, n, piece) for n, piece in enumerate(THREE, 1)]
    assert parts == [Part(n, len(piece), md5(piece)) for n, piece in enumerate(THREE, 1)]
    assert_nothing_under(backend, key)
    stat = backend.complete_parts(key, upload, parts, **told)
    content = b"".join(THREE)
    assert (stat.key, stat.size, stat.in_parts) == (key, len(content), True)
    assert (stat.md5, stat.parts_md5) == (tag_of(kind, THREE), parts_md5(THREE))
    assert stat.content_type == "text/html; charset=utf-8"
    assert stat == backend.stat(key)
    with backend.get(key) as reader:
        assert reader.stat == stat
        assert reader.length == len(content)
        assert reader.read() == content
    (listed,) = backend.list(prefix).replicas
    assert (listed.key, listed.size, listed.md5) == (key, stat.size, stat.md5)
    assert (listed.in_parts, listed.parts_md5) == (True, None)
    assert listed.stored_at == stat.stored_at


def test_a_replica_that_was_put_at_once_is_not_in_parts(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    put = backend.put(key, io.BytesIO(b"content"), **expected(b"content"))
    with backend.get(key) as reader:
        stats = [put, backend.stat(key), reader.stat, *backend.list(key).replicas]
    assert [(stat.in_parts, stat.parts_md5) for stat in stats] == [(False, None)] * 4


def test_parts_may_come_in_any_order_and_side_by_side(backend: StorageBackend, key: str) -> None:
    upload = begin(backend, key, THREE)

    def put(number: int) -> Part:
        return put_part(backend, key, upload, number, THREE[number - 1])

    with ThreadPoolExecutor(3) as threads:
        parts = list(threads.map(put, (3, 2, 1)))
    assert backend.list_parts(key, upload) == parts[::-1]
    backend.complete_parts(key, upload, parts[::-1], **named(THREE))
    assert content_of(backend, key) == b"".join(THREE)


def test_parts_are_streamed_in_bounded_memory(backend: StorageBackend, key: str) -> None:
    content = THREE[0] * 3
    upload = begin(backend, key, [content])
    put_part(backend, key, upload, 1, b"what the SDK loads at its first call is not the content's")
    tracemalloc.start()
    try:
        put_part(backend, key, upload, 1, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB
    assert backend.list_parts(key, upload) == [Part(1, len(content), md5(content))]


def test_content_is_read_from_where_it_stands(backend: StorageBackend, key: str) -> None:
    source = io.BytesIO(b"not this, but this")
    source.seek(10)
    part = backend.put_part(key, begin(backend, key, ONE), 1, source, size=8)
    assert part.md5 == md5(b"but this")


# What was begun is found again


def test_what_was_begun_is_found_again(backend: StorageBackend, key: str) -> None:
    upload = begin(backend, key, THREE)
    assert backend.list_parts(key, upload) == []
    first, last = (put_part(backend, key, upload, n, THREE[n - 1]) for n in (1, 3))
    assert begin(backend, key, THREE) == upload
    assert backend.list_parts(key, upload) == [first, last]
    second = put_part(backend, key, upload, 2, THREE[1])
    backend.complete_parts(key, upload, [first, second, last], **named(THREE))
    assert content_of(backend, key) == b"".join(THREE)


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_of_uploads_that_were_begun_at_once_the_first_is_found(
    backend: StorageBackend, key: str, settings: Mapping[str, str]
) -> None:
    service: Any = service_of(settings)
    named_so = {"Bucket": settings["bucket"], "Key": key}
    begun = [service._client.create_multipart_upload(**named_so)["UploadId"] for _ in range(3)]
    assert begin(backend, key, ONE) == begun[0]
    service.close()


def test_what_was_begun_under_a_key_is_not_found_under_the_beginning_of_it(
    backend: StorageBackend, key: str
) -> None:
    others = [f"{key}2", f"{key}/p", f"{key}/m", f"{key}-"]
    try:
        for other in others:
            put_all(backend, other, ONE)
        upload = begin(backend, key, ONE)
        assert backend.list_parts(key, upload) == []
        part = put_part(backend, key, upload, 1, ONE[0])
        assert backend.list_parts(key, upload) == [part]
        backend.discard_parts(key)
        for other in others:
            (part,) = backend.list_parts(other, begin(backend, other, ONE))
            assert part == Part(1, len(ONE[0]), md5(ONE[0]))
    finally:
        for other in others:
            backend.discard_parts(other)


def test_a_part_may_be_put_again(backend: StorageBackend, key: str) -> None:
    upload, before = put_all(backend, key, [b"other bytes"])
    part = put_part(backend, key, upload, 1, ONE[0])
    assert backend.list_parts(key, upload) == [part]
    with pytest.raises(ReplicaDigestMismatch):
        backend.complete_parts(key, upload, before, **named([b"other bytes"]))
    assert_nothing_under(backend, key)
    if backend.kind != "swift":  # an upload is of the parts_md5 that it was begun with
        backend.discard_parts(key)
        upload, (part,) = put_all(backend, key, ONE)
    backend.complete_parts(key, upload, [part], **named(ONE))
    assert content_of(backend, key) == ONE[0]


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_all_of_a_thousand_parts_are_listed(backend: StorageBackend, key: str) -> None:
    upload = begin(backend, key, ONE)
    with ThreadPoolExecutor(4) as threads:
        parts = list(
            threads.map(lambda n: put_part(backend, key, upload, n, b"%d" % n), range(1, 1003))
        )
    assert backend.list_parts(key, upload) == parts


# Wrong bytes are never there


@pytest.mark.parametrize("size", [1, 1000, 2 * MIB + 7])
@pytest.mark.parametrize("more", [-1, 1, 70_000])
@pytest.mark.parametrize("before", [[], [b"before"]])
def test_a_part_of_another_size_is_not_stored(
    backend: StorageBackend, key: str, size: int, more: int, before: list[bytes]
) -> None:
    upload, parts = put_all(backend, key, before)
    with pytest.raises(ReplicaDigestMismatch, match=f"{size} bytes were announced"):
        backend.put_part(key, upload, 1, Stream(b"x" * (size + more)), size=size)
    assert backend.list_parts(key, upload) == parts


@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_a_source_that_breaks_stores_nothing_and_says_itself_why(
    backend: StorageBackend, key: str, size: int
) -> None:
    upload = begin(backend, key, ONE)
    with pytest.raises(OSError, match="the source broke"):
        backend.put_part(
            key, upload, 1, Stream(b"x" * size, breaks_at=min(size - 1, MIB)), size=size
        )
    assert backend.list_parts(key, upload) == []
    assert put_part(backend, key, upload, 1, b"after").md5 == md5(b"after")


def test_parts_of_another_digest_become_no_replica(backend: StorageBackend, key: str) -> None:
    upload, parts = put_all(backend, key, THREE)
    wrong = named([THREE[1], THREE[0], THREE[2]])
    with pytest.raises(ReplicaDigestMismatch, match="MD5"):
        backend.complete_parts(key, upload, parts, **wrong)
    assert_nothing_under(backend, key)
    assert backend.list_parts(key, upload) == parts
    backend.complete_parts(key, upload, parts, **named(THREE))


def test_parts_that_are_not_there_become_no_replica(backend: StorageBackend, key: str) -> None:
    upload, parts = put_all(backend, key, THREE)
    more = [*THREE, b"more"]
    with pytest.raises(ReplicaDigestMismatch):
        backend.complete_parts(key, upload, [*parts, Part(4, 4, md5(b"more"))], **named(more))
    assert_nothing_under(backend, key)


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_what_was_begun_as_another_replica_does_not_become_this_one(
    backend: StorageBackend, key: str
) -> None:
    upload = begin(backend, key, [b"another"])
    part = put_part(backend, key, upload, 1, ONE[0])
    with pytest.raises(ReplicaDigestMismatch, match="another replica"):
        backend.complete_parts(key, upload, [part], **named(ONE))
    assert_nothing_under(backend, key)
    write(backend, key, ONE)


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("number", {"number": 0}),
        ("number", {"number": 10_001}),
        ("size", {"size": 0}),
        ("replica key", {"key": "a//b"}),
    ],
)
def test_parts_that_no_service_takes_are_refused(
    backend: StorageBackend, key: str, what: str, wrong: dict[str, Any]
) -> None:
    arguments = {"key": key, "upload": "", "number": 1, "size": 1, **wrong}
    with pytest.raises(ValueError, match=what):
        backend.put_part(content=Stream(b"x"), **arguments)


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("content_type", {"content_type": "text/plain\r\nX-Object-Meta-A: b"}),
        ("parts_md5", {"parts_md5": f"{parts_md5(ONE)}-1"}),
        ("replica key", {"key": "../a"}),
    ],
)
def test_replicas_that_no_service_takes_are_refused(
    backend: StorageBackend, key: str, what: str, wrong: dict[str, str]
) -> None:
    arguments: dict[str, Any] = {"key": key, **named(ONE), **wrong}
    with pytest.raises(ValueError, match=what):
        backend.begin_parts(**arguments)
    with pytest.raises(ValueError, match=what):
        backend.complete_parts(upload="", parts=[Part(1, 1, md5(b"x"))], **arguments)


@pytest.mark.parametrize("numbers", [[], [2, 1], [1, 1]])
def test_parts_that_are_not_in_order_are_refused(
    backend: StorageBackend, key: str, numbers: list[int]
) -> None:
    parts = [Part(number, 1, md5(b"x")) for number in numbers]
    with pytest.raises(ValueError, match="parts"):
        backend.complete_parts(key, "", parts, **named([b"x"] * len(parts)))


def test_a_container_that_is_not_there_takes_no_parts(
    kind: str, settings: Mapping[str, str], key: str
) -> None:
    name = "container" if kind == "swift" else "bucket"
    elsewhere = open_backend(kind, {**settings, name: f"none-{uuid4().hex}"})
    with pytest.raises(BackendRefused):
        begin(elsewhere, key, ONE)


# Keys are written once


def test_completing_again_succeeds_and_changes_nothing(
    backend: StorageBackend, key: str, pieces_left: Callable[[str], list[str]]
) -> None:
    upload, parts = put_all(backend, key, THREE)
    stat = backend.complete_parts(key, upload, parts, **named(THREE))
    again = begin(backend, key, THREE)  # as somebody does who does not know it
    assert backend.complete_parts(key, upload, parts, **named(THREE)) == stat
    assert backend.complete_parts(key, again, parts, **named(THREE)) == stat
    assert backend.stat(key) == stat
    assert content_of(backend, key) == b"".join(THREE)
    if backend.kind != "swift":
        assert pieces_left(key) == [key]  # and no upload beside it


def test_a_replica_can_be_completed_by_many_at_once(backend: StorageBackend, key: str) -> None:
    upload, parts = put_all(backend, key, THREE)

    def complete(_: int) -> None:
        with suppress(BackendUnavailable):  # "already under way", on Ceph: may be repeated
            backend.complete_parts(key, upload, parts, **named(THREE))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(complete, range(4)))
    backend.complete_parts(key, upload, parts, **named(THREE))
    assert content_of(backend, key) == b"".join(THREE)


def test_completing_another_replica_is_a_conflict_and_changes_nothing(
    backend: StorageBackend, key: str
) -> None:
    stat = write(backend, key, ONE)
    for other in ([b"a small rep1ica"], [ONE[0], b"and more"]):
        upload, parts = begin(backend, key, other), []
        if backend.kind == "swift":  # its segments are the replica's: nobody may write there
            parts = [Part(n, len(one), md5(one)) for n, one in enumerate(other, 1)]
        else:
            parts = [put_part(backend, key, upload, n, one) for n, one in enumerate(other, 1)]
        with pytest.raises(ReplicaConflict):
            backend.complete_parts(key, upload, parts, **named(other))
    assert backend.stat(key) == stat
    assert content_of(backend, key) == ONE[0]


def test_a_replica_that_was_put_at_once_is_a_conflict(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    upload, parts = put_all(backend, key, ONE)
    stat = backend.put(key, io.BytesIO(ONE[0]), **expected(ONE[0]))
    with pytest.raises(ReplicaConflict):
        backend.complete_parts(key, upload, parts, **named(ONE))
    assert backend.stat(key).md5 == stat.md5


def test_putting_at_once_what_is_there_in_parts_is_a_conflict(
    backend: StorageBackend, key: str, expected: Arguments
) -> None:
    stat = write(backend, key, ONE)
    with pytest.raises(ReplicaConflict):
        backend.put(key, io.BytesIO(ONE[0]), **expected(ONE[0]))
    assert backend.stat(key) == stat


# Reading


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (0, 0),
        (PART - 1, PART),
        (PART, 2 * PART - 1),
        (PART - 70_000, 2 * PART + 2),
        (2 * PART - 1, None),
        (2 * PART + 6, 10**12),
        (0, 2 * PART + 6),
    ],
)
def test_a_range_may_begin_and_end_in_any_part(
    backend: StorageBackend, service: str, first: int, last: int | None, shared: dict[str, str]
) -> None:
    key = shared[service]
    content = b"".join(THREE)[first : None if last is None else last + 1]
    with backend.get(key, first=first, last=last) as reader:
        assert reader.length == len(content)
        assert reader.stat == backend.stat(key)
        assert reader.read() == content
    with pytest.raises(RangeNotSatisfiable):
        backend.get(key, first=2 * PART + 7)


@pytest.fixture(scope="module")
def shared(
    opened: dict[str, StorageBackend], services: dict[str, Mapping[str, str]]
) -> Iterator[dict[str, str]]:
    """Keys of replicas of three parts, by service, for those who only read."""
    backends = {name: open_backend(kind_of(name), found) for name, found in services.items()}
    keys = {name: f"conformance-{uuid4().hex}/read" for name in backends}
    for name, backend in backends.items():
        write(backend, keys[name], THREE)
    yield keys
    for name, backend in backends.items():
        backend.delete(keys[name])
        backend.discard_parts(keys[name])


def test_a_signed_url_gives_the_replica_to_anybody(
    backend: StorageBackend, service: str, shared: dict[str, str]
) -> None:
    url = backend.signed_url(shared[service], expires_in=60)
    with response_to(url) as response:
        assert response.headers["Content-Type"] == "text/plain"
        assert response.read() == b"".join(THREE)
    between = {"Range": f"bytes={PART - 2}-{PART + 1}"}
    assert fetched(url, headers=between) == THREE[0][-2:] + THREE[1][:2]
    path, _, query = url.partition("?")
    assert_denied(path)
    assert_denied(f"{path}2?{query}")
    for method in ("PUT", "POST", "DELETE"):
        assert_denied(url, method)


# Listing


def test_a_listing_leaves_out_what_replicas_are_made_of(backend: StorageBackend, key: str) -> None:
    put_all(backend, key, [b"part"] * 9)
    found: list[str] = []
    pages = 0
    marker: str | None = "~"
    while marker is not None:
        page = backend.list("", marker, 2)
        found += [replica.key for replica in page.replicas]
        assert page.next_marker is None or page.next_marker > marker
        marker, pages = page.next_marker, pages + 1
    assert not [one for one in found if one.startswith("~parts/") or one.startswith(key)]
    assert pages <= len(found) + 3  # parts are passed over at once


def begun(backend: StorageBackend, prefix: str) -> dict[str, datetime]:
    """The keys below a prefix that have parts of no replica, each with its last time."""
    found: dict[str, datetime] = {}
    marker: str | None = ""
    while marker is not None:
        page = backend.list_begun_parts(marker)
        for one in page.begun:
            if one.key.startswith(prefix):
                found[one.key] = max(one.stored_at, found.get(one.key, one.stored_at))
        marker = page.next_marker
    return found


def test_parts_of_no_replica_are_listed_until_they_are_joined_or_discarded(
    backend: StorageBackend, prefix: str
) -> None:
    joined, discarded, nested = f"{prefix}joined", f"{prefix}discarded", f"{prefix}joined/nested"
    before = datetime.now(UTC) - timedelta(minutes=5)
    try:
        uploads = {key: put_all(backend, key, THREE) for key in (joined, discarded, nested)}
        found = begun(backend, prefix)
        assert set(found) == {joined, discarded, nested}
        assert all(before < at < before + timedelta(minutes=10) for at in found.values())
        assert all(at.microsecond == 0 for at in found.values())
        upload, parts = uploads[joined]
        backend.complete_parts(joined, upload, parts, **named(THREE))
        assert set(begun(backend, prefix)) == {discarded, nested}
        backend.discard_parts(discarded)
        backend.discard_parts(joined)  # it is a replica: nothing of it is begun
        assert set(begun(backend, prefix)) == {nested}
        assert content_of(backend, joined) == b"".join(THREE)
        backend.delete(joined)
        backend.discard_parts(joined)
        assert joined not in begun(backend, prefix)
    finally:
        for key in (joined, discarded, nested):
            backend.delete(key)
            backend.discard_parts(key)


def test_more_begun_parts_than_a_page_holds_are_all_listed(
    backend: StorageBackend, kind: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pages of two, of what the service is asked for."""
    keys = [f"{prefix}{number}" for number in range(5)]
    in_pages_of_two(backend, kind, monkeypatch)
    try:
        for key in keys:
            put_all(backend, key, ONE)
        assert set(begun(backend, prefix)) == set(keys)
    finally:
        for key in keys:
            backend.discard_parts(key)


def in_pages_of_two(backend: Any, kind: str, patch: pytest.MonkeyPatch) -> None:
    """Have a backend ask its service for two entries at a time."""
    if kind == "swift":
        ask = Connection.get_container
        patch.setattr(
            Connection,
            "get_container",
            lambda *given, **named: ask(*given, **{**named, "limit": 2}),
        )
    else:
        asks = backend._client.list_multipart_uploads
        patch.setattr(
            backend._client,
            "list_multipart_uploads",
            lambda **named: asks(**{**named, "MaxUploads": 2}),
        )


# What is discarded is gone


def test_what_was_begun_and_is_discarded_is_gone(
    backend: StorageBackend, key: str, pieces_left: Callable[[str], list[str]]
) -> None:
    backend.discard_parts(key)
    upload, parts = put_all(backend, key, THREE)
    assert pieces_left(key) != []
    backend.discard_parts(key)
    assert pieces_left(key) == []
    assert backend.list_parts(key, upload) == []
    with pytest.raises((BackendUnavailable, ReplicaDigestMismatch)):
        backend.complete_parts(key, upload, parts, **named(THREE))
    assert_nothing_under(backend, key)
    backend.discard_parts(key)
    write(backend, key, ONE)


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_a_part_of_what_was_discarded_is_not_taken(backend: StorageBackend, key: str) -> None:
    upload = begin(backend, key, ONE)
    backend.discard_parts(key)
    with pytest.raises(BackendUnavailable, match="NoSuch"):
        put_part(backend, key, upload, 1, ONE[0])


def test_discarding_leaves_a_replica_whole(backend: StorageBackend, key: str) -> None:
    stat = write(backend, key, THREE)
    begin(backend, key, THREE)
    backend.discard_parts(key)
    assert backend.stat(key) == stat
    assert content_of(backend, key) == b"".join(THREE)


def test_a_replica_that_is_deleted_and_discarded_is_gone(
    backend: StorageBackend, key: str, pieces_left: Callable[[str], list[str]]
) -> None:
    write(backend, key, THREE)
    backend.delete(key)
    assert_nothing_under(backend, key)
    backend.discard_parts(key)
    assert pieces_left(key) == []
    write(backend, key, ONE)
    assert content_of(backend, key) == ONE[0]


# Static large objects of Swift


@pytest.fixture
def folding(
    settings: Mapping[str, str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> StorageBackend:
    """A backend for Swift whose manifests list three segments at most."""
    backend: Any = open_backend(kind, settings)
    monkeypatch.setattr(type(backend), "manifest_entries", 3)
    return backend  # type: ignore[no-any-return]


@pytest.mark.parametrize("service", SWIFTS)
@pytest.mark.parametrize("count", [3, 4, 8])
def test_more_segments_than_a_manifest_lists_become_one_replica(
    folding: StorageBackend, key: str, count: int, pieces_left: Callable[[str], list[str]]
) -> None:
    pieces = [b"%d bytes" % number for number in range(count)]
    upload, parts = put_all(folding, key, pieces)
    stat = folding.complete_parts(key, upload, parts, **named(pieces))
    tags = [md5(piece) for piece in pieces]
    if count > 3:
        tags = [md5("".join(tags[n : n + 3]).encode()) for n in range(0, count, 3)]
    assert stat.md5 == md5("".join(tags).encode())
    assert stat == folding.stat(key)
    assert (stat.size, stat.parts_md5) == (7 * count, parts_md5(pieces))
    assert content_of(folding, key) == b"".join(pieces)
    assert content_of(folding, key, first=19, last=22) == b"".join(pieces)[19:23]
    assert fetched(folding.signed_url(key, expires_in=60)) == b"".join(pieces)
    assert folding.list_parts(key, upload) == parts
    assert [one.key for one in folding.list(key).replicas] == [key]
    assert folding.complete_parts(key, upload, parts, **named(pieces)) == stat
    folding.delete(key)
    folding.discard_parts(key)
    assert pieces_left(key) == []


@pytest.mark.parametrize("service", SWIFTS)
def test_the_service_takes_manifests_as_long_as_ours(backend: Any) -> None:
    capabilities = backend._connection().get_capabilities()
    assert backend.manifest_entries <= capabilities["slo"]["max_manifest_segments"]


@pytest.mark.parametrize("service", SWIFTS)
def test_a_replica_that_has_lost_a_segment_is_not_read(
    backend: Any, key: str, settings: Mapping[str, str]
) -> None:
    write(backend, key, THREE)
    container, swift = settings["container"], backend._connection()
    swift.delete_object(container, f"~parts/{key}/p/000002")
    with pytest.raises(BackendUnavailable), backend.get(key) as reader:
        reader.read()
    swift.put_object(container, f"~parts/{key}/p/000001", b"somebody's bytes")
    with pytest.raises(ReplicaDigestMismatch):
        backend.get(key)
