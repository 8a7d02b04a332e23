"""Taking a content that is in staging already: it becomes a version of its object, once."""

from mcos import clock
from mcos.catalog import uploads
from mcos.catalog.registry import policy_named
from mcos.errors import McosError
from mcos.model import lifecycle
from mcos.model.conditions import Conditions, guard
from mcos.model.objects import ObjectRecord, Staged, State, Version
from mcos.model.parts import part_size_of
from mcos.model.uploads import Action, Upload
from mcos.settings import settings
from mcos.versions import dispose, make, replicate


def take(upload: Upload, staged: Staged, size: int, *, version_id: str) -> ObjectRecord:
    """Accept what is staged as a version of the upload's object, and have it replicated.

    Parameters
    ----------
    size
        Bytes that are staged.

    Returns
    -------
    The record: CREATING or UPDATING.

    Raises
    ------
    UploadTaken
        It was taken before.
    ContainerNotFound, ObjectExists, ObjectNotFound, ObjectBeingDeleted, PreconditionFailed,
    UnknownStoragePolicy, NotEnoughClusters, Conflict
    """
    version = Version(
        id=version_id,
        size=size,
        md5=upload.md5,
        sha256=upload.sha256,
        content_type=upload.content_type,
        metadata=upload.metadata,
        created_at=clock.now(),
        mode="respond-async",
        staged=staged,
        storage_policy="",
        readable_from=0,
        replicas={},
        digested=False,
        part_size=part_size_of(size),
    )
    named = upload.storage_policy and policy_named(upload.storage_policy)

    def accept(record: ObjectRecord | None) -> ObjectRecord:
        there = record if record is not None and record.state is not State.FAILED else None
        guard(
            Conditions(upload.if_match, upload.if_none_match), there.latest.etag if there else None
        )
        kept = make.policy_kept(record) if there else make.policy_of(upload.key, None)
        placed = make.placed(version, upload.key, named or kept)
        own = settings().cluster
        if upload.action is Action.UPDATE:
            return lifecycle.accept_update(record, placed, cluster=own)
        accept_new = (
            lifecycle.accept_create if upload.action is Action.CREATE else lifecycle.accept_put
        )
        return accept_new(record, placed, key=upload.key, cluster=own)

    record = uploads.take(upload, version_id, accept)
    if record.current is None:
        # The container has not been looked for since the object was written.
        is_new = record.pending[0].id == version_id
        try:
            record = make.admit(
                upload.key, record, version_id, policy_is_guessed=is_new and not named
            )
        except McosError:
            dispose.unstage(version)
            raise
    replicate.begin(record, version_id)
    return record
