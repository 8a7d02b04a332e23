"""Conditional requests (RFC 9110, section 13), which guard a write or avoid a transfer."""

from dataclasses import dataclass
from datetime import datetime

from mcos.errors import PreconditionFailed
from mcos.model.versions import Version


@dataclass(frozen=True)
class Conditions:
    """What a request wants to be true of the version that it meets.

    Attributes
    ----------
    if_match, if_none_match
        Quoted entity tags, ``*``, or None if not sent.
    if_unmodified_since, if_modified_since
        Whole seconds, or None if not sent.
    """

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None
    if_unmodified_since: datetime | None = None
    if_modified_since: datetime | None = None


def guard(conditions: Conditions, version: Version | None) -> None:
    """Refuse a write whose conditions do not hold.

    ``If-Modified-Since`` is for reads alone.

    Parameters
    ----------
    version
        The version accepted last; None if there is no object.

    Raises
    ------
    PreconditionFailed
    """
    _guard_version(conditions, version)
    tags = conditions.if_none_match
    if tags is not None and _has_match(tags, version):
        raise PreconditionFailed("The object's ETag must not be one of those in If-None-Match.")


def is_known(conditions: Conditions, version: Version) -> bool:
    """Whether the sender of a read has the version already, which is then not sent again.

    Conditions are looked at in the order of RFC 9110, section 13.2.2: a tag is more exact than a
    time, so a time counts only where no tag was sent.

    Raises
    ------
    PreconditionFailed
        It is not the version that the sender wants.
    """
    _guard_version(conditions, version)
    if conditions.if_none_match is not None:
        return _has_match(conditions.if_none_match, version)
    since = conditions.if_modified_since
    return since is not None and version.modified <= since


def _guard_version(conditions: Conditions, version: Version | None) -> None:
    if conditions.if_match is not None:
        if not _has_match(conditions.if_match, version):
            raise PreconditionFailed("The object's ETag must be one of those in If-Match.")
        return
    since = conditions.if_unmodified_since
    if since is not None and version is not None and version.modified > since:
        raise PreconditionFailed("The object was modified since If-Unmodified-Since.")


def _has_match(tags: tuple[str, ...], version: Version | None) -> bool:
    """Whether one of the tags is the version's; ``*`` matches any."""
    return version is not None and ("*" in tags or version.etag in tags)
