"""download_object: one version's bytes, from any replica that is complete."""

from dataclasses import dataclass

from mcos.calls.conditions import Conditions, matches
from mcos.catalog import objects
from mcos.catalog.objects import Key
from mcos.errors import (
    ObjectNotFound,
    ObjectNotReady,
    PreconditionFailed,
    RangeNotSatisfiable,
    ReplicasUnavailable,
)
from mcos.model import ObjectRecord, State, Version
from mcos.names import check_container_name, check_object_name
from mcos.reading import ReplicaUnreadable, read_replica
from mcos.settings import settings

# A version may be replaced and its replicas removed between the record's reading and theirs.
_READINGS = 3


@dataclass(frozen=True)
class ByteRange:
    """A range as asked for: ``bytes=first-last``, ``first-`` (no last) or ``-last`` (no first)."""

    first: int | None
    last: int | None

    def resolve(self, size: int) -> tuple[int, int]:
        """First and last position, inclusive, in a content of ``size`` bytes.

        Raises
        ------
        RangeNotSatisfiable
        """
        if self.first is None:
            length = min(self.last or 0, size)
            first, last = size - length, size - 1
        else:
            first = self.first
            last = size - 1 if self.last is None else min(self.last, size - 1)
        if first >= size or last < first:
            raise RangeNotSatisfiable(size)
        return first, last


@dataclass(frozen=True)
class Download:
    """What is to be answered. ``content`` None: the caller has it already (304).

    ``part``: first and last position where less than the whole was asked for.
    """

    record: ObjectRecord
    version: Version
    content: bytes | None
    part: tuple[int, int] | None = None


def download_object(
    key: Key,
    *,
    conditions: Conditions,
    byte_range: ByteRange | None = None,
    if_range: str | None = None,
) -> Download:
    """Read an object, or a range of it: two network calls if the first replica answers.

    Parameters
    ----------
    if_range
        A quoted entity tag: the range counts only while the object is that one.

    Raises
    ------
    InvalidName, ObjectNotFound, ObjectNotReady, PreconditionFailed, RangeNotSatisfiable,
    ReplicasUnavailable
    """
    check_container_name(key[1])
    check_object_name(key[2])
    failures: list[str] = []
    read_version = None
    for _ in range(_READINGS):
        record, version = _readable(key)
        if read_version == version.id:
            break
        read_version = version.id
        if conditions.if_match is not None and not matches(conditions.if_match, version.etag):
            raise PreconditionFailed("If-Match: the object is not the one that is meant.")
        if conditions.if_none_match is not None and matches(conditions.if_none_match, version.etag):
            return Download(record, version, content=None)
        part = None
        if byte_range is not None and if_range in (None, version.etag):
            part = byte_range.resolve(version.size)
        first, last = part or (0, version.size - 1)
        content, failures = _read_any(key[0], version, first, last)
        if content is not None:
            return Download(record, version, content, part)
    raise ReplicasUnavailable("No replica could be read: " + "; ".join(failures) + ".")


def _readable(key: Key) -> tuple[ObjectRecord, Version]:
    record = objects.get(key)
    if record is None or record.state is State.DELETING:
        raise ObjectNotFound("There is no such object.")
    if record.state is State.FAILED:
        raise ObjectNotFound(f"The object could not be stored: {record.reason}")
    if record.current is None:
        raise ObjectNotReady("Too few replicas are stored for the object to be read; try again.")
    return record, record.current


def _read_any(
    account: str, version: Version, first: int, last: int
) -> tuple[bytes | None, list[str]]:
    """Bytes of the first replica that answers well, this cluster's own before others."""
    own = settings().cluster
    failures: list[str] = []
    for cluster in sorted(version.stored, key=lambda name: name != own):
        try:
            return read_replica(account, version, cluster, first, last), failures
        except ReplicaUnreadable as error:
            failures.append(str(error))
    return None, failures
