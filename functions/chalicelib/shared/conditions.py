"""``If-Match`` and ``If-None-Match`` (RFC 9110, section 13.1)."""

import re

from chalicelib.shared.http import Request
from mcos.errors import InvalidHeader
from mcos.model.conditions import Conditions

_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


def read_conditions(request: Request) -> Conditions:
    """Return the conditions of a request.

    Raises
    ------
    InvalidHeader
        A header is neither ``*`` nor a list of quoted entity tags. Ignoring it could overwrite an
        object that the caller wanted to protect.
    """
    return Conditions(
        if_match=_tags(request, "if-match", weak=False),
        if_none_match=_tags(request, "if-none-match", weak=True),
    )


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
