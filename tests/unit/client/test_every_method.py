"""Whatever a network does, every method raises a ``McosError`` and nothing else."""

import asyncio
import inspect
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from mcos_client import AsyncClient, Client, McosError, PolicyPart
from mcos_client.api.models import Elsewhere
from tests.unit.client.client_clock import ClientClock


async def pieces() -> AsyncIterator[bytes]:
    for piece in (b"con", b"tent"):
        yield piece


ARGUMENTS: dict[str, Any] = {
    "container": "c",
    "name": "o",
    "content": b"content",
    "account": "a",
    "cluster": "s3",
    "clusters": ["s3"],
    "job": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "share": "0" * 32,
    "upload": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "user_name": "demo",
    "password": "secret",
    "current_password": "secret",
    "new_password": "another secret",
    "role": "user",
    "parts": [PolicyPart(3, {}, {})],
    "kind": "rebalance",
    "policy": "p",
    "row": {"weight": 1},
    "url": "https://entry.test",
    "entry_point": "https://entry.test",
    "first": 0,
    "end": 5,
    "etag": '"e"',
    "version": "v",
    "timeout": 5.0,
    "found": Elsewhere("http://storage.test/x", 10, '"e"', None, "v"),
    "pieces": pieces(),
    "size": 7,
}
BROKEN_URL = {"location": "http://[", "etag": '"e"', "x-mcos-version": "v"}
ELSEWHERE = {
    "location": "http://storage.test/x",
    "etag": '"e"',
    "x-mcos-version": "v",
    "x-mcos-content-length": "10",
}


class Breaking(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b"{"
        raise httpx.ReadError("broken")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{"
        raise httpx.ReadError("broken")


def raises(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return answer


def storage_raises(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    """The API sends on to a storage service, which cannot be reached."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.test":
            raise error
        return httpx.Response(307, headers=ELSEWHERE)

    return answer


TRANSPORTS: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    **{
        kind.__name__: raises(kind("broken"))
        for kind in (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.ReadError,
            httpx.ReadTimeout,
            httpx.WriteError,
            httpx.WriteTimeout,
            httpx.PoolTimeout,
            httpx.CloseError,
            httpx.ProxyError,
            httpx.LocalProtocolError,
            httpx.RemoteProtocolError,
            httpx.UnsupportedProtocol,
            httpx.DecodingError,
            httpx.TooManyRedirects,
            ConnectionResetError,
            TimeoutError,
        )
    },
    "storage ConnectError": storage_raises(httpx.ConnectError("broken")),
    "storage ReadError": storage_raises(httpx.ReadError("broken")),
    "storage DecodingError": storage_raises(httpx.DecodingError("broken")),
    "a URL that is none": lambda request: httpx.Response(
        307, headers={**BROKEN_URL, "x-mcos-content-length": "5"}
    ),
    "a length that is none": lambda request: httpx.Response(
        307, headers={**ELSEWHERE, "x-mcos-content-length": "long"}
    ),
    "a storage that gives nothing": lambda request: httpx.Response(
        200 if request.url.host == "storage.test" else 307, headers=ELSEWHERE
    ),
    "a body that breaks": lambda request: httpx.Response(200, stream=Breaking()),
    "a body that is not gzip": lambda request: httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip")
    ),
    "nothing": lambda request: httpx.Response(200),
    "an empty object": lambda request: httpx.Response(200, json={}),
    "a list": lambda request: httpx.Response(200, json=[1]),
    "a text": lambda request: httpx.Response(200, json="text"),
    "null": lambda request: httpx.Response(200, content=b"null"),
    "deep nesting": lambda request: httpx.Response(200, content=b"[" * 100_000),
    "deep nesting refused": lambda request: httpx.Response(400, content=b"[" * 100_000),
    "bytes": lambda request: httpx.Response(200, content=b"\xff\xfe\x00"),
    "fields of other types": lambda request: httpx.Response(
        200,
        json={
            "containers": "text", "objects": [1], "uploads": [None], "deleted": 7, "name": 1,
            "digest": "text", "replicas": 5, "metadata": 3, "clusters": {}, "policies": 1,
            "accounts": 1, "jobs": 1, "token": 1, "expires_at": "never", "next_marker": 5,
        },
    ),
    "another status": lambda request: httpx.Response(299, json={}),
    "an unknown redirect": lambda request: httpx.Response(302, headers={"location": "x"}),
    "not modified": lambda request: httpx.Response(304),
    "a gateway": lambda request: httpx.Response(502, text="<html>"),
    "a problem of no sense": lambda request: httpx.Response(
        503, json={"code": ["list"]}, headers=[(b"retry-after", b"\xb2")]
    ),
}  # fmt: skip

NO_CALLS = {"close", "stop_transfers"}


def methods_of(kind: type) -> list[str]:
    return [
        name
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and callable(member) and name not in NO_CALLS
    ]


def arguments_of(method: Any, folder: Path) -> dict[str, Any]:
    given = {**ARGUMENTS, "target": folder / "target"}
    return {
        name: given[name]
        for name, one in inspect.signature(method).parameters.items()
        if one.default is inspect.Parameter.empty or name == "timeout"
    }


def used(result: Any) -> None:
    """Look at what was given, as callers do."""
    if isinstance(result, io.BufferedReader):
        with result:
            result.read()
    elif isinstance(result, Iterator):
        for _ in result:
            pass


async def used_async(result: Any) -> None:
    if inspect.isasyncgen(result):
        async for _ in result:
            pass
        return
    found = await result
    if hasattr(found, "read"):
        async with found:
            await found.read()


@pytest.mark.parametrize("broken", TRANSPORTS)
def test_every_method_raises_a_mcos_error(broken: str, tmp_path: Path) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        assert len(asked) < 100, "it goes on for ever"
        return TRANSPORTS[broken](request)

    transport = httpx.MockTransport(answer)
    with Client("http://mcos.test", "t", transport=transport, clock=ClientClock()) as client:
        for face in (client, client.admin):
            for name in methods_of(type(face)):
                asked.clear()
                method = getattr(face, name)
                with suppress(McosError):
                    used(method(**arguments_of(method, tmp_path)))
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("broken", TRANSPORTS)
def test_every_coroutine_raises_a_mcos_error(broken: str, tmp_path: Path) -> None:
    transport = httpx.MockTransport(TRANSPORTS[broken])

    async def all_of_them() -> None:
        async with AsyncClient(
            "http://mcos.test", "t", transport=transport, clock=ClientClock()
        ) as client:
            for face in (client, client.admin):
                for name in methods_of(type(face)):
                    method = getattr(face, name)
                    with suppress(McosError):
                        await used_async(method(**arguments_of(method, tmp_path)))

    asyncio.run(all_of_them())


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a\udcff"},
        {"container": "\ud800"},
        {"metadata": {"a:b": "1"}},
        {"metadata": {"a": "1", "A": "2"}},
        {"metadata": {"a": "é"}},
        {"metadata": {"a": "line\nfeed"}},
        {"metadata": {"a": " padded "}},
        {"metadata": {"": "1"}},
        {"content_type": "text/plain\r\nx: y"},
        {"prefer": "wait=\x00"},
        {"storage_policy": "\udcff"},
    ],
    ids=ascii,
)
@pytest.mark.parametrize("method", ["put_object", "create_object", "update_object"])
@pytest.mark.parametrize("size", [1, 5_000_000], ids=["small", "large"])
def test_what_cannot_be_sent_is_refused_at_once(
    method: str, size: int, given: dict[str, Any]
) -> None:
    asked: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(204))  # type: ignore[func-returns-value]
    clock = ClientClock()
    if size > 1 and "prefer" in given:
        return  # an upload has no such header
    with Client("http://mcos.test", "t", transport=transport, clock=clock, retries=4) as client:
        arguments: Any = {"container": "c", "name": "o", "content": bytes(size), **given}
        with pytest.raises(McosError) as refused:
            getattr(client, method)(**arguments)
    assert type(refused.value).__name__.startswith("Invalid")
    assert (asked, clock.pauses) == ([], [])


@pytest.mark.parametrize("token", ["line\nfeed", "é", " padded"])
def test_a_token_that_no_header_carries_is_invalid(token: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(204))
    with pytest.raises(McosError, match="token"):
        Client("http://mcos.test", token, transport=transport).list_container()


@pytest.mark.parametrize(
    "url", ["", "mcos.test", "ftp://mcos.test", "http://", "http://[", "http://a:b", "http://a\n"]
)
def test_an_entry_point_has_to_be_the_url_of_a_server(url: str) -> None:
    with pytest.raises(McosError, match="entry point"):
        Client(url)


def test_a_proxy_that_cannot_be_used_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("socks5://localhost:1", "nonsense://x", "http://[", "http://a:b"):
        monkeypatch.setenv("ALL_PROXY", proxy)
        with Client("http://mcos.test", "t") as client, pytest.raises(McosError):
            client.list_container()


def test_a_password_has_to_be_text() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(204))
    with pytest.raises(McosError, match="UTF-8"):
        Client("http://mcos.test", transport=transport).login("demo", "\udcff")
