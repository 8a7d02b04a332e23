"""Conditional requests (RFC 9110, section 13), which guard a write or avoid a transfer."""

from dataclasses import dataclass

from mcos.errors import PreconditionFailed


@dataclass(frozen=True)
class Conditions:
    """``If-Match`` and ``If-None-Match``: quoted entity tags, ``*``, or None if not sent."""

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None


def guard(conditions: Conditions, etag: str | None) -> None:
    """Refuse a write whose conditions do not hold.

    Parameters
    ----------
    etag
        The quoted entity tag of the version accepted last; None if there is no object.

    Raises
    ------
    PreconditionFailed
    """
    if conditions.if_match is not None and not has_match(conditions.if_match, etag):
        raise PreconditionFailed("The object's ETag must be one of those in If-Match.")
    if conditions.if_none_match is not None and has_match(conditions.if_none_match, etag):
        raise PreconditionFailed("The object's ETag must not be one of those in If-None-Match.")


def has_match(tags: tuple[str, ...], etag: str | None) -> bool:
    """Whether one of the tags is the object's ``etag``; ``*`` matches any existing object.

    Parameters
    ----------
    etag
        Quoted; None if there is no object.
    """
    return etag is not None and ("*" in tags or etag in tags)
