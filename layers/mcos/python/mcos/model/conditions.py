"""Conditional requests, RFC 9110 section 13: they guard a write, or spare a reading."""

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
        The quoted entity tag of the version accepted last, None if there is no object.

    Raises
    ------
    PreconditionFailed
    """
    if conditions.if_match is not None and not matches(conditions.if_match, etag):
        raise PreconditionFailed("If-Match: the object is not the one that is meant.")
    if conditions.if_none_match is not None and matches(conditions.if_none_match, etag):
        raise PreconditionFailed("If-None-Match: the object is there.")


def matches(tags: tuple[str, ...], etag: str | None) -> bool:
    """Whether one of the tags names the entity; ``*`` names any that is there."""
    return etag is not None and ("*" in tags or etag in tags)
