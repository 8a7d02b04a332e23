"""commit_version: record which replicas of a version are stored, and change the object's state."""

from collections.abc import Iterable, Iterator, Mapping

from mcos.catalog import deleted, objects
from mcos.catalog.registry import all_clusters
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Removal, Stored, Version
from mcos.replicas import repair_queue
from mcos.replicas.backend import new_incarnation
from mcos.versions import dispose


def commit_version(
    guess: ObjectRecord,
    version: Version,
    stored: Mapping[str, Stored],
    *,
    wrong: Mapping[str, str] | None = None,
    failed: Iterable[str] = (),
    misread: bool = False,
) -> tuple[ObjectRecord | None, Outcome]:
    """Commit a version: one conditional write if nothing raced.

    What is dropped for it is disposed of, and so are copies that the record does not have.

    Parameters
    ----------
    guess
        The record as it was when the version was accepted, or as it was read.
    stored
        The copies that were stored and verified, by cluster.
    wrong
        Incarnations of copies that were written with other bytes, by cluster; others replace them.
    failed
        Clusters whose copy of ``version`` was not stored, as far as they have told.
    misread
        Whether what was read to write one was not the content of the version.

    Returns
    -------
    The record as it is now, and the outcome for the version.
    """
    outcome = Outcome.GONE

    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        nonlocal outcome
        following, outcome = lifecycle.commit(found, version.id, stored)
        for cluster, copy in (wrong or {}).items():
            following = lifecycle.lose(
                following, version.id, cluster, copy=copy, by=new_incarnation()
            )
        return following

    record = objects.change_guessed(guess.key, transition, guess)
    if record is not None:
        record = dispose.dispose(record)
    if outcome is Outcome.COMMITTED:
        dispose.unstage(version)
    known = record.find(version.id) if record else None
    unknown = list(_unknown(known, version, stored, failed))
    # A deleted version that is kept may have the same copies, by another execution.
    kept = deleted.find(guess.key, version.id) if unknown and known is None else None
    for removal in unknown:
        if kept is not None and kept.holds(removal.cluster, removal.incarnation):
            continue
        dispose.remove_copy(guess.account, removal)
    if known is not None and (misread or (wrong and known.part_size > 0)):
        # A lender may not be named any more.
        distrust_sources(guess.key, version if version.borrowed_from else known)
    return record, outcome


def _unknown(
    known: Version | None, version: Version, stored: Mapping[str, Stored], failed: Iterable[str]
) -> Iterator[Removal]:
    """Yield removals of the copies that the record does not have.

    They were written after others had taken their place, or the version was dropped. What has
    failed may have left parts, or was stored without an answer.
    """
    copies = {name: copy.incarnation for name, copy in stored.items()}
    failures = {name: version.replicas[name].incarnation for name in failed}
    for cluster, copy in {**failures, **copies}.items():
        replica = known.replicas.get(cluster) if known else None
        if replica is None or copy not in (replica.incarnation, replica.replaces):
            yield Removal(
                cluster,
                version.id,
                copy,
                in_parts=version.part_size > 0,
                late=cluster not in copies,
                why="" if known is None else "stray",
            )


def distrust_sources(key: ObjectKey, version: Version) -> None:
    """Have the stored replicas verified: one of them may have been the source of a wrong copy."""
    lender = version.borrowed_from
    if lender is not None:
        key, version = ObjectKey(key.account, lender.container, lender.object), lender.version
    for name in version.stored:
        if cluster := all_clusters().get(name):
            message = repair_queue.verify_message(key, version.id)
            repair_queue.send(cluster.repair_queue_url, message)
