"""Starting a job, so that there is one of its sort at a time."""

from collections.abc import Mapping
from typing import Any

from pynamodb.exceptions import TransactWriteError

from mcos.catalog import jobs, registry
from mcos.catalog.tables import JobItem, RegistryItem
from mcos.catalog.transactions import lost_race, transaction
from mcos.model.jobs import Job


def start(
    job: Job, kind: str, name: str, document: Mapping[str, Any], *, before: Mapping[str, Any] | None
) -> bool:
    """Write a new job, and the fact of the registry that speaks of it, both or none.

    Parameters
    ----------
    kind, name, document
        The fact; ``mcos.catalog.registry``.
    before
        What it was when it was read; None: it was not there.

    Returns
    -------
    False, with nothing changed, if the fact is another one now.
    """
    try:
        with transaction() as both:
            both.save(RegistryItem(kind, name, document=dict(document)), registry.unchanged(before))
            both.save(jobs.item_of(job), JobItem.job.does_not_exist())
    except TransactWriteError as error:
        if lost_race(error):
            return False
        raise
    registry.forget()
    return True
