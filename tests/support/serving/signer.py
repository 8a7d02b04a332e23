"""Requests signed by botocore, and bodies framed as its siblings in other languages frame them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mcos_serve.s3.signing import ChunkKey, SignedRequest

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
HOST = "gateway.test:9000"

_CREDENTIALS = Credentials(ACCESS_KEY, SECRET)


def secret_of(access_key: str) -> str | None:
    """What the gateway knows."""
    return SECRET if access_key == ACCESS_KEY else None


def signed(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    payload: str | None = None,
    host: str = HOST,
) -> SignedRequest:
    """A request that botocore has signed in a header.

    Parameters
    ----------
    target
        Path and query, encoded.
    payload
        Of ``x-amz-content-sha256``; None: the SHA-256 of the body.
    """
    request = AWSRequest(method, f"https://{host}{target}", headers=headers, data=body)
    auth = S3SigV4Auth(_CREDENTIALS, "s3", REGION)
    if payload is not None:
        auth.payload = lambda request: payload
    auth.add_auth(request)
    return _received(request)


def presigned(
    method: str, target: str, *, headers: Mapping[str, str] | None = None, expires: int = 3600
) -> SignedRequest:
    """A request that botocore has signed in its query."""
    request = AWSRequest(method, f"https://{HOST}{target}", headers=headers)
    S3SigV4QueryAuth(_CREDENTIALS, "s3", REGION, expires=expires).add_auth(request)
    return _received(request)


def _received(request: AWSRequest) -> SignedRequest:
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = [
        (name.lower(), value if isinstance(value, str) else value.decode())
        for name, value in prepared.headers.items()
    ]
    return SignedRequest(
        prepared.method,
        parts.path.encode(),
        parts.query.encode(),
        (("host", parts.netloc), *((name, value) for name, value in headers if name != "host")),
    )


def with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    """The request with one header more, or with another value of it."""
    rest = [one for one in request.headers if one[0] != name]
    return replace(request, headers=(*rest, (name, value)))


def framed(
    chunks: Sequence[bytes],
    *,
    key: ChunkKey | None = None,
    trailers: Mapping[str, str] | None = None,
) -> bytes:
    """Chunks in aws-chunked framing, signed if there is a key."""
    return b"".join(_framed(chunks, key, trailers or {}))


def _framed(
    chunks: Sequence[bytes], key: ChunkKey | None, trailers: Mapping[str, str]
) -> Iterator[bytes]:
    previous = key.seed if key else ""
    for chunk in (*chunks, b""):
        yield f"{len(chunk):x}".encode()
        if key is not None:
            previous = key.chunk(previous, hashlib.sha256(chunk).hexdigest())
            yield f";chunk-signature={previous}".encode()
        yield b"\r\n"
        if chunk:
            yield chunk + b"\r\n"
    lines = [f"{name}:{value}" for name, value in trailers.items()]
    yield from (f"{line}\r\n".encode() for line in lines)
    if lines and key is not None:
        digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        yield f"x-amz-trailer-signature:{key.trailer(previous, digest)}\r\n".encode()
    yield b"\r\n"
