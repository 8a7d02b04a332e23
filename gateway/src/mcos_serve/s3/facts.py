"""What the headers of a request say of the object that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcos_serve.s3.content import encodings
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.requests import Request

METADATA = "x-amz-meta-"

KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""Headers that come back with the content."""

UNKNOWN_TYPE = "binary/octet-stream"

_PRIVATE = ("private", "bucket-owner-full-control", "bucket-owner-read")
"""Canned access lists that say what is always so here: one account reads and writes."""

_NO_EFFECT_HERE = (
    "x-amz-grant-",
    "x-amz-object-lock-",
    "x-amz-server-side-encryption",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-bucket-object-lock-enabled",
)
"""Headers that would have to have an effect."""


@dataclass(frozen=True)
class Facts:
    """What describes an object."""

    content_type: str = UNKNOWN_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def read(request: Request) -> Facts:
    """Read them.

    Raises
    ------
    S3Error
        They ask for what has no effect here, or cannot be kept.
    """
    check_asked(request)
    headers = {name: request.headers[name] for name in KEPT if request.header(name)}
    if "content-encoding" in headers:
        # How it was sent is not how it is.
        left = [one for one in encodings(headers.pop("content-encoding")) if one != "aws-chunked"]
        if left:
            headers["content-encoding"] = ",".join(left)
    metadata = {
        name.removeprefix(METADATA): value.strip()
        for name, value in request.headers.items()
        if name.startswith(METADATA)
    }
    for name, value in (*metadata.items(), *headers.items()):
        if not value.isascii() or not value.isprintable():
            raise S3Error("InvalidArgument", f"The value of {name} must be printable ASCII.")
    return Facts(request.header("content-type") or UNKNOWN_TYPE, metadata, headers)


def check_asked(request: Request) -> None:
    """Refuse what a request asks for and what has no effect here.

    Raises
    ------
    S3Error
    """
    for name, value in request.headers.items():
        if name.startswith(_NO_EFFECT_HERE) and value and value.lower() != "false":
            raise not_implemented(name)
    check_acl(request)
    if request.headers.get("x-amz-storage-class", "") not in ("", "STANDARD"):
        raise not_implemented("A storage class but STANDARD")
    if request.headers.get("x-amz-tagging", ""):
        raise not_implemented("x-amz-tagging")


def check_acl(request: Request) -> None:
    """Refuse an access list that lets others in.

    Raises
    ------
    S3Error
    """
    acl = request.headers.get("x-amz-acl", "")
    if acl and acl not in _PRIVATE:
        raise not_implemented(f"The access list {acl}")
