"""The last legs: what writes have left half done, on the backend and in staging.

Neither says which object it was for. So the first leg has written down what old versions still
have on their way; whatever else is older than the grace belongs to a version that no record wants.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from mcos import staging
from mcos.catalog import uploads
from mcos.model.scrub import REMEMBERED_AT_MOST, Counts, Scrub
from mcos.replicas.backend import own_backend
from mcos.scrub.copies import CopyKey
from mcos.scrub.looking import is_older
from mcos.scrub.removing import Orphan, Save, remove_orphans
from mcos.staging import ListedFile
from mcos.storage import BegunParts

_TOO_MUCH = "too much of old versions is on its way to tell what is left over"


def compare_parts(run: Scrub, *, save: Save, grace_before: datetime) -> Scrub:
    """Look at a page of parts that belong to no copy, and remove those that nobody completes.

    Raises
    ------
    Waits, Wrong, StorageError
    """
    page = own_backend().list_begun_parts(run.cursor or "")
    found = {one.key for one in page.begun if _is_left(run, one, grace_before)}
    orphans = [
        Orphan(lambda: True, partial(own_backend(patient=True).discard_parts, key))
        for key in sorted(found)
    ]
    run = _without(run, orphans, save=save)
    counts = run.counts + Counts(listed=len(page.begun), calls=1)
    return replace(run, cursor=page.next_marker, counts=counts)


def _is_left(run: Scrub, begun: BegunParts, grace_before: datetime) -> bool:
    is_copy = CopyKey.read(begun.key) is not None
    return is_copy and begun.stored_at < grace_before and begun.key not in run.unfinished


def compare_staging(run: Scrub, *, save: Save, grace_before: datetime) -> Scrub:
    """Look at a page of this cluster's staging bucket, and remove what no version came to need.

    Files that others have put there are theirs.

    Raises
    ------
    Waits, Wrong, BotoCoreError, ClientError
    """
    files, following = staging.page(run.cursor or "")
    orphans = [
        Orphan(partial(_is_unknown, one.key), partial(staging.delete, one.key, one.version))
        for one in files
        if _is_ours(one) and _is_left_in_staging(run, one, grace_before) and _is_unknown(one.key)
    ]
    run = _without(run, orphans, save=save)
    return replace(run, cursor=following)


def _is_ours(one: ListedFile) -> bool:
    return one.key.startswith((staging.VERSIONS, staging.UPLOADS))


def _is_left_in_staging(run: Scrub, one: ListedFile, grace_before: datetime) -> bool:
    # By two clocks: S3's, and that of whoever made the id in the key.
    is_old = one.stored_at < grace_before and is_older(one.key.rpartition("/")[2], grace_before)
    return is_old and one.key not in run.unfinished


def _is_unknown(key: str) -> bool:
    """Whether no upload has that place in staging; an upload's is seen to by the sweeper."""
    if not key.startswith(staging.UPLOADS):
        return True
    account, _, upload = key.removeprefix(staging.UPLOADS).partition("/")
    return uploads.get(account, upload) is None


def _without(run: Scrub, orphans: list[Orphan], *, save: Save) -> Scrub:
    if orphans and len(run.unfinished) > REMEMBERED_AT_MOST:
        return replace(run, held=_TOO_MUCH)
    return remove_orphans(run, orphans, save=save)
