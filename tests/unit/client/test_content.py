"""Storing content: which calls that takes."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mcos_client import (
    AsyncClient,
    Client,
    InvalidHeader,
    ObjectExists,
    ObjectNotFound,
    PreconditionFailed,
)
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import ENTRY_POINT, System

LARGE = bytes(SMALL + 1)

Put = Callable[..., Any]


@pytest.fixture(params=["Client", "AsyncClient"])
def put(request: pytest.FixtureRequest, user: Client, system: System, clock: ClientClock) -> Put:
    """``put_object`` of either client."""
    if request.param == "Client":
        return user.put_object

    def put_asynchronously(*args: Any, **how: Any) -> Any:
        async def run() -> Any:
            transport = httpx.MockTransport(system)
            async with AsyncClient(
                ENTRY_POINT, system.token, transport=transport, clock=clock
            ) as client:
                return await client.put_object(*args, **how)

        return asyncio.run(run())

    return put_asynchronously


def asked(system: System) -> list[tuple[str, str]]:
    """What was asked for since the last look, but for which object or upload."""
    calls = []
    for one in system.requests:
        path, query = one.url.path.removeprefix("/base/v1"), one.url.query.decode()
        path = "/objects" if "/objects/" in path else path[:8]
        calls.append((one.method, path + (f"?{query}" if query else "")))
    system.requests.clear()
    return calls


@pytest.mark.parametrize("size", [1, len(LARGE)], ids=["one call", "an upload"])
def test_replacing_takes_the_same_calls_whether_or_not_the_object_is_there(
    put: Put, system: System, size: int
) -> None:
    one_call = [("PUT", "/objects?if_missing=create")]
    expected = one_call if size == 1 else [("POST", "/uploads")] * 2
    for fill in (b"1", b"2"):
        system.requests.clear()
        put("c", "o", fill * size)
        assert asked(system) == expected
        assert system.stored() == {"o": fill * size}


@pytest.mark.parametrize("size", [1, len(LARGE)], ids=["one call", "an upload"])
def test_what_is_refused_or_required_takes_no_more_calls(
    put: Put, system: System, size: int
) -> None:
    system.requests.clear()
    with pytest.raises(ObjectNotFound):
        put("c", "o", b"1" * size, if_there="require")
    put("c", "o", b"2" * size, if_there="refuse")
    with pytest.raises((PreconditionFailed, ObjectExists)):
        put("c", "o", b"3" * size, if_there="refuse")
    kept = system.stored()
    put("c", "o", b"4" * size, if_there="require")
    methods = [method for method, _ in asked(system)]
    assert methods == (["PUT", "POST", "POST", "PUT"] if size == 1 else ["POST"] * 6)
    assert (kept, system.stored()) == ({"o": b"2" * size}, {"o": b"4" * size})


def test_replacing_does_not_mind_a_deletion_that_is_under_way(put: Put, system: System) -> None:
    put("c", "o", b"1")
    system.working = False
    system.cut_queues()
    system.another.delete_object("c", "o", prefer="respond-async")
    system.requests.clear()
    put("c", "o", b"2", prefer="respond-async")
    assert asked(system) == [("PUT", "/objects?if_missing=create")]
    system.working = True
    system.mend_queues()
    assert system.stored() == {"o": b"2"}


HEADERS = {
    "Cache-Control": "max-age=60, public",
    "Content-Disposition": "attachment; filename*=UTF-8''%C3%BC.txt",
    "Content-Encoding": "gzip",
    "Content-Language": "de, en",
    "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
}


@pytest.mark.parametrize("size", [1, len(LARGE)], ids=["one call", "an upload"])
def test_headers_of_content_are_kept_with_it_and_go_with_it(
    put: Put, user: Client, system: System, size: int
) -> None:
    put("c", "o", b"1" * size, headers={name.lower(): value for name, value in HEADERS.items()})
    assert user.stat_object("c", "o").headers == HEADERS
    assert [one.headers for one in system.uploads] == ([] if size == 1 else [HEADERS])
    system.work()
    assert b"".join(user.stream_object("c", "o")) == b"1" * size
    put("c", "o", b"2" * size)
    system.work()
    assert user.stat_object("c", "o").headers == {}


def test_headers_go_with_every_way_of_writing(user: Client, system: System) -> None:
    sent = {"Cache-Control": "no-store"}
    writes = {
        "create": lambda: user.create_object("c", "o", b"1", headers=sent),
        "update": lambda: user.update_object("c", "o", b"2", headers=sent),
        "upload": lambda: user.upload("c", "o", b"3", action="update", headers=sent),
        "begin": lambda: user.begin_upload("c", "p", headers=sent),
    }
    for write in writes.values():
        write()
        system.work()
        assert user.stat_object("c", "o").headers == sent
    assert [one.headers for one in system.uploads] == [sent, sent]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"X-Object-Meta-A": "1"},
        {"": "1"},
        {"Expires": "é"},
        {"Expires": " padded "},
        {"Expires": "line\nfeed"},
        {"Expires": "1", "expires": "2"},
    ],
    ids=ascii,
)
@pytest.mark.parametrize("size", [1, len(LARGE)], ids=["one call", "an upload"])
def test_what_is_no_header_of_content_is_refused_before_anything_is_sent(
    put: Put, system: System, headers: dict[str, str], size: int
) -> None:
    system.requests.clear()
    with pytest.raises(InvalidHeader):
        put("c", "o", bytes(size), headers=headers)
    assert not system.requests
