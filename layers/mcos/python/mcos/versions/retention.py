"""Retention: a version may be neither deleted nor replaced before a time.

A version carries that time, so whoever deletes or replaces it need not read its container. It is a
guess when the version is accepted, and confirmed by whoever checks the container afterwards
(``mcos.versions.take``), before the version is acknowledged.
"""

from dataclasses import replace

from mcos import clock
from mcos.catalog import containers
from mcos.errors import Retained
from mcos.model.objects import Container, ObjectKey, ObjectRecord
from mcos.model.versions import Version


def until(version: Version, container: Container | None) -> str | None:
    """Return until when a container retains a version, RFC 3339; None: not at all."""
    if container is None or container.retention_days == 0:
        return None
    return clock.days_after(version.created_at, container.retention_days)


def guessed(version: Version, key: ObjectKey) -> Version:
    """Return a version that is retained as its container would, as this process last saw it."""
    seen = containers.seen(key.account, key.container)
    return replace(version, retained_until=until(version, seen))


def lengthened(version: Version, container: Container | None) -> str | None:
    """Return until when a version is retained that nobody may have confirmed."""
    return max(version.retained_until or "", until(version, container) or "") or None


def check_not_retained(record: ObjectRecord | None) -> None:
    """Check that users may delete or replace what a record has.

    Raises
    ------
    Retained
    """
    held_until = record.retained_until if record else None
    if held_until is not None and held_until > clock.now():
        raise Retained(held_until)
