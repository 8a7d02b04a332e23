"""download_object: read one version's bytes from any stored replica, or from staging."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mcos import limits
from mcos.aws import AWS_ERRORS
from mcos.catalog.registry import all_clusters
from mcos.errors import (
    ContentTooLarge,
    ObjectNotFound,
    RangeNotSatisfiable,
    ReplicasUnavailable,
)
from mcos.model.conditions import Conditions, is_known
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.representation import file_name
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.replicas.read import NoReplicaReadable, ReplicaUnreadable, read_content
from mcos.replicas.sign import sign_version
from mcos.versions import loans
from mcos.versions.readable import readable

_log = logging.getLogger(__name__)

# A version may be replaced, or its replicas moved, after the record is read.
_READINGS = 3


@dataclass(frozen=True)
class ByteRange:
    """A requested range: ``bytes=first-last``, ``first-`` (no last) or ``-last`` (no first)."""

    first: int | None
    last: int | None

    def resolve(self, size: int) -> tuple[int, int]:
        """Return the first and last position, inclusive, in ``size`` bytes of content.

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
    """The answer to a download.

    Attributes
    ----------
    content
        The bytes; None: the caller has them already, or must read them at ``url``.
    url
        Signed URL of a replica, valid for a limited time, if the content is too large for a reply.
    part
        First and last position of the bytes; None: the whole.
    damaged
        Clusters whose replica is missing or changed; a repair was requested.
    """

    record: ObjectRecord
    version: Version
    content: bytes | None = None
    url: str | None = None
    part: tuple[int, int] | None = None
    damaged: tuple[str, ...] = ()


def download_object(
    key: ObjectKey,
    *,
    conditions: Conditions,
    byte_range: ByteRange | None = None,
    if_range: str | datetime | None = None,
    redirect: bool = True,
    is_meant: Callable[[ObjectRecord], bool] = lambda record: True,
) -> Download:
    """Read an object, or a range of it: two network calls if the first replica answers.

    Parameters
    ----------
    if_range
        A quoted entity tag, or a time: the range applies only if it is the object's.
    redirect
        Whether the answer may be a URL if the content is too large for a reply. If not, the answer
        to a range has its first bytes, as many as a reply takes.
    is_meant
        Whether a record is that of the object that is asked for; if not, there is none.

    Raises
    ------
    InvalidName, ObjectNotFound, ObjectNotReady, PreconditionFailed, RangeNotSatisfiable,
    ContentTooLarge, ReplicasUnavailable
    """
    check_container_name(key.container)
    check_object_name(key.name)
    failures: Mapping[str, ReplicaUnreadable] = {}
    tried = None
    for _ in range(_READINGS):
        record, version = readable(key)
        if not is_meant(record):
            raise ObjectNotFound("There is no such object.")
        if tried is not None:
            # The replicas that it borrows may have moved since they were lent.
            version = loans.refreshed(key.account, version)
        if version == tried:
            break
        tried = version
        if is_known(conditions, version):
            return Download(record, version)
        part = None
        if byte_range is not None and if_range in (None, version.etag, version.modified):
            part = byte_range.resolve(version.size)
        first, last = part or (0, version.size - 1)
        content = url = None
        try:
            if last - first >= limits.CONTENT_BYTES and redirect:
                signed = sign_version(key.account, version, filename=file_name(key.name))
                url, failures = signed.url, signed.failures
            else:
                if last - first >= limits.CONTENT_BYTES:
                    last = first + limits.CONTENT_BYTES - 1
                    part = _shortened(version, part, last)
                content, failures = read_content(key.account, version, first, last)
        except NoReplicaReadable as error:
            failures = error.failures
            continue
        damaged = _report(*_read_of(key, version), failures)
        return Download(record, version, content, url, part, damaged)
    _report(*_read_of(key, version), failures)
    # The reasons name backends, and are for operators.
    _log.warning("no replica of %s: %s", version.id, "; ".join(map(str, failures.values())))
    raise ReplicasUnavailable("No replica can be read now.")


def _shortened(version: Version, part: tuple[int, int] | None, last: int) -> tuple[int, int]:
    """Return the range up to ``last``: RFC 9110 permits to send less than was asked for.

    Raises
    ------
    ContentTooLarge
        The whole was asked for.
    """
    if part is None:
        raise ContentTooLarge(
            f"The object has {version.size} bytes: read it by ranges of {limits.CONTENT_BYTES}, or "
            "without 'Prefer: no-redirect'."
        )
    return part[0], last


def _read_of(key: ObjectKey, version: Version) -> tuple[ObjectKey, Version]:
    """Return the version whose replicas are read for one, with the key of its object."""
    lender = version.borrowed_from
    if lender is None or version.stand_in is None:
        return key, version
    return ObjectKey(key.account, lender.container, lender.object), lender.version


def _report(
    key: ObjectKey, version: Version, failures: Mapping[str, ReplicaUnreadable]
) -> tuple[str, ...]:
    """Have damaged replicas repaired by their clusters, without waiting; return those clusters."""
    damaged = tuple(cluster for cluster, failure in failures.items() if failure.is_damaged)
    for name in damaged:
        if cluster := all_clusters().get(name):
            try:
                message = repair_queue.verify_message(key, version.id)
                repair_queue.send(cluster.repair_queue_url, message)
            except AWS_ERRORS as error:
                _log.warning("no message for a damaged replica: %s", type(error).__name__)
    return damaged
