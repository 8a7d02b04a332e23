"""The rules of AWS's HTTP APIs are kept before the emulator, which does not keep them."""

import asyncio
import json
from typing import Any

import pytest

from clouds.servers import http_api
from clouds.servers.http_api import LikeHttpApi

PREFIX = "/restapis/one/$default/_user_request_"


class Emulator:
    """Answers every request alike, and keeps what it was asked.

    Attributes
    ----------
    seen
        The last request's scope, and its body.
    answering
        Clear it, and nothing is answered until it is set.
    """

    def __init__(self, headers: dict[str, str] | None = None, body: bytes = b"{}") -> None:
        self.headers, self.body = headers or {}, body
        self.seen: dict[str, Any] = {}
        self.content = b""
        self.answering = asyncio.Event()
        self.answering.set()
        self.answered = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen = scope
        if scope["type"] == "http":
            self.content = (await receive())["body"]
        await self.answering.wait()
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:1], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[1:]})
        self.answered = True


class Reply:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start, *rest = messages
        self.status = start["status"]
        self.headers = {one.decode().lower(): two.decode() for one, two in start["headers"]}
        self.body = b"".join(one["body"] for one in rest)

    def json(self) -> Any:
        return json.loads(self.body)


async def asked(
    app: LikeHttpApi,
    method: str = "GET",
    path: str = "/v1/containers",
    *,
    prefix: str = PREFIX,
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Reply:
    """Send a request, its body in two pieces."""
    pieces: list[dict[str, Any]] = [{"body": body[1:]}, {"body": body[:1], "more_body": True}]
    messages: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request", **pieces.pop()}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": prefix + path,
        "raw_path": (prefix + path).encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    await app(scope, receive, send)
    return Reply(messages)


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("/a/b%20c", "/a/b%20c"),
        ("/a%2Fb", "/a/b"),
        ("/a%3Fb", "/a"),
        ("/a%253Fb", "/a%3Fb"),
        ("/a%2561", "/aa"),
        ("/a%23b", "/a%23b"),
        ("/a//b/../c/", "/a//b/../c/"),
        ("/%CE%BB", "/%CE%BB"),
        ("/~!$&'()*+,;=:@", "/~!$&'()*+,;=:@"),
    ],
)
def test_a_path_arrives_as_aws_makes_it(sent: str, arrives: str) -> None:
    emulator = Emulator()
    asyncio.run(asked(LikeHttpApi(emulator), "GET", sent, query="a=%25&b"))
    assert emulator.seen["raw_path"].decode() == PREFIX + arrives
    assert emulator.seen["path"] == PREFIX + http_api.delivered_path(sent)
    assert emulator.seen["query_string"] == b"a=%25&b"


@pytest.mark.parametrize("path", ["/a%", "/a%zz", "/100%25", "/a%25zz"])
def test_a_path_that_aws_cannot_decode_is_refused(path: str) -> None:
    emulator = Emulator()
    reply = asyncio.run(asked(LikeHttpApi(emulator), "GET", path))
    assert (reply.status, reply.json()) == (400, {"message": "Bad Request"})
    assert emulator.seen == {}


def test_headers_between_neighbours_do_not_come_through_either_way() -> None:
    emulator = Emulator({"Connection": "close", "Server": "x", "WWW-Authenticate": "Bearer"})
    sent = {"TE": "trailers", "Expect": "100-continue", "X-Other": "1", "Host": "here"}
    reply = asyncio.run(asked(LikeHttpApi(emulator), headers=sent))
    assert emulator.seen["headers"] == [(b"x-other", b"1"), (b"host", b"here")]
    assert reply.headers == {
        "x-amzn-remapped-server": "x",
        "x-amzn-remapped-www-authenticate": "Bearer",
        "content-length": "2",
    }


def test_the_length_is_that_of_what_is_sent() -> None:
    emulator = Emulator({"Content-Length": "1000"}, b"12345")
    assert asyncio.run(asked(LikeHttpApi(emulator))).headers["content-length"] == "5"
    head = asyncio.run(asked(LikeHttpApi(emulator), "HEAD"))
    assert (head.headers["content-length"], head.body) == ("0", b"")


def test_the_body_comes_through_whole_both_ways() -> None:
    emulator = Emulator({}, bytes(range(256)))
    reply = asyncio.run(asked(LikeHttpApi(emulator), "POST", body=b"\xff\x00body"))
    assert (emulator.content, reply.body) == (b"\xff\x00body", bytes(range(256)))


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"x-a": "a" * 10_240}, b"", 431),
        ({}, bytes(10_000_001), 413),
        ({}, bytes(4_720_000), 413),
        ({"content-type": "text/plain"}, b'"' * 3_200_000, 413),
        ({"content-type": "application/json; charset=utf-8"}, b"\x01" * 1_100_000, 413),
        ({"content-type": "text/plain"}, "é".encode() * 1_100_000, 413),
    ],
)
def test_what_is_too_large_is_refused_before_the_function(
    headers: dict[str, str], body: bytes, status: int
) -> None:
    emulator = Emulator()
    reply = asyncio.run(asked(LikeHttpApi(emulator), "POST", headers=headers, body=body))
    assert reply.status == status
    assert set(reply.json()) == {"message"}
    assert emulator.seen == {}


def test_a_reply_that_lambda_does_not_carry_is_lost() -> None:
    emulator = Emulator({}, bytes(4_800_000))
    reply = asyncio.run(asked(LikeHttpApi(emulator)))
    assert (reply.status, reply.json()) == (500, {"message": "Internal Server Error"})


def test_a_call_that_takes_too_long_is_answered_and_goes_on() -> None:
    async def tell() -> None:
        emulator = Emulator()
        emulator.answering.clear()
        reply = await asked(LikeHttpApi(emulator, seconds=0.0), "POST")
        assert (reply.status, reply.json()) == (503, {"message": "Service Unavailable"})
        assert not emulator.answered
        emulator.answering.set()
        while not emulator.answered:
            await asyncio.sleep(0)

    asyncio.run(tell())


def test_calls_over_a_rate_are_answered_by_the_gateway() -> None:
    own = http_api.Answered(429)
    assert (own.status, json.loads(own.body)) == (429, {"message": "Too Many Requests"})


def test_what_is_no_call_of_an_entry_point_passes_as_it_is() -> None:
    emulator = Emulator({"Server": "x", "Content-Length": "2"})
    path = "/2015-03-31/functions/a%3Fb/invocations"
    reply = asyncio.run(asked(LikeHttpApi(emulator), "POST", path, prefix="", body=b"{}"))
    assert emulator.seen["raw_path"].decode() == path
    assert reply.headers == {"server": "x", "content-length": "2"}
