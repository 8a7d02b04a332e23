"""The headers of conditional requests (RFC 9110, section 13.1)."""

import re
from contextlib import suppress
from datetime import UTC, datetime

from chalicelib.shared.http import Request
from mcos.errors import InvalidHeader
from mcos.model.conditions import Conditions

_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')

# RFC 9110, section 5.6.7: the first is what everybody sends, the others are from old times.
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def read_conditions(request: Request) -> Conditions:
    """Return the conditions of a request.

    A time that is none is ignored, as the RFC has it.

    Raises
    ------
    InvalidHeader
        A header of entity tags is neither ``*`` nor a list of quoted ones. Ignoring it could
        overwrite an object that the caller wanted to protect.
    """
    return Conditions(
        if_match=_tags(request, "if-match", weak=False),
        if_none_match=_tags(request, "if-none-match", weak=True),
        if_unmodified_since=read_date(request.headers.get("if-unmodified-since")),
        if_modified_since=read_date(request.headers.get("if-modified-since")),
    )


def read_date(value: str | None) -> datetime | None:
    """Return the time of an HTTP date; None if it is none."""
    for form in _DATES if value else ():
        with suppress(ValueError):
            return datetime.strptime((value or "").strip(), form).replace(tzinfo=UTC)
    return None


def _tags(request: Request, header: str, *, weak: bool) -> tuple[str, ...] | None:
    value = request.headers.get(header)
    if value is None:
        return None
    if value.strip() == "*":
        return ("*",)
    tags, position = [], 0
    while position < len(value):
        found = _TAG.match(value, position)
        if found is None:
            raise InvalidHeader(f"{header} must be * or a list of quoted entity tags.")
        tags.append(found[1])
        position = found.end()
    if not tags:
        raise InvalidHeader(f"{header} must not be empty.")
    # Strong comparison for If-Match, weak for If-None-Match.
    return tuple(tag.removeprefix("W/") if weak else tag for tag in tags)
