"""Confirming the container of a version that the catalog has accepted, and the lender of a copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.errors import (
    Conflict,
    ContainerNotFound,
    McosError,
    ObjectNotReady,
    OutcomeUnknown,
    Superseded,
)
from mcos.model import lifecycle
from mcos.model.objects import Container, ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.versions import dispose, make, retention


@contextmanager
def unstaged_if_refused(version: Version) -> Iterator[None]:
    """Remove the staged content of a version if the catalog refuses it.

    If it is unknown whether the version was accepted, the content stays: readers may need it.
    """
    try:
        yield
    except OutcomeUnknown:
        raise
    except McosError:
        dispose.unstage(version)
        raise


def confirm_container(
    key: ObjectKey, record: ObjectRecord, version_id: str, *, is_policy_guessed: bool = False
) -> ObjectRecord:
    """Check the container after a version was accepted: see ``mcos.catalog.containers``.

    If its retention is another one than was guessed, the version gets it.

    Parameters
    ----------
    is_policy_guessed
        Whether the version was placed by a guess at the container's policy; if the guess was
        wrong, the version is placed again.

    Returns
    -------
    The record as it is now.

    Raises
    ------
    ContainerNotFound, NotEnoughClusters
        The version was abandoned.
    Superseded
        Another one was accepted after it; it was, or will be, replaced.
    OutcomeUnknown
        Others kept changing the container, or the object.
    """
    version = version_in(record, version_id)
    try:
        container = container_of(record)
        if container is None:
            return record
        again, until = version, retention.until(version, container)
        if is_policy_guessed and container.storage_policy != version.storage_policy:
            again = make.place(version, key, policy_named(container.storage_policy))
        if again is version and until == version.retained_until:
            return record
        following = objects.change_guessed(
            key,
            lambda found: lifecycle.retain(
                found if again is version else lifecycle.place_again(found, again),
                version.id,
                until,
            ),
            record,
        )
        if following is None or following.find(version_id) is None:
            raise Superseded("A later change of the object was accepted; this one was dropped.")
    except McosError as error:
        if isinstance(error, Conflict) and not isinstance(error, Superseded):
            # What the version has displaced is gone, so it stays: the sweeper checks the container.
            raise OutcomeUnknown(
                "The change was accepted, and may be taken back. Read the object before you try "
                "again."
            ) from error
        _take_back(key, record, version)
        raise
    if until is not None and following.latest.id != version.id:
        # Who accepted the later one did not know that this one is retained, so nobody is told so.
        raise Superseded("A later change of the object was accepted, and will replace this one.")
    return following


def confirm_lender(record: ObjectRecord, version_id: str) -> ObjectRecord:
    """Let readers see a copy that was accepted, if its lender still has what it lends.

    Two network calls if nothing races; one of a synchronous copy, which is seen when it is stored.
    See ``mcos.versions.loans``.

    Raises
    ------
    ObjectNotReady
        The lender's object has another version by now, or is gone; the copy was abandoned.
    Superseded
        A later change of the object was accepted.
    """
    version = version_in(record, version_id)
    lender = version.borrowed_from
    if lender is None:
        raise AssertionError("a copy must have a lender when it is accepted")
    source = objects.get(ObjectKey(record.account, lender.container, lender.object))
    if source is None or source.find(lender.version.id) is None:
        _take_back(record.key, record, version)
        raise ObjectNotReady("The source changed at the same time; try again.")
    if version.digested:
        return record
    confirmed = replace(version, digested=True)
    following = objects.change_guessed(
        record.key, lambda found: lifecycle.record_digests(found, confirmed), record
    )
    if following is None or following.find(version_id) is None:
        raise Superseded("A later change of the object was accepted; this one was dropped.")
    return following


def container_of(record: ObjectRecord) -> Container | None:
    """Check the container of an object, and stop its deletion unless it was seen before.

    Returns
    -------
    None if it was seen before, and its item is lost.

    Raises
    ------
    ContainerNotFound, Conflict
    """
    if not record.is_admitted:
        return containers.admit(record.account, record.container)
    try:
        return containers.get(record.account, record.container)
    except ContainerNotFound:
        return None


def version_in(record: ObjectRecord, version_id: str) -> Version:
    """Return the version with that id from the record that accepted it."""
    version = record.find(version_id)
    if version is None:
        raise AssertionError("a record must have the version that it accepted")
    return version


def _take_back(key: ObjectKey, record: ObjectRecord, version: Version) -> None:
    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        unchanged = found is not None and found.revision == record.revision
        if unchanged and not record.owes and record.versions == (version,):
            return None  # no replica was begun
        following, _ = lifecycle.abandon(
            found, version.id, reason="The call that created it was refused.", forget=True
        )
        return following

    left = objects.change_guessed(key, transition, record)
    dispose.dispose(left)
    if left is None or left.find(version.id) is None:
        dispose.unstage(version)
