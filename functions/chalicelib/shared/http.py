"""Requests of API Gateway's HTTP API (payload format 2.0), and replies to them."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from chalicelib.shared import paths
from mcos import limits
from mcos.errors import InvalidQuery, TokenMissing, UnsafePath
from mcos.model.objects import ObjectKey

if TYPE_CHECKING:
    from mcos.auth.tokens import Claims

_REQUEST_NAME = re.compile("[A-Za-z0-9-]{1,64}")

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
"""In every reply: what users have stored is never run by a browser as coming from this host."""


def bearer(headers: Mapping[str, str]) -> str:
    """Return the bearer token of a request's headers, unverified.

    Raises
    ------
    TokenMissing
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing(
            "The request must have 'Authorization: Bearer <token>' from POST /v1/login."
        )
    return token.strip()


@dataclass(frozen=True)
class Request:
    """A request. Header names are in lower case, as the gateway sends them."""

    event: Mapping[str, Any]
    _claims: "list[Claims]" = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def request_id(self) -> str:
        return str(self.event.get("requestContext", {}).get("requestId", ""))

    @property
    def method(self) -> str:
        return str(self.event["requestContext"]["http"]["method"])

    @property
    def path(self) -> str:
        return str(self.event.get("rawPath", ""))

    @property
    def address(self) -> str:
        """The address that the connection to the gateway came from; no header can change it."""
        return str(self.event.get("requestContext", {}).get("http", {}).get("sourceIp", ""))

    @property
    def headers(self) -> Mapping[str, str]:
        headers: Mapping[str, str] = self.event.get("headers") or {}
        return headers

    @property
    def own_name(self) -> dict[str, str]:
        """The header by which a caller names the request; the reply to it has the same one.

        So a caller sees if a connection that is used by two gives it the reply to another request.
        """
        name = self.headers.get("x-mcos-request", "")
        return {"X-MCOS-Request": name} if _REQUEST_NAME.fullmatch(name) else {}

    @property
    def wants_to_wait(self) -> bool:
        """Whether it asks to wait until something happens elsewhere: ``?wait=``.

        A synchronous write is not meant: how long that takes is this deployment's doing.
        """
        query = str(self.event.get("rawQueryString") or "")
        return any(name == "wait" for name, _ in parse_qsl(query))

    @property
    def claims(self) -> "Claims":
        """The claims of the request's token; they are verified once.

        Raises
        ------
        TokenMissing, TokenInvalid, TokenExpired, TokenRevoked
        """
        # Imported here: what needs no token has nothing that verifies one.
        from mcos.auth.caller import verified

        if not self._claims:
            self._claims.append(verified(bearer(self.headers)))
        return self._claims[0]

    @property
    def account(self) -> str:
        """The account of the request's token.

        Raises
        ------
        TokenMissing, TokenInvalid, TokenExpired, TokenRevoked
        """
        return self.claims.account

    def name(self, parameter: str) -> str:
        """Return a name in the path, which ``chalicelib.shared.paths`` has the two forms of.

        Raises
        ------
        InvalidName, UnsafePath
        """
        route = str(self.event.get("routeKey", ""))
        parameters: Mapping[str, str] = self.event.get("pathParameters") or {}
        text = str(parameters.get(parameter, ""))
        if paths.is_exact(route):
            return paths.decode(text, parameter)
        if not _agree(route, parameters, self.path):
            raise UnsafePath(f"The gateway has told the {parameter} name in two different ways.")
        return paths.check_plain(text, parameter)

    def object_key(self) -> ObjectKey:
        """Return the key of the object that the path names, in the caller's account.

        Raises
        ------
        InvalidName, UnsafePath, and the errors of ``account``.
        """
        return ObjectKey(self.account, self.name("container"), self.name("object"))

    def query(self, parameter: str) -> str:
        """Return a query parameter, the last if it is repeated; empty if there is none.

        Raises
        ------
        InvalidQuery
        """
        try:
            pairs = parse_qsl(
                self.event.get("rawQueryString") or "", keep_blank_values=True, errors="strict"
            )
        except (UnicodeDecodeError, ValueError):
            raise InvalidQuery("The query must be percent-encoded UTF-8.") from None
        value: str = dict(pairs).get(parameter, "")
        if len(value.encode("utf-8", "replace")) > limits.OBJECT_NAME_BYTES or "\0" in value:
            raise InvalidQuery(
                f"{parameter} must have at most {limits.OBJECT_NAME_BYTES} bytes and must not "
                "contain a NUL."
            )
        return value

    def limit(self) -> int:
        """Return the query parameter ``limit``, or its default.

        Raises
        ------
        InvalidQuery
        """
        text = self.query("limit")
        if not text:
            return limits.LISTING_ENTRIES
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= limits.LISTING_ENTRIES:
            raise InvalidQuery(f"limit must be between 1 and {limits.LISTING_ENTRIES}.")
        return int(text)

    @property
    def has_text_body(self) -> bool:
        """Whether the gateway sent the body as text, replacing bytes that are not UTF-8."""
        return bool(self.event.get("body")) and not self.event.get("isBase64Encoded")

    def body(self) -> bytes:
        """Return the body's bytes."""
        body = self.event.get("body") or ""
        return body.encode() if self.has_text_body else b64decode(body)


@dataclass(frozen=True)
class Response:
    """A reply; ``body`` may be any bytes, None: no body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> "Response":
        """Return a reply with a JSON body."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, {"Content-Type": "application/json", **(headers or {})}, body)

    def with_headers(self, headers: Mapping[str, str]) -> "Response":
        """Return the reply with further headers."""
        return replace(self, headers={**self.headers, **headers})

    def for_gateway(self, *, head: bool) -> dict[str, Any]:
        """Return the reply in the gateway's format; the reply to a HEAD has no body."""
        reply: dict[str, Any] = {"statusCode": self.status, "headers": {**self.headers, **_SAFE}}
        if self.body is not None and not head:
            reply["body"] = b64encode(self.body).decode("ascii")
            reply["isBase64Encoded"] = True
        return reply


def _agree(route: str, parameters: Mapping[str, str], path: str) -> bool:
    """Whether the path as a whole has the names that the gateway says are in it.

    A gateway may have cut or folded one of the two. Before the path there may be a stage.
    """
    _, _, template = route.partition(" ")
    filled = re.sub(r"{(\w+)\+?}", lambda found: str(parameters.get(found[1], "")), template)
    return path.endswith(filled)
