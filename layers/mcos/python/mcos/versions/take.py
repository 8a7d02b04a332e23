"""Taking a version: what is left to be made sure of once the catalog has accepted it."""

from mcos.catalog import containers, objects
from mcos.catalog.registry import policy_named
from mcos.errors import McosError, Superseded
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey, ObjectRecord, Version
from mcos.versions import dispose, make


def confirm_container(
    key: ObjectKey, record: ObjectRecord, version_id: str, *, policy_is_guessed: bool = False
) -> ObjectRecord:
    """Look for the container now that a version is written: see ``mcos.catalog.containers``.

    Parameters
    ----------
    policy_is_guessed
        Whether the version was placed by what is believed to be the container's policy; if it is
        another one, the version is placed again.

    Returns
    -------
    The record as it is now.

    Raises
    ------
    ContainerNotFound, NotEnoughClusters, Superseded
        The version was taken back.
    """
    version = version_in(record, version_id)
    try:
        container = containers.admit(key.account, key.container)
        if not policy_is_guessed or container.storage_policy == version.storage_policy:
            return record
        again = make.place(version, key, policy_named(container.storage_policy))
        following = objects.change_guessed(
            key, lambda found: lifecycle.place_again(found, again), record
        )
        if following is None or following.find(version_id) is None:
            raise Superseded("A later change of the object was accepted; this one was dropped.")
    except McosError:
        _take_back(key, record, version)
        raise
    return following


def version_in(record: ObjectRecord, version_id: str) -> Version:
    """The version of that id in the record that accepted it."""
    version = record.find(version_id)
    if version is None:
        raise AssertionError("an accepted record knows the version that it accepted")
    return version


def _take_back(key: ObjectKey, record: ObjectRecord, version: Version) -> None:
    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        unchanged = found is not None and found.revision == record.revision
        if unchanged and record.pending == (version,) and not record.obsolete:
            return None  # nothing but this, and no replica of it was begun
        following, _ = lifecycle.abandon(
            found, version.id, reason="The call that created it was refused.", forget=True
        )
        return following

    dispose.dispose(objects.change_guessed(key, transition, record))
