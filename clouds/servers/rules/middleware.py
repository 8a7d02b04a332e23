"""The rules before the emulator: what AWS would refuse does not reach it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .asked import Asked
from .limits import INVOCATION_BYTES, Refusal, refusal_of, refusal_of_reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Others are large, or have no rule that looks at their body.
_WITH_BODY = frozenset({"dynamodb", "events", "lambda", "sqs", "states"})


class InRules:
    """An ASGI application that keeps AWS's rules before another one.

    Parameters
    ----------
    app
        The emulator. What happens inside it passes no rule: calls of a state machine, and messages
        that it hands to functions itself.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = _asked(scope)
        if asked.service in _WITH_BODY:
            body, receive = await _read(receive)
            asked = Asked(asked.method, asked.target, asked.headers, body)
        if refusal := refusal_of(asked):
            await _refuse(refusal, send)
        elif asked.operation == "Invoke":
            await self._invoke(asked, scope, receive, send)
        elif asked.service == "s3" and _names_range_of_version(asked):
            await self._cut(asked, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _invoke(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._reply(scope, receive)
        refusal = None
        if len(reply.body) > INVOCATION_BYTES:
            refusal = refusal_of_reply(asked, reply.body)
        if refusal is not None:
            await _refuse(refusal, send)
        else:
            await reply.send(send)

    async def _cut(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the range of a version, which the emulator ignores."""
        reply = await self._reply(scope, receive)
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        size = len(reply.body)
        if reply.status == 200 and first.isdigit() and int(first) < size:
            begin, end = int(first), min(int(last or size), size - 1)
            reply.status, reply.body = 206, reply.body[begin : end + 1]
            reply.headers = [
                (name, value)
                for name, value in reply.headers
                if name.lower() not in (b"content-length", b"content-range")
            ]
            reply.headers += [
                (b"content-range", f"bytes {begin}-{end}/{size}".encode()),
                (b"content-length", str(len(reply.body)).encode()),
            ]
        await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive) -> "_Reply":
        reply = _Reply()
        await self._app(scope, receive, reply.take)
        return reply


class _Reply:
    """A reply as a whole."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def _asked(scope: Scope) -> Asked:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("latin-1")
    return Asked(scope["method"], f"{path.decode('latin-1')}?{query}", headers)


def _names_range_of_version(asked: Asked) -> bool:
    return asked.method == "GET" and "versionId" in asked.query and "range" in asked.headers


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read a request's body, and return it with what gives it again."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = b"".join(pieces)
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def _refuse(refusal: Refusal, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    body = refusal.body
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
