"""The first leg: every copy that a record says is on this backend must be there, and whole."""

import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from mcos import clock
from mcos.catalog import deleted, objects
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.scrub import REMEMBERED_AT_MOST, Counts, Scrub
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.replicas.backend import key_of, own_backend
from mcos.scrub.census import begin_census, count_deleted, count_records
from mcos.scrub.guards import why_wrong
from mcos.scrub.looking import check_answers, is_older, keep_rate, look_at_each, page_size
from mcos.scrub.signals import Waits, Wrong
from mcos.settings import settings
from mcos.storage import ReplicaDigestMismatch, ReplicaNotFound, StorageError

_log = logging.getLogger(__name__)

REPAIRS_AT_ONCE = 200
"""With so many messages in the repair queue that can be worked on, the run waits."""


class _Copy(NamedTuple):
    key: ObjectKey
    version: Version


class _State(StrEnum):
    HEALTHY = "healthy"
    BAD = "missing or wrong"
    UNREADABLE = "unreadable"
    HANDED = "to be read by the repair queue"


class _Look(NamedTuple):
    copy: _Copy
    state: _State
    is_named: bool = True
    calls: int = 1
    bytes_read: int = 0

    @property
    def is_last(self) -> bool:
        """Whether no other copy of the version is stored."""
        return self.copy.version.stored == (settings().cluster,)


def compare_records(run: Scrub, *, until: float, grace_before: datetime) -> Scrub:
    """Look at the copies of a page of records; send what is missing or wrong to the repair queue.

    Parameters
    ----------
    until
        ``clock.elapsed()`` from which on nothing more is read in full here: the repair queue does.
    grace_before
        Versions that are older may have left unfinished work that is old enough to be removed.

    Raises
    ------
    Waits, Wrong
    """
    run, began = begin_census(run), clock.elapsed()
    page = objects.scan(run.cursor, limit=page_size(run.rate))
    copies = [copy for record in page.records for copy in _stored_here(record)]
    looks = look_at_each(lambda copy: _look(run, copy, until), copies)
    bad = [look for look in looks if look.state is _State.BAD]
    if bad and not run.mass_repair:
        try:
            why = why_wrong(looked_at=len(looks), missing=len(bad))
        except StorageError as error:
            raise Waits(f"the backend does not answer: {type(error).__name__}") from error
        if why is not None:
            raise Wrong(why)
    sent = _send([look for look in looks if _is_to_be_sent(run, look)])
    keep_rate(len(looks), run.rate, began)
    return replace(
        count_records(run, page.records),
        cursor=page.cursor,
        counts=run.counts + _counted(run, page.records, looks, sent),
        unfinished=_unfinished(run, page.records, grace_before),
    )


def compare_deleted(run: Scrub, *, grace_before: datetime) -> Scrub:
    """Look at a page of the deleted versions that are kept, and at their content in staging.

    Their copies are not compared: who takes a version back has it verified by the next run.
    """
    page = deleted.scan(run.cursor, limit=page_size(run.rate))
    staged = [
        one.kept.version.staged.key
        for one in page.deleted
        if one.kept.version.staged is not None
        and one.kept.version.staged.cluster == settings().cluster
        and is_older(one.version_id, grace_before)
    ]
    room = max(0, REMEMBERED_AT_MOST + 1 - len(run.unfinished))
    return replace(
        count_deleted(run, page.deleted),
        cursor=page.cursor,
        unfinished=(*run.unfinished, *staged[:room]),
    )


def _stored_here(record: ObjectRecord) -> Iterator[_Copy]:
    """Yield the copies of a record that must be here; what is on its way is others' work."""
    own = settings().cluster
    for version in (record.current, record.previous):
        replica = version.replicas.get(own) if version else None
        if version is not None and replica is not None and replica.stored and not replica.leaving:
            yield _Copy(record.key, version)


def _look(run: Scrub, copy: _Copy, until: float) -> _Look:
    own, version = settings().cluster, copy.version
    key = key_of(copy.key.account, version, own)
    try:
        stat = own_backend().stat(key)
    except ReplicaNotFound:
        return _Look(copy, _State.BAD)
    except StorageError as error:
        check_answers(error)
        return _Look(copy, _State.UNREADABLE, calls=2)
    named = stat.identity is not None
    if (stat.md5, stat.size) != (version.tag(own), version.size):
        return _Look(copy, _State.BAD, named)
    if not run.reads_in_full(version.id):
        return _Look(copy, _State.HEALTHY, named)
    if version.part_size > 0 or clock.elapsed() > until:
        return _Look(copy, _State.HANDED, named, bytes_read=version.size)
    try:
        digest, size = _read(key)
    except ReplicaNotFound:
        return _Look(copy, _State.BAD, named, calls=2)
    except ReplicaDigestMismatch:
        return _Look(copy, _State.BAD, named, calls=2, bytes_read=version.size)
    except StorageError as error:
        check_answers(error)
        return _Look(copy, _State.UNREADABLE, named, calls=3)
    is_whole = (digest, size) == (version.sha256, version.size)
    return _Look(copy, _State.HEALTHY if is_whole else _State.BAD, named, calls=2, bytes_read=size)


def _read(key: str) -> tuple[str, int]:
    """Return the SHA-256 (base64) and the size of a copy, read in bounded memory."""
    digest, size = sha256(), 0
    with own_backend(patient=True).get(key) as reader:
        for piece in reader:
            digest.update(piece)
            size += len(piece)
    return b64encode(digest.digest()).decode("ascii"), size


def _is_to_be_sent(run: Scrub, look: _Look) -> bool:
    if look.state is _State.BAD:
        return not look.is_last
    if look.state is _State.HEALTHY:
        return run.renew and not look.is_named and not look.is_last
    return True


def _send(looks: Sequence[_Look]) -> Sequence[_Look]:
    """Send messages to this cluster's repair queue, which reads again before it writes.

    Raises
    ------
    Waits
        The queue has enough to do.
    """
    own = settings().repair_queue_url
    if looks and repair_queue.ready(own) >= REPAIRS_AT_ONCE:
        raise Waits("the repair queue has enough to do")
    for look in looks:
        # A healthy copy is sent to be written anew, because it has no identity.
        renew = look.copy.version if look.state is _State.HEALTHY else None
        incarnation = renew.replicas[settings().cluster].incarnation if renew else None
        message = repair_queue.verify_message(
            look.copy.key, look.copy.version.id, renew=incarnation
        )
        repair_queue.send(own, message)
    return looks


def _counted(
    run: Scrub, records: Sequence[ObjectRecord], looks: Sequence[_Look], sent: Sequence[_Look]
) -> Counts:
    states = Counter(look.state for look in looks)
    last = [look for look in looks if look.state is _State.BAD and look.is_last]
    for look in last:
        _log.error("no other copy is left to repair version %s from", look.copy.version.id)
    return Counts(
        seen=len(looks),
        healthy=states[_State.HEALTHY],
        repaired=states[_State.BAD] - len(last),
        unrepairable=len(last),
        unreadable=states[_State.UNREADABLE],
        handed=states[_State.HANDED],
        moving=sum(map(_is_moving, records)),
        unnamed=sum(not look.is_named for look in looks),
        renewed=sum(look.state is _State.HEALTHY for look in sent),
        bytes_read=sum(look.bytes_read for look in looks),
        calls=sum(look.calls for look in looks),
    )


def _is_moving(record: ObjectRecord) -> bool:
    return record.current is not None and settings().cluster in record.current.missing


def _unfinished(
    run: Scrub, records: Sequence[ObjectRecord], grace_before: datetime
) -> tuple[str, ...]:
    """Add what old versions have on their way here: parts, and content in staging."""
    own, found = settings().cluster, list(run.unfinished)
    for record in records:
        for version in record.versions:
            if len(found) > REMEMBERED_AT_MOST:
                break
            if not is_older(version.id, grace_before):
                continue  # whatever it has begun is not older either
            replica = version.replicas.get(own)
            if version.part_size > 0 and replica is not None and not replica.stored:
                found.append(key_of(record.account, version, own))
            if version.staged is not None and version.staged.cluster == own:
                found.append(version.staged.key)
    return tuple(found)
