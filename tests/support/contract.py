"""The OpenAPI document as a judge of replies."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.support.openapi import document

_URI = "urn:mcos:openapi"
_PROBLEM = "application/problem+json"
_ENCODED_SLASH = re.compile("/v1/containers/[^/]*%2f", re.IGNORECASE)


class ContractBroken(AssertionError):
    """A reply is not one that the document allows."""


@dataclass(frozen=True)
class Exchange:
    """A request and its reply, whatever carried them.

    ``target`` is the request's path and query under the entry point, as it went over the wire.
    """

    method: str
    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def __str__(self) -> str:
        return (
            f"{self.method} {self.target} -> {self.status} {dict(self.headers)} {self.body[:500]!r}"
        )


class Contract:
    """Checks exchanges against the OpenAPI document.

    Status, headers and body have to be documented for the operation, be complete, and match their
    schemas; a whole content has to have the digests that its headers name.
    """

    def __init__(self) -> None:
        self.document = document()
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)
        self._paths = [
            (re.compile(_pattern(template), re.DOTALL), item)
            for template, item in self.document["paths"].items()
        ]

    def check(self, exchange: Exchange) -> None:
        """Raise if the reply is not allowed.

        Raises
        ------
        ContractBroken
        """
        broken = list(self._broken(exchange))
        if broken:
            raise ContractBroken("\n  ".join([str(exchange), *broken]))

    def _broken(self, exchange: Exchange) -> Iterator[str]:
        reply = self._reply(exchange)
        if reply is None:
            yield "is not a documented status"
            return
        yield from self._broken_headers(reply, exchange)
        yield from self._broken_body(reply, exchange)
        yield from _broken_sense(exchange)

    def _reply(self, exchange: Exchange) -> dict[str, Any] | None:
        """What the document says of the reply."""
        item = self._path_item(exchange.path)
        replies: Mapping[str, Any]
        # Whether an encoded slash ends a segment of a path is not the same to all gateways.
        ambiguous = _ENCODED_SLASH.match(exchange.path) is not None
        if item is None or (ambiguous and exchange.status == 404):
            replies = {"404": {"$ref": "#/components/responses/NoSuchPath"}}
        elif exchange.method.lower() not in item:
            replies = {"405": {"$ref": "#/components/responses/MethodNotAllowed"}}
        else:
            replies = item[exchange.method.lower()]["responses"]
        reply = replies.get(str(exchange.status))
        return None if reply is None else self._resolved(reply)

    def _path_item(self, path: str) -> dict[str, Any] | None:
        for pattern, item in self._paths:
            if pattern.fullmatch(path):
                return dict(item)
        return None

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        found: dict[str, Any] = self._registry.resolver(_URI).lookup(node["$ref"]).contents
        return found

    def _broken_headers(self, reply: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        for name, header in reply.get("headers", {}).items():
            header = self._resolved(header)
            value = exchange.headers.get(name)
            if value is None:
                if header.get("required"):
                    yield f"has no {name}"
            else:
                yield from self._mismatches(header["schema"], value, name)

    def _broken_body(self, reply: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        content = reply.get("content")
        if exchange.method == "HEAD" or content is None:
            if exchange.body:
                yield "has a body"
            return
        media_type = exchange.headers.get("content-type", "").partition(";")[0].strip()
        if "*/*" in content:
            return
        if media_type not in content:
            yield f"is {media_type or 'of no type'}, not {', '.join(content)}"
            return
        try:
            value = json.loads(exchange.body)
        except ValueError:
            yield "is not JSON"
            return
        yield from self._mismatches(content[media_type]["schema"], value, "body")
        if media_type == _PROBLEM and value.get("status") != exchange.status:
            yield "is a problem of another status"

    def _mismatches(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        rooted = _rooted(schema)
        validator = Draft202012Validator(
            rooted,
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        for error in validator.iter_errors(value):
            yield f"{where} {error.json_path}: {error.message}"


def _rooted(schema: Any) -> Any:
    """A part of the document that can stand alone: its references name the document."""
    if isinstance(schema, list):
        return [_rooted(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _URI + value if key == "$ref" and isinstance(value, str) else _rooted(value)
        for key, value in schema.items()
    }


def _broken_sense(exchange: Exchange) -> Iterator[str]:
    """What no schema can say."""
    headers = exchange.headers
    applied = headers.get("preference-applied")
    if applied is not None and exchange.status < 300:
        taken = exchange.status == 202
        if taken != (applied == "respond-async"):
            yield "has a status that does not fit Preference-Applied"
    if "x-mcos-replicas" in headers and headers.get("x-mcos-state") == "CREATED":
        stored, _, wanted = headers["x-mcos-replicas"].partition("/")
        if stored != wanted:
            yield "is CREATED and misses a replica"
    if exchange.method != "GET" or "repr-digest" not in headers:
        return
    if headers.get("content-type", "").startswith("application/json") and "/stat/" in exchange.path:
        return
    if exchange.status == 200:
        digest = b64encode(sha256(exchange.body).digest()).decode("ascii")
        if headers["repr-digest"] != f"sha-256=:{digest}:":
            yield "has content of another SHA-256"
        own = f'"{md5(exchange.body, usedforsecurity=False).hexdigest()}"'
        if "-" not in headers["etag"] and headers["etag"] != own:  # else it came in parts
            yield "has content of another MD5"
    if exchange.status == 206:
        first, last = map(int, re.findall("[0-9]+", headers["content-range"])[:2])
        if len(exchange.body) != last - first + 1:
            yield "has content of another length than its range"


def _pattern(template: str) -> str:
    pattern = re.escape(template).replace(re.escape("{object}"), ".+")
    return re.sub(r"\\{[a-z]+\\}", "[^/]+", pattern)
