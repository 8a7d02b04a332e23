"""The content of a create or an update: bytes, content type, metadata and digests."""

import hashlib
import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error

from chalicelib.shared.http import Request
from mcos import limits
from mcos.errors import (
    ContentTooLarge,
    DigestMismatch,
    InvalidHeader,
    InvalidMetadata,
    UnsafeTextBody,
)
from mcos.model.description import UNKNOWN_TYPE
from mcos.model.names import is_content_type
from mcos.model.representation import sent
from mcos.versions.make import Content

_METADATA_PREFIX = "x-object-meta-"
_TYPE = "x-mcos-content-type"
_DIGEST = re.compile(r"\s*([a-z0-9*._-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?")
_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}


def read_content(request: Request) -> Content:
    """Return the content of a request, after checking the digests sent with it.

    Raises
    ------
    ContentTooLarge, DigestMismatch, InvalidHeader, InvalidMetadata, UnsafeTextBody
    """
    body = request.body()
    if len(body) > limits.CONTENT_BYTES:
        raise ContentTooLarge(
            f"The content must have at most {limits.CONTENT_BYTES} bytes; it has {len(body)}. "
            "Send larger content by an upload (POST /v1/uploads)."
        )
    if request.has_text_body and len(body) > limits.TEXT_CONTENT_BYTES:
        # By its limit and not by what happens to fit, so that no content is refused for its
        # characters; what does not fit is refused by the gateway.
        raise ContentTooLarge(
            f"Content of this Content-Type must have at most {limits.TEXT_CONTENT_BYTES} bytes; it "
            f"has {len(body)}. It must be sent as application/octet-stream, with its type in "
            "X-MCOS-Content-Type, or by an upload (POST /v1/uploads)."
        )
    digests = [
        *_content_md5(request),
        *_digests(request, "Content-Digest"),
        # What is sent is the whole representation, so its digest is the content's (RFC 9530).
        *_digests(request, "Repr-Digest"),
    ]
    agree = all(
        hmac.compare_digest(hashlib.new(name, body, usedforsecurity=False).digest(), value)
        for name, value in digests
    )
    if request.has_text_body and "\ufffd".encode() in body and not (digests and agree):
        raise UnsafeTextBody(
            "The body arrived as text and contains U+FFFD, so the gateway may have replaced bytes. "
            "It must be sent as application/octet-stream, or with a Content-Digest."
        )
    if not agree:
        raise DigestMismatch("The content must have the digests sent with it.")
    return Content(body, _content_type(request), _metadata(request), sent(request.headers.get))


def _content_type(request: Request) -> str:
    name = "X-MCOS-Content-Type" if _TYPE in request.headers else "Content-Type"
    value = request.headers.get(name.lower(), "").strip()
    if not value and name == "Content-Type":
        return UNKNOWN_TYPE
    if not is_content_type(value):
        raise InvalidHeader(
            f"{name} must be type/subtype with at most {limits.CONTENT_TYPE_BYTES} characters."
        )
    return value


def _metadata(request: Request) -> dict[str, str]:
    metadata = {}
    for header, value in request.headers.items():
        if header.lower().startswith(_METADATA_PREFIX):
            name = header.lower().removeprefix(_METADATA_PREFIX)
            if not name:
                raise InvalidMetadata("A metadata header must have a name after X-Object-Meta-.")
            metadata[name] = value.strip()
    return metadata


def _content_md5(request: Request) -> list[tuple[str, bytes]]:
    value = request.headers.get("content-md5")
    if value is None:
        return []
    return [("md5", _digest("Content-MD5", value.strip(), "md5"))]


def _digests(request: Request, header: str) -> list[tuple[str, bytes]]:
    value = request.headers.get(header.lower())
    if value is None:
        return []
    digests = []
    for member in value.split(","):
        found = _DIGEST.fullmatch(member)
        if found is None:
            raise InvalidHeader(f"{header} must be a list like sha-256=:<base64>: (RFC 9530).")
        if algorithm := _ALGORITHMS.get(found[1]):
            digests.append((algorithm, _digest(header, found[2], algorithm)))
    return digests


def _digest(header: str, text: str, algorithm: str) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        value = b""
    if len(value) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise InvalidHeader(f"{header} must be the base64 of a {algorithm} digest.")
    return value
