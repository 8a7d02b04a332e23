"""AWS's signature version 4 for GET requests without a body."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

_EMPTY = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    """An access key; ``token`` is that of temporary credentials, else empty."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def encoded_path(*segments: str) -> str:
    """Return a path as it is signed and sent; slashes within segments stay."""
    return "/" + "/".join(quote(one, safe="/~") for one in segments)


def encoded_query(query: Mapping[str, str]) -> str:
    """Return a query as it is signed and sent."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed_headers(
    credentials: Credentials,
    *,
    region: str,
    host: str,
    path: str,
    query: str,
    moment: datetime,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a signed GET.

    Parameters
    ----------
    host
        As the header ``Host`` has it: with the port if that is not the usual one.
    path, query
        Encoded.
    moment
        In UTC.
    headers
        More headers, names in lower case; they are signed too.
    """
    time = moment.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    sent = {
        **(headers or {}),
        "host": host,
        "x-amz-content-sha256": _EMPTY,
        "x-amz-date": time,
    }
    if credentials.token:
        sent["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{' '.join(sent[name].split())}\n" for name in sorted(sent))
    request = f"GET\n{path}\n{query}\n{lines}\n{names}\n{_EMPTY}"
    digest = sha256(request.encode()).hexdigest()
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return sent
