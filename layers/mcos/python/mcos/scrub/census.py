"""What accounts use, counted anew by a scrub, which reads every record anyway.

Usage is counted from streams (``mcos.workers.count_usage``), which may tell of a change twice, and
have not told of what was there before them. A scrub counts what it reads: objects, deleted
versions, uploads. Changes go on meanwhile, so what it has read is only known to be right to within
what has changed since it began: ``Usage.put_right``. An account that did not change is right
afterwards; one that did is no further off than by its changes of that time. All streams must have
told of these, so it waits for a while after it has read all.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mcos import clock, limits
from mcos.catalog import uploads, usage
from mcos.model.deleted import Deleted
from mcos.model.objects import ObjectRecord
from mcos.model.quotas import NOTHING, Amount, amount_of_deleted, amount_of_record, amount_of_upload
from mcos.model.scrub import Leg, Scrub
from mcos.scrub.looking import page_size

_log = logging.getLogger(__name__)


def begin_census(run: Scrub) -> Scrub:
    """Begin to count, before the first record is read; a run of an older release never began."""
    if run.leg is not Leg.RECORDS or run.cursor is not None:
        return run
    usage.begin_seeing(run.id)
    return replace(run, pages=max(run.pages, 1))


def count_records(run: Scrub, records: Iterable[ObjectRecord]) -> Scrub:
    """Count a page of objects."""
    return _count(run, ((one.account, amount_of_record(one)) for one in records))


def count_deleted(run: Scrub, page: Iterable[Deleted]) -> Scrub:
    """Count a page of deleted versions."""
    return _count(run, ((one.key.account, amount_of_deleted(one)) for one in page))


def count_uploads(run: Scrub) -> Scrub:
    """Count a page of uploads, the last of what is counted."""
    page = uploads.scan(run.cursor, limit=page_size(run.rate))
    run = _count(run, ((one.account, amount_of_upload(one)) for one in page.uploads))
    all_is_read = run.pages and page.cursor is None
    return replace(run, cursor=page.cursor, read_at=clock.now() if all_is_read else None)


def _count(run: Scrub, amounts: Iterable[tuple[str, Amount]]) -> Scrub:
    if not run.pages:
        return run
    sums: dict[str, Amount] = {}
    for account, amount in amounts:
        if amount != NOTHING:
            sums[account] = sums.get(account, NOTHING).plus(amount)
    usage.see(run.id, run.pages, sums)
    return replace(run, pages=run.pages + 1)


def is_census_due(run: Scrub) -> bool:
    """Whether a run has counted, and all streams have told of what has changed meanwhile."""
    if run.read_at is None:
        return False
    age = clock.moment() - datetime.fromisoformat(run.read_at)
    return age.total_seconds() > limits.SETTLED_SECONDS


def end_census(run: Scrub) -> Scrub:
    """Put right what accounts use."""
    for account, amount in usage.end_seeing(run.id).items():
        _log.info(
            "the usage of an account was wrong", extra={"account": account, **amount._asdict()}
        )
    return replace(run, read_at=None)
