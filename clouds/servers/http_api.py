"""What an HTTP API of API Gateway does to requests and replies, which the emulator does not.

``docs/aws.md`` says where each rule comes from. The rules are pure: ``LikeHttpApi`` keeps them
before the emulator, and the tests' gateway in process keeps the same. Where reports differ, the
rule that loses more is kept.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote, unquote, unquote_to_bytes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECONDS = 30.0
"""After so long a call is answered without the function's reply; the function goes on."""

BODY_BYTES = 10_000_000
REQUEST_BYTES = 10_240
"""The request line and the values of the headers together."""

INVOCATION_BYTES = 6 * 1024**2
"""Of an event of a Lambda, and of its reply: both are JSON."""

_REST_OF_EVENT_BYTES = 2_048
"""The parts of an event that are not of the request."""

_MALFORMED = re.compile("%(?![0-9A-Fa-f]{2})")
_LITERAL = "/!$&'()*+,;=:@~"
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)")

_ENTRY_POINT = "/restapis/"
_PREFIX_PARTS = 5  # "", restapis, API, stage, _user_request_

_HOP_BY_HOP = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_REMAPPED = {"date", "server", "user-agent", "www-authenticate"}


class Answered(Exception):
    """The gateway has answered itself; its replies are no problems of the API.

    Attributes
    ----------
    status
        HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    @property
    def body(self) -> bytes:
        """The body of the reply, which is JSON."""
        return json.dumps({"message": HTTPStatus(self.status).phrase}).encode()


def too_late() -> Answered:
    """Return the reply to a call that has taken ``SECONDS``."""
    return Answered(503)


def delivered_path(raw: str) -> str:
    """Return the path that a function is told, and that routes are found by.

    It is decoded, cut at a question mark that this has shown, and decoded again.

    Raises
    ------
    Answered
        What is left has a percent sign that nothing encoded.
    """
    once, _, _ = _decoded(raw).partition("?")
    return _decoded(once)


def path_of(delivered: str) -> str:
    """Return a path that is ``delivered`` once it is decoded once."""
    return quote(delivered, safe=_LITERAL)


def check_request(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> None:
    """Refuse what the gateway, or Lambda, refuses before the function is called.

    Parameters
    ----------
    target
        Path and query as they went over the wire.

    Raises
    ------
    Answered
    """
    given = {name.lower(): value for name, value in headers}
    values = sum(len(value) for value in given.values())
    line = len(f"{method} {target} HTTP/1.1")
    if line + values > REQUEST_BYTES:
        _refuse(431)
    text = is_text(given.get("content-type", ""))
    # Path, query and headers are in the event twice, and may be escaped.
    rest = _REST_OF_EVENT_BYTES + 4 * (line + values)
    if len(body) > BODY_BYTES or _json_bytes(body, text=text) + rest > INVOCATION_BYTES:
        _refuse(413)


def check_reply(headers: Mapping[str, str], body: bytes, *, text: bool) -> None:
    """Refuse a reply of a function that Lambda does not carry.

    Parameters
    ----------
    text
        Whether the function has given the body as text and not as base64.

    Raises
    ------
    Answered
    """
    rest = _REST_OF_EVENT_BYTES + sum(map(len, (*headers, *headers.values())))
    if _json_bytes(body, text=text) + rest > INVOCATION_BYTES:
        _refuse(500)


def is_text(content_type: str) -> bool:
    """Whether a function is given a body of this type as text, and not as base64."""
    return _TEXT.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def request_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers that a function is told: in lower case, those of one name joined."""
    told: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        if name not in _HOP_BY_HOP:
            told[name] = f"{told[name]},{value}" if name in told else value
    return told


def reply_headers(
    headers: Iterable[tuple[str, str]], body: bytes, *, head: bool
) -> list[tuple[str, str]]:
    """Return the headers that a client gets: the length is that of the bytes which are sent."""
    got = []
    for name, value in headers:
        lowered = name.lower()
        if lowered in _REMAPPED:
            got.append((f"x-amzn-Remapped-{name}", value))
        elif lowered not in _HOP_BY_HOP and lowered != "content-length":
            got.append((name, value))
    return [*got, ("Content-Length", "0" if head else str(len(body)))]


def _refuse(status: int) -> NoReturn:
    raise Answered(status)


def _decoded(text: str) -> str:
    if _MALFORMED.search(text):
        _refuse(400)
    return unquote_to_bytes(text).decode(errors="replace")


def _json_bytes(body: bytes, *, text: bool) -> int:
    """Length of a body in JSON; of text, every character that is not ASCII is escaped."""
    if text:
        return len(json.dumps(body.decode(errors="replace")))
    return 4 * -(-len(body) // 3)


class LikeHttpApi:
    """An ASGI application that has another one see calls of entry points as AWS's functions do.

    Parameters
    ----------
    app
        The other one. It has all other requests as they are.
    seconds
        After so long a call is answered without its reply.
    """

    def __init__(self, app: App, *, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not scope["path"].startswith(_ENTRY_POINT):
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        try:
            reply = await self._answer(scope, await _body(receive))
            check_reply(dict(reply.headers), reply.body, text=False)
            status, headers, body = reply.status, reply.headers, reply.body
        except Answered as own:
            status, headers, body = own.status, [("Content-Type", "application/json")], own.body
        sent = reply_headers(headers, body, head=head)
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if head else body})

    async def _answer(self, scope: Scope, body: bytes) -> "_Reply":
        raw, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("latin-1")
        parts = raw.split("/", _PREFIX_PARTS)
        prefix, path = "/".join(parts[:_PREFIX_PARTS]), "/" + "".join(parts[_PREFIX_PARTS:])
        headers = [(one.decode("latin-1"), two.decode("latin-1")) for one, two in scope["headers"]]
        target = f"{path}?{query}" if query else path
        check_request(scope["method"], target, headers, body)
        arriving = prefix + path_of(delivered_path(path))
        told = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in request_headers(headers).items()
        ]
        seen = {
            **scope,
            "raw_path": arriving.encode("ascii"),
            "path": unquote(arriving),
            "headers": told,
        }
        reply = _Reply()
        task = asyncio.ensure_future(self._app(seen, _whole(body), reply.receive))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        # A function that takes too long goes on.
        done, _ = await asyncio.wait({task}, timeout=self._seconds)
        if not done:
            raise too_late()
        task.result()
        return reply


class _Reply:
    """The whole reply of an application."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    async def receive(self, message: Any) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
            ]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _whole(body: bytes) -> Receive:
    """Return what an application receives of a request with this body."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive
