"""The call that tells whether an entry point can work, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

import httpx

from mcos_client.api.call import Call, Repeat


@dataclass(frozen=True)
class Health:
    """An entry point that works.

    Attributes
    ----------
    release
        Of its functions: the project's version, and a digest.
    at
        The time there, in whole seconds; None if the reply does not tell it.
    """

    cluster: str
    release: str
    at: datetime | None

    @classmethod
    def from_reply(cls, value: Mapping[str, str], headers: Mapping[str, str]) -> Self:
        return cls(value["cluster"], value["release"], _date_of(headers))


def health() -> Call[Health]:
    """Ask whether the entry point can work; it needs no token.

    Raises
    ------
    CatalogUnavailable
        It cannot read its catalog.
    """
    return Call("GET", "/v1/health", _read, authenticated=False, repeat=Repeat.ALWAYS)


def _read(response: httpx.Response) -> Health:
    return Health.from_reply(response.json(), response.headers)


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
