"""commit_version: record which replicas of a version are stored, and change the object's state."""

from collections.abc import Mapping

from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord, Version
from mcos.versions import dispose


def commit_version(
    guess: ObjectRecord,
    version: Version,
    stored: set[str],
    tags: Mapping[str, str] | None = None,
) -> tuple[ObjectRecord | None, Outcome]:
    """Commit a version: one conditional write if nothing raced.

    Versions that become obsolete, and a superseded version, are disposed of.

    Parameters
    ----------
    guess
        The record as it was when the version was accepted, or as it was read.
    stored
        Clusters on which a replica was stored and verified.
    tags
        The services' tags of replicas that were written in parts, by cluster.

    Returns
    -------
    The record as it is now, and the outcome for the version.
    """
    outcome = Outcome.GONE

    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        nonlocal outcome
        following, outcome = lifecycle.commit(found, version.id, stored, tags)
        return following

    key = guess.key
    record = objects.change_guessed(key, transition, guess)
    if record is not None:
        record = dispose.dispose(record)
    if outcome is Outcome.COMMITTED:
        dispose.unstage(version)
    if outcome in (Outcome.SUPERSEDED, Outcome.GONE):
        # These replicas were written after the version was abandoned: no record has them.
        dispose.discard(guess.account, [version.with_stored(stored)])
    elif record is not None and (known := record.find(version.id)):
        for cluster in stored - set(known.replicas):  # meanwhile replaced by a spare
            dispose.discard_replica(guess.account, version, cluster)
    return record, outcome
