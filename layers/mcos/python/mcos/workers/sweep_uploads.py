"""The sweeper's part that looks after uploads: ``sweep_pending`` calls it."""

import logging

from mcos import clock
from mcos.catalog import uploads
from mcos.catalog.registry import all_clusters, sweepers
from mcos.errors import McosError
from mcos.model.uploads import UploadState
from mcos.settings import settings
from mcos.versions.upload import clear_upload, take_again

_log = logging.getLogger(__name__)


def sweep_uploads(*, limit: int) -> dict[str, int]:
    """Look at the uploads that are due, of this cluster and those that it has adopted.

    Parameters
    ----------
    limit
        Most uploads of each cluster; those that are due for longest come first.

    Returns
    -------
    Number of uploads by what was done: ``taken``: what took it has ended on its way; ``expired``:
    it was not completed in time, and is removed; ``forgotten``: it was taken long ago.
    """
    done: dict[str, int] = {}
    for account, upload_id in [
        key
        for cluster in sweepers()
        for key in uploads.find_expired(cluster, before=clock.now(), limit=limit)
    ]:
        try:
            action = _sweep(account, upload_id)
        except Exception:
            # An upload that cannot be swept must not hold up the others.
            _log.exception("an upload could not be swept")
            continue
        if action:
            done[action] = done.get(action, 0) + 1
    is_first = settings().cluster == min(all_clusters(), default=None)  # one of them is enough
    if is_first and (forgotten := uploads.forget_those_without_an_end()):
        done["forgotten"] = done.get("forgotten", 0) + forgotten
    return done


def _sweep(account: str, upload_id: str) -> str | None:
    upload = uploads.get(account, upload_id)
    if upload is None:
        uploads.forget(account, upload_id)
        return "forgotten"
    if upload.state is UploadState.TAKING:
        try:
            take_again(upload)
        except McosError as error:
            _log.info("an upload cannot be taken: %s", error.code)
            if not upload.is_expired(clock.now()):
                uploads.postpone(upload)
                return None
        else:
            return "taken"
    if not uploads.end(upload):
        return None
    clear_upload(upload)
    return "expired"
