"""How every storage backend fails: by name, in time, without a secret, and never half."""

import hashlib
import io
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from mcos.storage import (
    BackendRefused,
    BackendUnavailable,
    Part,
    ReplicaDigestMismatch,
    StorageBackend,
    StorageError,
    Timeouts,
    open_backend,
)
from tests.functional.storage.conftest import SWIFTS, DeadService

MIB = 1024 * 1024
QUICK = Timeouts(connect_seconds=0.3, read_seconds=0.4)  # of what never answers
LONG_ENOUGH = Timeouts(connect_seconds=2, read_seconds=3)  # to tell that something was asked
PATIENT = Timeouts(connect_seconds=30, read_seconds=30)
BUSY_SECONDS = 30
"""How much later than its bound a call may end on a busy machine.

Without any timeouts the SDKs would take minutes.
"""
LARGE = 16 * MIB  # more than the sockets between us and a service take that reads nothing
KEY = "account/01JD7Q8Y3V0000000000000000"

Arguments = Callable[..., dict[str, Any]]
Call = Callable[[StorageBackend, Arguments], object]


class OnlyForward(io.BytesIO):
    """Content that cannot be sent twice."""

    def seekable(self) -> bool:
        return False


def _put(size: int, source: type[io.BytesIO] = io.BytesIO) -> Call:
    def call(backend: StorageBackend, expected: Arguments) -> object:
        content = b"x" * size
        return backend.put(KEY, source(content), **expected(content))

    return call


def _read(backend: StorageBackend, _: Arguments) -> bytes:
    with backend.get(KEY) as reader:
        return reader.read()


def _put_part(size: int) -> Call:
    def call(backend: StorageBackend, _: Arguments) -> object:
        return backend.put_part(KEY, UPLOAD, 1, OnlyForward(b"x" * size), size=size)

    return call


UPLOAD = "upload"
SMALL = Part(1, 5, hashlib.md5(b"whole").hexdigest())
OF_PARTS = {
    "content_type": "text/plain",
    "parts_md5": hashlib.md5(bytes.fromhex(SMALL.md5)).hexdigest(),
}


def _complete(backend: StorageBackend, _: Arguments) -> object:
    return backend.complete_parts(KEY, UPLOAD, [SMALL], **OF_PARTS)


CALLS: dict[str, Call] = {
    "put": _put(1000),
    "put large": _put(LARGE),
    "put large stream": _put(LARGE, OnlyForward),
    "get": _read,
    "stat": lambda backend, _: backend.stat(KEY),
    "delete": lambda backend, _: backend.delete(KEY),
    "list": lambda backend, _: backend.list(),
    "begin_parts": lambda backend, _: backend.begin_parts(KEY, **OF_PARTS),
    "put_part": _put_part(1000),
    "put_part large": _put_part(LARGE),
    "list_parts": lambda backend, _: backend.list_parts(KEY, UPLOAD),
    "complete_parts": _complete,
    "discard_parts": lambda backend, _: backend.discard_parts(KEY),
    "list_begun_parts": lambda backend, _: backend.list_begun_parts(),
}


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Call:
    """Each call that asks the service, in turn."""
    return CALLS[request.param]


def assert_says_no_secret(error: BaseException, *secrets: str) -> None:
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    for secret in secrets:
        assert secret not in told


def assert_at_fake(error: StorageError, settings: Mapping[str, str]) -> None:
    assert_says_no_secret(error, settings[secret_in(settings)], "AUTH_tk", "Signature=")


def secret_in(settings: Mapping[str, str]) -> str:
    """The name of the setting that is secret."""
    (name,) = {"secret_key", "key", "password"} & set(settings)
    return name


# Services that are not there


def test_a_dead_service_is_unavailable_within_the_bound(
    kind: str,
    dead_service: DeadService,
    settings_of: Callable[[str, str], Mapping[str, str]],
    call: Call,
    expected: Arguments,
) -> None:
    settings = settings_of(kind, dead_service.url)
    backend = open_backend(kind, settings, QUICK)
    prepared = expected(b"x" * LARGE)  # digested before the clock starts
    started = time.monotonic()
    with pytest.raises(BackendUnavailable) as failure:
        call(backend, lambda content: prepared if len(content) > MIB else expected(content))
    seconds = time.monotonic() - started
    assert_at_fake(failure.value, settings)
    assert seconds < QUICK.worst_case_seconds + BUSY_SECONDS
    assert len(dead_service.requests) <= dead_service.most_requests


def test_the_default_bound_is_twelve_seconds() -> None:
    assert Timeouts().worst_case_seconds == 12


def test_a_signed_url_needs_no_longer_than_the_bound(
    kind: str, dead_service: DeadService, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    backend = open_backend(kind, settings_of(kind, dead_service.url), QUICK)
    started = time.monotonic()
    if kind == "swift":
        with pytest.raises(BackendUnavailable):
            backend.signed_url(KEY, expires_in=60)
    else:
        assert backend.signed_url(KEY, expires_in=60)
    assert time.monotonic() - started < QUICK.worst_case_seconds + BUSY_SECONDS


def test_what_hangs_is_asked_once(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    with pytest.raises(BackendUnavailable):
        open_backend(kind, settings_of(kind, fake.url), LONG_ENOUGH).stat(KEY)
    assert len(fake.requests) == 1


def test_a_connection_that_breaks_is_tried_again_once(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    tries = count()
    fake.behaviour = lambda handler: (
        handler.reset() if next(tries) == 0 else handler.answer(200, found(b"whole"))
    )
    assert open_backend(kind, settings_of(kind, fake.url), PATIENT).stat(KEY).size == 5
    fake.behaviour = lambda handler: handler.reset()
    fake.requests.clear()
    with pytest.raises(BackendUnavailable):
        open_backend(kind, settings_of(kind, fake.url), PATIENT).stat(KEY)
    assert len(fake.requests) == 2


@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_a_put_whose_connection_breaks_is_sent_again_whole(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
    size: int,
) -> None:
    content = bytes(range(250)) * (size // 250)
    arguments = expected(content)
    received: list[bytes] = []

    def behaviour(handler: Any) -> None:
        if handler.command == "HEAD":
            handler.answer(404, {})
        elif not received:
            received.append(handler.rfile.read(size // 2))
            handler.reset()
        else:
            received.append(handler.rfile.read(int(handler.headers["Content-Length"])))
            del handler.headers["Content-Length"]
            handler.answer(201, {"ETag": f'"{arguments["md5"]}"', **DATED})

    fake.behaviour = behaviour
    backend = open_backend(kind, settings_of(kind, fake.url), PATIENT)
    backend.put(KEY, io.BytesIO(content), **arguments)
    assert len(received) == 2
    assert received[1] == content


# Services that answer with a failure


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_every_status_that_passes_is_unavailable(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]], status: int
) -> None:
    fake.behaviour = lambda handler: handler.answer(status, {})
    with pytest.raises(BackendUnavailable, match=str(status)):
        open_backend(kind, settings_of(kind, fake.url), PATIENT).stat(KEY)


def test_a_service_that_cannot_now_is_unavailable_and_asked_once(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    call: Call,
    expected: Arguments,
) -> None:
    status = 503
    fake.behaviour = lambda handler: handler.answer(status, {})
    settings = settings_of(kind, fake.url)
    with pytest.raises(BackendUnavailable, match=str(status)) as failure:
        call(open_backend(kind, settings, PATIENT), expected)
    assert len(fake.requests) == 1
    assert_at_fake(failure.value, settings)


@pytest.mark.parametrize("status", [400, 402, 403, 405, 451])
def test_every_status_that_stays_is_a_refusal(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]], status: int
) -> None:
    fake.behaviour = lambda handler: handler.answer(status, {})
    with pytest.raises(BackendRefused, match=str(status)):
        open_backend(kind, settings_of(kind, fake.url), PATIENT).stat(KEY)


def test_a_service_that_refuses_is_named_so(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    call: Call,
    expected: Arguments,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def behaviour(handler: Any) -> None:
        # Services repeat in their replies what they were sent.
        told = handler.headers.get("X-Auth-Token") or handler.headers["Authorization"]
        page = f"{told}" if kind == "swift" else f"<Error><Message>{told}</Message></Error>"
        handler.answer(403, {"X-Told": told}, page.encode())

    fake.behaviour = behaviour
    settings = settings_of(kind, fake.url)
    caplog.set_level(logging.INFO)
    with pytest.raises(BackendRefused) as failure:
        call(open_backend(kind, settings, PATIENT), expected)
    assert_at_fake(failure.value, settings)
    assert "AUTH_tk" not in caplog.text


def test_wrong_credentials_are_refused_and_not_told(
    kind: str, settings: Mapping[str, str], call: Call, expected: Arguments
) -> None:
    # The local S3 looks at its root key's secret only in signed URLs, so there it is the name of
    # the key that is wrong.
    names = {"s3": ["access_key"], "ceph": ["access_key", "secret_key"]}
    for name in names.get(kind, [secret_in(settings)]):
        wrong = f"wrong{uuid4().hex}"
        backend = open_backend(kind, {**settings, name: wrong})
        with pytest.raises(BackendRefused) as failure:
            call(backend, expected)
        assert_says_no_secret(failure.value, wrong, settings[name], "Signature=")


# Services that answer wrongly

DATED = {"Last-Modified": "Sun, 22 Nov 2026 22:13:00 GMT", "Date": "Sun, 22 Nov 2026 22:13:00 GMT"}


def found(content: bytes) -> dict[str, str]:
    return {"ETag": '"eed98ab72dbe32e60798c06d19bf7c65"', "Content-Length": "5", **DATED}


def test_a_service_that_stored_something_else_loses_it_again(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
) -> None:
    def behaviour(handler: Any) -> None:
        status = 201 if handler.command == "PUT" else 204
        handler.answer(status, {"ETag": '"eed98ab72dbe32e60798c06d19bf7c65"', **DATED})

    fake.behaviour = behaviour
    with pytest.raises(ReplicaDigestMismatch):
        _put(1000)(open_backend(kind, settings_of(kind, fake.url), PATIENT), expected)
    assert [method for method, _ in fake.requests] == ["PUT", "DELETE"]
    assert fake.requests[0][1].partition("?")[0] == fake.requests[1][1].partition("?")[0]


def test_a_service_that_stored_another_part_says_so(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
) -> None:
    def behaviour(handler: Any) -> None:
        status = {"HEAD": 204, "PUT": 201, "DELETE": 204}[handler.command]
        handler.answer(status, {"ETag": '"eed98ab72dbe32e60798c06d19bf7c65"', **DATED})

    fake.behaviour = behaviour
    with pytest.raises(ReplicaDigestMismatch):
        _put_part(1000)(open_backend(kind, settings_of(kind, fake.url), PATIENT), expected)
    methods = [method for method, _ in fake.requests]
    assert methods == (["HEAD", "PUT", "DELETE"] if kind == "swift" else ["PUT"])


def in_parts(kind: str, **changed: str) -> dict[str, str]:
    """What a service says of the replica that ``_complete`` makes."""
    parts_md5 = OF_PARTS["parts_md5"]
    if kind == "swift":
        tag = hashlib.md5(SMALL.md5.encode()).hexdigest()
        told = {"X-Static-Large-Object": "True", "X-Object-Meta-Mcos-Parts-Md5": parts_md5}
    else:
        tag, told = f"{parts_md5}-1", {"x-amz-meta-mcos-parts-md5": parts_md5}
    return {"ETag": f'"{tag}"', "Content-Length": "5", **told, **DATED, **changed}


def completed(handler: Any) -> None:
    """Answer as a service that has made a replica of parts."""
    body = b"<CompleteMultipartUploadResult/>" if handler.command == "POST" else b""
    handler.answer(201 if handler.command == "PUT" else 200, DATED, body)


def test_a_service_that_made_another_replica_of_the_parts_loses_it_again(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
) -> None:
    looks = count()

    def behaviour(handler: Any) -> None:
        if handler.command != "HEAD":
            completed(handler)
        elif next(looks) == 0:
            handler.answer(404, {})
        else:
            handler.answer(200, in_parts(kind, ETag='"eed98ab72dbe32e60798c06d19bf7c65-1"'))

    fake.behaviour = behaviour
    with pytest.raises(ReplicaDigestMismatch):
        _complete(open_backend(kind, settings_of(kind, fake.url), PATIENT), expected)
    done = "PUT" if kind == "swift" else "POST"
    assert [method for method, _ in fake.requests] == ["HEAD", done, "HEAD", "DELETE"]


def test_parts_whose_completion_had_no_reply_are_found_to_be_a_replica(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
) -> None:
    looks, tries = count(), count()

    def behaviour(handler: Any) -> None:
        if handler.command == "HEAD":
            there = next(looks) > 0
            handler.answer(200 if there else 404, in_parts(kind) if there else {})
        elif handler.command == "GET":  # what else was begun
            handler.answer(200, {}, b"<ListMultipartUploadsResult/>")
        elif next(tries) == 0:
            handler.reset()
        elif kind == "swift":
            handler.answer(412, {})
        else:
            handler.answer(404, {}, b"<Error><Code>NoSuchUpload</Code></Error>")

    fake.behaviour = behaviour
    backend = open_backend(kind, settings_of(kind, fake.url), PATIENT)
    stat: Any = _complete(backend, expected)
    assert (stat.in_parts, stat.parts_md5) == (True, OF_PARTS["parts_md5"])
    assert next(tries) == 2


def test_a_completion_that_fails_behind_its_status_is_no_success(
    fake: Any, settings_of: Callable[[str, str], Mapping[str, str]], expected: Arguments
) -> None:
    def behaviour(handler: Any) -> None:
        if handler.command == "HEAD":
            handler.answer(404, {})
        else:  # S3 says 200 before it is done
            handler.answer(200, {}, b"\n\n<Error><Code>InternalError</Code></Error>")

    fake.behaviour = behaviour
    with pytest.raises(BackendUnavailable, match="InternalError"):
        _complete(open_backend("s3", settings_of("s3", fake.url), PATIENT), expected)


def test_a_part_whose_connection_breaks_is_not_sent_again(
    kind: str,
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
) -> None:
    def behaviour(handler: Any) -> None:
        if handler.command == "HEAD":
            handler.answer(204, {})
        else:
            handler.rfile.read(1000)
            handler.reset()

    fake.behaviour = behaviour
    with pytest.raises(BackendUnavailable):
        _put_part(2 * MIB)(open_backend(kind, settings_of(kind, fake.url), PATIENT), expected)
    assert [method for method, _ in fake.requests].count("PUT") == 1


def test_a_page_of_something_else_is_no_replica(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    fake.behaviour = lambda handler: handler.answer(
        200, {"Content-Type": "text/html"}, b"<html>Welcome<br>to the hotel's network"
    )
    backend = open_backend(kind, settings_of(kind, fake.url), PATIENT)
    for ask in (backend.stat, backend.get):
        with pytest.raises(BackendRefused):
            ask(KEY)
    with pytest.raises(StorageError):
        backend.list_parts(KEY, UPLOAD)
    with pytest.raises(StorageError):  # botocore makes a 500 of a listing that is no XML
        backend.list()


def test_a_reply_that_ends_early_is_never_taken_for_whole(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    def behaviour(handler: Any) -> None:
        handler.answer(200, found(b"whole"), b"who")
        handler.close_connection = True

    fake.behaviour = behaviour
    with pytest.raises(BackendUnavailable):
        _read(open_backend(kind, settings_of(kind, fake.url), PATIENT), {}.get)


def test_a_reply_that_hangs_in_the_middle_is_unavailable_within_the_bound(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    def behaviour(handler: Any) -> None:
        handler.answer(200, found(b"whole"), b"who")
        handler.hang()

    fake.behaviour = behaviour
    settings = settings_of(kind, fake.url)
    started = time.monotonic()
    with pytest.raises(BackendUnavailable) as failure:
        _read(open_backend(kind, settings, QUICK), {}.get)
    assert time.monotonic() - started < QUICK.worst_case_seconds + BUSY_SECONDS
    assert_at_fake(failure.value, settings)


def test_bytes_that_are_not_what_the_service_says_are_not_handed_out(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    fake.behaviour = lambda handler: handler.answer(200, found(b"whole"), b"wrong")
    with pytest.raises(ReplicaDigestMismatch):
        _read(open_backend(kind, settings_of(kind, fake.url), PATIENT), {}.get)


def test_the_whole_is_not_taken_for_a_range(
    kind: str, fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    fake.behaviour = lambda handler: handler.answer(200, found(b"whole"), b"whole")
    backend = open_backend(kind, settings_of(kind, fake.url), PATIENT)
    with pytest.raises(BackendRefused, match="range"):
        backend.get(KEY, first=1, last=2)


# Tokens of Swift


def spoil_token(backend: Any) -> None:
    """Have a backend go on with a token that its service does not know."""
    unknown = "AUTH_tk" + "0" * 32
    backend._connection().token = unknown
    if backend._session is not None:
        token, until = backend._session._kept
        backend._session._kept = replace(token, text=unknown), until


@pytest.mark.parametrize("service", SWIFTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_swift_token_that_was_invalidated_is_renewed(
    settings: Mapping[str, str], expected: Arguments, name: str
) -> None:
    backend: Any = open_backend("swift", settings)
    key = f"{KEY}-{uuid4().hex}"
    backend.put(key, io.BytesIO(b"before"), **expected(b"before"))
    spoil_token(backend)
    try:
        if "parts" in name or "put_part" in name:
            _use_parts_with_a_token_that_is_no_more(backend, name)
        elif name.startswith("put"):
            backend.delete(key)
            spoil_token(backend)
            content = b"x" * (1000 if name == "put" else 2 * MIB)
            source = OnlyForward if name == "put large stream" else io.BytesIO
            assert backend.put(key, source(content), **expected(content)).size == len(content)
        elif name == "list":
            assert [replica.key for replica in backend.list(key).replicas] == [key]
        elif name == "get":
            with backend.get(key) as reader:
                assert reader.read() == b"before"
        else:
            getattr(backend, name)(key)
    finally:
        backend.delete(key)


def _use_parts_with_a_token_that_is_no_more(backend: Any, name: str) -> None:
    key = f"{KEY}-{uuid4().hex}"
    backend.begin_parts(key, **OF_PARTS)
    put = backend.put_part(key, "", 1, OnlyForward(b"whole"), size=5)
    spoil_token(backend)
    try:
        if name == "begin_parts":
            assert backend.begin_parts(key, **OF_PARTS) == ""
        elif name == "list_parts":
            assert backend.list_parts(key, "") == [put]
        elif name == "complete_parts":
            assert backend.complete_parts(key, "", [put], **OF_PARTS).size == 5
        elif name == "discard_parts":
            backend.discard_parts(key)
        else:
            assert backend.put_part(key, "", 1, OnlyForward(b"whole"), size=5) == put
    finally:
        backend.delete(key)
        backend.discard_parts(key)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("service", SWIFTS)
@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_a_swift_upload_whose_token_is_refused_is_sent_again_whole(
    fake: Any,
    settings_of: Callable[[str, str], Mapping[str, str]],
    expected: Arguments,
    size: int,
) -> None:
    content = bytes(range(250)) * (size // 250)
    arguments = expected(content)
    received: list[bytes] = []

    def behaviour(handler: Any) -> None:
        if handler.command == "HEAD":
            handler.answer(404, {})
            return
        received.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        del handler.headers["Content-Length"]
        refused = len(received) % 2 == 1
        handler.answer(401 if refused else 201, {"ETag": arguments["md5"], **DATED})

    fake.behaviour = behaviour
    backend = open_backend("swift", settings_of("swift", fake.url), PATIENT)
    backend.put(KEY, io.BytesIO(content), **arguments)
    assert received == [content, content]
    if size > MIB:
        with pytest.raises(BackendUnavailable, match="token"):
            backend.put(KEY, OnlyForward(content), **arguments)
        assert len(received) == 3


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("service", SWIFTS)
def test_a_swift_token_is_fetched_once_for_many_calls(
    fake: Any, settings_of: Callable[[str, str], Mapping[str, str]]
) -> None:
    fake.gives_tokens = False

    def behaviour(handler: Any) -> None:
        if not handler.give_token():
            handler.answer(200, found(b"whole"))

    fake.behaviour = behaviour
    backend = open_backend("swift", settings_of("swift", fake.url), PATIENT)
    for _ in range(3):
        backend.stat(KEY)
    assert len([path for _, path in fake.requests if "/auth/" in path]) == 1


@pytest.mark.parametrize("service", SWIFTS)
def test_a_changed_swift_key_keeps_the_urls_that_are_out(
    settings: Mapping[str, str], expected: Arguments
) -> None:
    settings = {**settings, "container": f"conformance-{uuid4().hex}"}
    before: Any = open_backend("swift", settings)
    swift = before._connection()
    swift.put_container(settings["container"])
    try:
        before.put(KEY, io.BytesIO(b"content"), **expected(b"content"))
        urls = [before.signed_url(KEY, expires_in=60)]
        after: Any = open_backend("swift", settings)
        after._url_key = uuid4().hex  # as it is derived from another key of the user
        urls.append(after.signed_url(KEY, expires_in=60))
        for url in urls:
            with urlopen(url, timeout=10) as response:
                assert response.read() == b"content"
    finally:
        before.delete(KEY)
        swift.delete_container(settings["container"])
