"""The scrubs of the clusters: one item a cluster in the table of jobs, its last run."""

from dataclasses import replace

from pynamodb.exceptions import DoesNotExist, PutError

from mcos import clock
from mcos.catalog.tables import JobItem, is_condition_failure
from mcos.model.scrub import Scrub

_PREFIX = "scrub~"  # no job has such an id


def get(cluster: str) -> Scrub | None:
    """Return the last run of a cluster's scrub, strongly consistent: one network call."""
    try:
        return Scrub.from_json(JobItem.get(_key(cluster), consistent_read=True).document)
    except DoesNotExist:
        return None


def replace_if_unchanged(before: Scrub | None, following: Scrub) -> Scrub | None:
    """Write a run in place of ``before``, as it was read: one network call.

    Returns
    -------
    The written run, with a new revision; None, with nothing changed, if it has changed.
    """
    following = replace(following, updated_at=clock.now(), revision=clock.new_id())
    unchanged = (
        JobItem.job.does_not_exist() if before is None else JobItem.revision == before.revision
    )
    item = JobItem(
        _key(following.cluster), revision=following.revision, document=following.as_json()
    )
    try:
        item.save(unchanged)
    except PutError as error:
        if not is_condition_failure(error):
            raise
        # It may be this write, whose first reply was lost.
        found = get(following.cluster)
        return found if found and found.revision == following.revision else None
    return following


def is_scrub(item: JobItem) -> bool:
    """Whether an item of the table is a scrub's, and no operator's job."""
    return item.job.startswith(_PREFIX)


def _key(cluster: str) -> str:
    return f"{_PREFIX}{cluster}"
