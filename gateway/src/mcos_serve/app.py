"""The gateway as an ASGI application: from a request's bytes to an operation, and back."""

import asyncio
import json
import logging
import secrets
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from mcos_client.errors import McosError
from mcos_serve import metrics
from mcos_serve.account import Account
from mcos_serve.body import SILENCE_SECONDS, Body, ClientGone, Receive
from mcos_serve.clock import Clock
from mcos_serve.exchange import Exchange, Reply
from mcos_serve.failures import s3_error
from mcos_serve.operations import OPERATIONS
from mcos_serve.s3 import xml
from mcos_serve.s3.content import expected_of
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.requests import Request, operation_of, read
from mcos_serve.s3.signing import SignedRequest, verify
from mcos_serve.settings import Settings

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Scope = Mapping[str, Any]

HEALTH = b"/healthz"
METRICS = b"/metrics"
"""Paths that are the gateway's own; containers with these names are reached as ``/healthz/``."""

NO_CHECKSUM_OF_BODY = ("CompleteMultipartUpload",)
"""Operations whose checksum is that of the object."""

CLIENT_GONE = 499
"""Status of a request, in log and metrics, whose client has gone before it was answered."""

_log = logging.getLogger("mcos_serve")
_requests = logging.getLogger("mcos_serve.requests")


@dataclass
class _Told:
    """What is known of a request by now, for its log line."""

    id: str
    method: str
    operation: str = "Unknown"
    access_key: str = ""
    bucket: str = ""
    key: str = ""
    status: int = CLIENT_GONE
    code: str = ""
    why: str = ""
    went: int = 0
    body: Body | None = field(default=None, repr=False)


class Gateway:
    """An ASGI application.

    Parameters
    ----------
    account
        Makes the application's account when its loop runs.
    """

    def __init__(
        self, settings: Settings, account: Callable[[], Account], clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._make_account = account
        self._account: Account | None = None
        self._clock = clock or Clock()
        self.metrics = metrics.Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._account = self._make_account()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._account is not None:
                    await self._account.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["raw_path"] in (HEALTH, METRICS) and scope["method"] in ("GET", "HEAD"):
            await self._answer_itself(scope, send)
            return
        told = _Told(secrets.token_hex(8).upper(), scope["method"])
        begun = self._clock.elapsed()
        self.metrics.begin()
        try:
            await self._reply_to(scope, receive, send, told)
        except ClientGone:
            told.status = CLIENT_GONE
        finally:
            seconds = self._clock.elapsed() - begun
            came = told.body.incoming.digests.size if told.body else 0
            self.metrics.end(told.operation, told.status, seconds, came=came, went=told.went)
            _requests.info(_line(told, came, seconds))

    async def _answer_itself(self, scope: Scope, send: Send) -> None:
        if scope["raw_path"] == HEALTH:
            kind, content = "text/plain", b"ok\n"
        else:
            kind, content = metrics.CONTENT_TYPE, self.metrics.text()
        reply = Reply(200, {"content-type": kind, "content-length": str(len(content))}, content)
        await _send(send, reply, _Told("", scope["method"]))

    async def _reply_to(self, scope: Scope, receive: Receive, send: Send, told: _Told) -> None:
        try:
            reply = await self._reply(scope, receive, told)
        except (S3Error, McosError) as error:
            refused = error if isinstance(error, S3Error) else s3_error(error)
            if refused.status >= 500:
                told.why = f"{type(error).__name__}: {error}"
            reply = _refusal(refused, told)
        except ClientGone:
            raise
        except Exception:
            _log.exception("request %s", told.id)
            reply = _refusal(S3Error("InternalError", "We encountered an internal error."), told)
        headers = {"x-amz-request-id": told.id, "x-amz-id-2": told.id, **reply.headers}
        if isinstance(reply.content, bytes):
            headers.setdefault("content-length", str(len(reply.content)))
        # A client that waits to be told to go on is not, and sends no body.
        waits = any(name == b"expect" for name, _ in scope["headers"])
        if told.body is not None and not told.body.is_read and not waits:
            await told.body.drain()
        is_open = told.body.is_read if told.body is not None else _has_no_body(scope)
        if not is_open:
            headers["connection"] = "close"
        told.status = reply.status
        try:
            await self._send_on(send, receive, Reply(reply.status, headers, reply.content), told)
        except (S3Error, McosError) as error:
            # The status was sent. The reply is not ended, so the server cuts the connection, and
            # the client gets less than it was told.
            told.why = f"{type(error).__name__}: {error}"
            _log.warning("request %s: the reply was cut: %s", told.id, told.why)

    async def _send_on(self, send: Send, receive: Receive, reply: Reply, told: _Told) -> None:
        """Send a reply, as long as the client is there."""
        if isinstance(reply.content, bytes):
            await _send(send, reply, told)
            return
        gone = asyncio.ensure_future(receive())
        try:
            async with aclosing(reply.content) as content:
                headers = _encoded(reply.headers)
                await send(
                    {"type": "http.response.start", "status": reply.status, "headers": headers}
                )
                async for piece in content:
                    if gone.done():
                        raise ClientGone
                    async with asyncio.timeout(SILENCE_SECONDS):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                    told.went += len(piece)
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            raise ClientGone from None
        finally:
            gone.cancel()

    async def _reply(self, scope: Scope, receive: Receive, told: _Told) -> Reply:
        if self._account is None:
            raise AssertionError("the server begins the application before it has requests")
        signed = SignedRequest(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        )
        # Who does not sign is told so, whatever else is wrong.
        verified = verify(signed, self._settings.access_keys.get, self._clock.now())
        told.access_key = verified.access_key
        request = read(signed, self._settings.domains)
        told.bucket, told.key = request.bucket, request.key
        told.operation = operation_of(request)
        _check_owner(request, self._account.name)
        has_checksum = told.operation not in NO_CHECKSUM_OF_BODY
        expected = expected_of(request.headers, verified, has_checksum=has_checksum)
        told.body = Body(receive, expected)
        exchange = Exchange(
            request, told.body, self._account, self._settings, self._clock, scope["scheme"]
        )
        if _has_no_body(scope):
            await told.body.whole(0)
        return await _begun(await OPERATIONS[told.operation](exchange))


async def _begun(reply: Reply) -> Reply:
    """Return a reply whose content has begun: what fails at once has a status of its own."""
    if isinstance(reply.content, bytes):
        return reply
    content = reply.content
    first = await anext(content, b"")

    async def chained() -> AsyncGenerator[bytes, None]:
        async with aclosing(content) as rest:
            yield first
            async for piece in rest:
                yield piece

    return Reply(reply.status, reply.headers, chained())


def _check_owner(request: Request, account: str) -> None:
    """Refuse a request that is meant for somebody else's bucket."""
    for name in ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"):
        if request.headers.get(name, account) != account:
            raise S3Error("AccessDenied", "Access Denied")


def _has_no_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0"


def _refusal(refused: S3Error, told: _Told) -> Reply:
    told.code = refused.code
    if refused.status == 304:
        return Reply(304, refused.headers)
    details = {
        "BucketName": told.bucket,
        "Key": told.key,
        **refused.details,
        "Resource": f"/{told.bucket}/{told.key}" if told.key else f"/{told.bucket}",
        "RequestId": told.id,
        "HostId": told.id,
    }
    content = xml.error(
        refused.code, refused.message, {name: one for name, one in details.items() if one}
    )
    headers = {"content-type": "application/xml", **refused.headers}
    if told.method == "HEAD":
        return Reply(refused.status, headers)
    return Reply(refused.status, headers, content)


async def _send(send: Send, reply: Reply, told: _Told) -> None:
    """Send a reply that is there as a whole."""
    headers = _encoded(reply.headers)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    content = reply.content if isinstance(reply.content, bytes) else b""
    told.went = 0 if told.method == "HEAD" else len(content)
    await send({"type": "http.response.body", "body": content})


def _encoded(headers: Mapping[str, str]) -> Sequence[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _line(told: _Told, came: int, seconds: float) -> str:
    """Return the log line of a request: JSON, without anything that is secret."""
    line = {
        "request": told.id,
        "method": told.method,
        "operation": told.operation,
        "access_key": told.access_key,
        "bucket": told.bucket,
        "key": told.key,
        "status": told.status,
        "code": told.code,
        "why": told.why,
        "bytes_in": came,
        "bytes_out": told.went,
        "seconds": round(seconds, 4),
    }
    return json.dumps({name: value for name, value in line.items() if value not in ("", None)})
