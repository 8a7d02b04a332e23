"""The headers that describe content (RFC 9110, section 8) and that every reading gives back.

They are kept as they came, with the version, beside its content type and user metadata. Names are
in lower case.
"""

import re
from collections.abc import Callable, Mapping

from mcos import limits
from mcos.errors import InvalidHeader

NAMES = {
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "expires": "Expires",
}
"""Each header, and how it is written in replies."""

_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return ``headers`` (values by lower-case names) if they can be kept.

    Raises
    ------
    InvalidHeader
    """
    for name, value in headers.items():
        if name not in NAMES:
            raise InvalidHeader(f"Of the headers of content, {', '.join(NAMES.values())} are kept.")
        if len(value) > limits.HEADER_BYTES or not _VALUE.fullmatch(value):
            raise InvalidHeader(
                f"{NAMES[name]} must have 1 to {limits.HEADER_BYTES} characters of printable ASCII."
            )
    if "aws-chunked" in re.split(r"[\s,]+", headers.get("content-encoding", "").lower()):
        # The chunks' framing would become part of the content.
        raise InvalidHeader("Content sent as aws-chunked is not taken.")
    return dict(headers)


def sent(value_of: Callable[[str], str | None]) -> dict[str, str]:
    """Return those that somebody sends; an empty one is as good as none.

    Parameters
    ----------
    value_of
        Returns the value of a header by its name in lower case.
    """
    found = {name: (value_of(name) or "").strip() for name in NAMES}
    return {name: value for name, value in found.items() if value}


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those that can be kept, of content whose sender is not there to be told."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        try:
            found |= check_headers({name: value})
        except InvalidHeader:
            continue
    return found


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Return them as replies have them."""
    return {NAMES.get(name, name): value for name, value in headers.items()}


def file_name(name: str) -> str:
    """Return the file name under which browsers save an object of this name.

    At most the last 200 characters, so that the header is no longer than gateways carry.
    """
    return (name.rstrip("/").rpartition("/")[2] or name)[-200:]
