"""The calls about shares, by which others read an object without a token, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from mcos_client.api.call import Call, Repeat, given, json_body
from mcos_client.api.method import Series
from mcos_client.api.paging import each
from mcos_client.api.paths import SHARES, share_path, with_query
from mcos_client.errors import NotFound

_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Share:
    """A share of an object.

    Attributes
    ----------
    share
        Its id, by which it is ended.
    path
        Of its link, at any entry point; only ``share_object`` tells it.
    """

    share: str
    container: str
    name: str
    created_at: datetime
    expires_at: datetime
    path: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["share"],
            value["container"],
            value["object"],
            datetime.fromisoformat(value["created_at"]),
            datetime.fromisoformat(value["expires_at"]),
            value.get("path"),
        )


@dataclass(frozen=True)
class SharePage:
    """One page of shares; ``next_marker`` is None on the last one."""

    shares: tuple[Share, ...]
    next_marker: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(tuple(map(Share.from_json, value["shares"])), value["next_marker"])


def share_object(container: str, name: str, *, expires_in: int | None = None) -> Call[Share]:
    """Make a link by which whoever has it reads an object, whichever version it has by then.

    The link ends with the object, and by ``end_share``.

    Parameters
    ----------
    expires_in
        Seconds for which it is good, a minute to 366 days; a day if left out.
    """
    body = {"container": container, "object": name, "expires_in": expires_in}
    return Call(
        "POST",
        SHARES,
        lambda response: Share.from_json(response.json()),
        headers=_JSON,
        content=json_body(given(body)),
    )


def list_share(*, marker: str | None = None, limit: int | None = None) -> Call[SharePage]:
    """Get one page of the account's shares that have not expired.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    return Call(
        "GET",
        with_query(SHARES, {"marker": marker, "limit": limit}),
        lambda response: SharePage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def all_shares() -> Series[Share]:
    """Go through the account's shares, page by page."""
    return each(lambda marker: list_share(marker=marker), lambda page: page.shares)


def end_share(share: str) -> Call[None]:
    """End a share: its link is of no use any more."""
    return Call(
        "DELETE",
        share_path(share),
        lambda response: None,
        repeat=Repeat.ALWAYS,
        already={NotFound: None},
    )
