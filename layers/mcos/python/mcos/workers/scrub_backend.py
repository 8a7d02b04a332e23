"""scrub_backend: compare this cluster's backend with the catalog, for up to a minute at a time.

Only the cluster itself can: no other has its backend's credentials. A lease ensures that one
function does at a time.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from mcos import clock
from mcos.catalog import scrubs
from mcos.catalog.registry import all_clusters, current_registry
from mcos.journal.tidy import tidy
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.scrub import Leg, Scrub, done, new_run, stopped
from mcos.replicas.backend import is_known, mark, own_backend
from mcos.scrub.census import count_uploads, end_census, is_census_due
from mcos.scrub.copies import compare_copies
from mcos.scrub.guards import MARKER_GONE, why_held
from mcos.scrub.leftovers import compare_parts, compare_staging
from mcos.scrub.records import compare_deleted, compare_records
from mcos.scrub.signals import Waits, Wrong
from mcos.settings import scrub_settings, settings
from mcos.storage import StorageError

_log = logging.getLogger(__name__)

_LONGEST_PAGE_SECONDS = 25


class _Changed(Exception):
    """An operator, or another function, has changed the run."""


class _Kept:
    """A run as it was written down last."""

    def __init__(self, run: Scrub) -> None:
        self.run = run

    def save(self, following: Scrub) -> Scrub:
        """Write the run down.

        Raises
        ------
        _Changed
        """
        written = scrubs.replace_if_unchanged(self.run, following)
        if written is None:
            raise _Changed
        self.run = written
        return written


def scrub_backend(*, seconds: float) -> Scrub | None:
    """Take this cluster's scrub on; begin the next run if it is due.

    Parameters
    ----------
    seconds
        Time after which no further page is begun.

    Returns
    -------
    The run as it is now; None if the cluster has none.
    """
    own = all_clusters().get(settings().cluster)
    if own is None or own.state is ClusterState.LOST:
        return None
    run = _begun(own.name)
    if run is None or not run.is_running or (run.leased_until or "") > clock.now():
        return run
    kept, until = _Kept(run), clock.elapsed() + seconds
    try:
        kept.save(replace(run, leased_until=clock.later(seconds + _LONGEST_PAGE_SECONDS)))
        while clock.elapsed() < until:
            run = kept.save(_stepped(kept, own, until))
            if not run.is_running or run.waits is not None:
                break
        return kept.save(replace(run, leased_until=None))
    except _Changed:
        return scrubs.get(own.name)


def _begun(cluster: str) -> Scrub | None:
    """Return the cluster's run, after the next one has begun if it is due."""
    given, before = scrub_settings(), scrubs.get(cluster)
    last = clock.later(-timedelta(days=given.every_days).total_seconds())
    if before is not None and is_census_due(before):
        before = scrubs.replace_if_unchanged(before, end_census(before)) or scrubs.get(cluster)
    if before is not None and not before.is_due(last):
        return before
    run = new_run(
        clock.new_id(),
        before,
        cluster=cluster,
        rate=given.rate,
        slots=given.slots,
        at=clock.now(),
    )
    return scrubs.replace_if_unchanged(before, run)


def _stepped(kept: _Kept, own: Cluster, until: float) -> Scrub:
    """Return the run after its next page; or as it is, with the reason why it waits or stops."""
    try:
        _check(kept.run, own)
        following = _page(kept, until)
    except Waits as reason:
        return replace(kept.run, waits=str(reason))
    except StorageError as error:
        return replace(kept.run, waits=f"the backend does not answer: {type(error).__name__}")
    except Wrong as reason:
        _log.error("the scrub was stopped: %s", reason)
        return stopped(kept.run, str(reason), at=clock.now())
    following = replace(following, waits=None)
    if following.cursor is not None:
        return following
    later = following.next_leg
    return replace(following, leg=later) if later else done(following, at=clock.now())


def _page(kept: _Kept, until: float) -> Scrub:
    began = datetime.fromisoformat(kept.run.created_at)
    grace_before = began - timedelta(days=scrub_settings().grace_days)
    match kept.run.leg:
        case Leg.RECORDS:
            return compare_records(kept.run, until=until, grace_before=grace_before)
        case Leg.DELETED:
            return compare_deleted(kept.run, grace_before=grace_before)
        case Leg.UPLOADS:
            return count_uploads(kept.run)
        case Leg.COPIES:
            return compare_copies(kept.run, save=kept.save, grace_before=grace_before)
        case Leg.PARTS:
            return compare_parts(kept.run, save=kept.save, grace_before=grace_before)
        case Leg.STAGING:
            return compare_staging(kept.run, save=kept.save, grace_before=grace_before)
        case Leg.JOURNAL:
            return _tidied(kept.run)
    raise Waits("a newer release has begun it")


def _tidied(run: Scrub) -> Scrub:
    if why_held() is None:
        tidied = tidy(own_backend(), current_registry().deployment)
        if tidied.problem:
            _log.error("the newest snapshot is not whole, so all others stay: %s", tidied.problem)
    return replace(run, cursor=None)


def _check(run: Scrub, own: Cluster) -> None:
    """Check what must hold before a page is looked at.

    Raises
    ------
    Waits, Wrong, StorageError
    """
    if run.leg is Leg.RECORDS and run.cursor is None and not is_known():
        if not run.mass_repair:
            raise Wrong(MARKER_GONE)
        mark(own_backend())
    if not own.is_up:
        raise Waits("the cluster is DOWN")
