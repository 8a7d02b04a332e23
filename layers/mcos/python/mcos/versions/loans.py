"""Copies between objects: a version that is copied from another borrows its replicas.

The content of a copy is that of its source, which is on three clusters already. So a copy is taken
by writing records, whatever its size: first the lender's, which says who borrows, then the one that
accepts the copy, which says from whom (``Version.lent_to``, ``Version.borrowed_from``). Until the
copy has enough replicas of its own, the lender's are read in their place. Whoever would remove
those asks before whether anybody needs them.

Who asks before the copy is accepted finds nobody. So a copy that was accepted displaces nothing
until its lender was looked at once more (``mcos.versions.take``): what is dropped from then on is
dropped by somebody who finds the copy. One that was not confirmed is nobody's, and the sweeper
drops it.
"""

from dataclasses import replace

from mcos.catalog import deleted, objects
from mcos.errors import ObjectNotReady
from mcos.model import lifecycle
from mcos.model.deleted import DeletedState
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Lender, Loan, Version

_FEW = 8
"""With more loans than this, it is looked which have ended."""


def borrowed(version: Version, source: Version, key: ObjectKey) -> Version:
    """Return a version that borrows the content of another one, of the object ``key``.

    Its ETag is the source's, because its content is.
    """
    bare = replace(
        source,
        metadata={},
        headers={},
        staged=None,
        described_at="",
        borrowed_from=None,
        lent_to=(),
        unknown={},
    )
    return replace(
        version,
        # Of one whose caller does not wait this says too that it is confirmed.
        digested=version.mode == "wait",
        size=source.size,
        md5=source.md5,
        sha256=source.sha256,
        sent_tag=source.sent_tag,
        part_size=source.part_size,
        parts_md5=source.parts_md5,
        borrowed_from=Lender(key.container, key.name, bare),
    )


def lend(record: ObjectRecord, version_id: str, loan: Loan) -> None:
    """Write a loan into the record of the lender, whose version must have copies of its own.

    One network call if nothing races and few others borrow from the version.

    Raises
    ------
    ObjectNotReady
        The version is not its object's any more.
    Conflict
        Too many others borrow from it.
    """
    found = record.find(version_id)
    ended: list[Loan] = []
    if found is not None and len(found.lent_to) >= _FEW:
        ended = [one for one in found.lent_to if not is_awaited(record.account, one)]

    def transition(now: ObjectRecord | None) -> ObjectRecord | None:
        if now is None or now.find(version_id) is None:
            raise ObjectNotReady("The source changed at the same time; try again.")
        return lifecycle.lend(now, version_id, loan, ended=ended)

    objects.change_guessed(record.key, transition, record)


def is_unconfirmed(version: Version) -> bool:
    """Whether a version is a copy that was accepted, and that nobody was told of."""
    return version.borrowed_from is not None and not version.digested


def refreshed(account: str, version: Version) -> Version:
    """Return a version with its lender's replicas as they are now; as it is if it has no lender.

    One network call if the lender's object still has it.
    """
    lender = version.borrowed_from
    if lender is None:
        return version
    key = ObjectKey(account, lender.container, lender.object)
    record = objects.get(key)
    found = record.find(lender.version.id) if record else None
    if found is None:
        waiting = deleted.find(key, lender.version.id)
        found = waiting.kept.version if waiting else None
    if found is None:
        return version  # its removal is owed, but its copies are where they were
    now = replace(lender.version, replicas=found.replicas)
    return replace(version, borrowed_from=replace(lender, version=now))


def is_awaited(account: str, loan: Loan) -> bool:
    """Whether a copy still needs its lender: one network call, or a few."""
    key = ObjectKey(account, loan.container, loan.object)
    for _ in range(2):
        record = objects.get(key)
        held = _version_in(record, loan.version)
        if held is not None:
            return held.borrowed_from is not None
        waiting = deleted.find(key, loan.version)
        if waiting is None:
            return False
        if waiting.state in (DeletedState.KEPT, DeletedState.RESTORING):
            return waiting.kept.version.borrowed_from is not None
        # It was taken back, perhaps since its record was read.
    return False


def _version_in(record: ObjectRecord | None, version_id: str) -> Version | None:
    """Return a version that a record has, or has still to keep."""
    if record is None:
        return None
    kept = (one.version for one in record.kept if one.version.id == version_id)
    return record.find(version_id) or next(kept, None)
