"""Conditions of requests (RFC 9110, section 13), as S3 has them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mcos_serve.s3.errors import S3Error, not_implemented

READING = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


def has_any(headers: Mapping[str, str], prefix: str = "") -> bool:
    """Whether a request is to be answered only under some condition."""
    return any(f"{prefix}{name}" in headers for name in READING)


def check_reading(
    headers: Mapping[str, str], etag: str, modified: datetime, *, prefix: str = ""
) -> None:
    """Refuse to read what the client does not want, or has already.

    Parameters
    ----------
    etag
        Of the object, quoted.
    prefix
        What stands before the names of the headers, of the source of a copy.

    Raises
    ------
    S3Error
        ``PreconditionFailed``, or ``NotModified``.
    """
    given = {name: headers.get(f"{prefix}{name}") for name in READING}
    modified = modified.replace(microsecond=0)
    since = _date(given["if-unmodified-since"])
    if given["if-match"] is not None:
        if not matches(given["if-match"], etag):
            raise failed("If-Match")
    elif since is not None and modified > since:
        raise failed("If-Unmodified-Since")
    since = _date(given["if-modified-since"])
    if given["if-none-match"] is not None:
        known = matches(given["if-none-match"], etag)
    else:
        known = since is not None and modified <= since
    if known:
        if prefix:
            raise failed("If-None-Match")
        raise S3Error("NotModified", "Not Modified", headers={"etag": etag})


def writing(headers: Mapping[str, str]) -> tuple[str | None, bool]:
    """Return the ETag that an object must have to be replaced, and whether there must be none.

    Raises
    ------
    S3Error
        The condition is none that S3 has for writing.
    """
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_none_match not in (None, "*"):
        raise not_implemented("If-None-Match of a write with anything but *")
    if if_match is not None and if_none_match is not None:
        raise not_implemented("If-Match and If-None-Match together")
    for name in ("if-modified-since", "if-unmodified-since"):
        if name in headers:
            raise not_implemented(f"{name} of a write")
    return None if if_match is None else quoted(if_match), if_none_match is not None


def matches(header: str, etag: str) -> bool:
    """Whether a list of ETags has one."""
    tags = {quoted(one.strip().removeprefix("W/")) for one in header.split(",")}
    return header.strip() == "*" or etag in tags


def quoted(etag: str) -> str:
    """Return an ETag in quotes; S3 takes those without, too."""
    etag = etag.strip()
    return etag if etag == "*" else f'"{etag.strip(chr(34))}"'


def failed(condition: str) -> S3Error:
    """Make the refusal for a condition that does not hold."""
    return S3Error(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        details={"Condition": condition},
    )


def _date(text: str | None) -> datetime | None:
    """Read a date; one that is none is not minded."""
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
