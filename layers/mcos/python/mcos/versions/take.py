"""Confirming the container of a version that the catalog has accepted."""

from collections.abc import Iterator
from contextlib import contextmanager

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.errors import Conflict, McosError, OutcomeUnknown, Superseded
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.versions import dispose, make


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
    ContainerNotFound, NotEnoughClusters, Superseded
        The version was abandoned.
    OutcomeUnknown
        Others kept changing the container, or the object.
    """
    version = version_in(record, version_id)
    try:
        container = containers.admit(key.account, key.container)
        if not is_policy_guessed or container.storage_policy == version.storage_policy:
            return record
        again = make.place(version, key, policy_named(container.storage_policy))
        following = objects.change_guessed(
            key, lambda found: lifecycle.place_again(found, again), record
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
    return following


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
