"""Scrubs: start, watch, stop. The cluster's own function works on its scrub, within a minute."""

from dataclasses import replace

from mcos import clock
from mcos.admin.checks import check_rate
from mcos.catalog import scrubs
from mcos.catalog.registry import current_registry
from mcos.errors import ClusterNotFound, Conflict, JobNotFound
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.scrub import Scrub, new_run, stopped
from mcos.replicas import repair_queue
from mcos.settings import scrub_settings

_TRIES = 12


def get_scrub(cluster: str) -> tuple[Scrub, int]:
    """Return the last run of a cluster's scrub.

    Returns
    -------
    The run, and about how many messages wait in the cluster's repair queue.

    Raises
    ------
    ClusterNotFound, Conflict, JobNotFound, BotoCoreError, ClientError
    """
    linked = _linked(cluster)
    return _last_run(cluster), repair_queue.waiting(linked.repair_queue_url)


def start_scrub(
    cluster: str,
    *,
    rate: float | None = None,
    full: bool = False,
    mass_repair: bool = False,
    renew: bool = False,
) -> Scrub:
    """Start a run of a cluster's scrub.

    A run that has been started by itself, or with less, goes on with what is wanted more.

    Parameters
    ----------
    rate
        Copies that it looks at per second, at most; None: as the deployment says.
    full
        Whether every copy is read in full, and not only those whose turn it is.
    mass_repair
        Whether whatever is missing is written anew, however much it is, and the marker too.
    renew
        Whether copies without an identity are written anew.

    Raises
    ------
    ClusterNotFound, InvalidBody, Conflict
    """
    if rate is not None:
        check_rate(rate)
    _linked(cluster)
    given = scrub_settings()
    wanted = {"full": full, "mass_repair": mass_repair, "renew": renew}
    more = {name: True for name, is_wanted in wanted.items() if is_wanted}
    for _ in range(_TRIES):
        before = scrubs.get(cluster)
        if before is not None and before.is_running and not more:
            return before
        # What a running one has passed was looked at without what is wanted now.
        run = new_run(
            clock.new_id(),
            before,
            cluster=cluster,
            rate=rate or given.rate,
            slots=given.slots,
            at=clock.now(),
            **wanted,
        )
        if written := scrubs.replace_if_unchanged(before, run):
            return written
    raise Conflict("Other calls changed the scrub at the same time; try again.")


def stop_scrub(cluster: str) -> Scrub:
    """Stop the run of a cluster's scrub; one that is over does not change.

    Raises
    ------
    ClusterNotFound, JobNotFound, Conflict
    """
    _linked(cluster)
    for _ in range(_TRIES):
        before = _last_run(cluster)
        if not before.is_running:
            return before
        following = replace(stopped(before, None, at=clock.now()), leased_until=None)
        if written := scrubs.replace_if_unchanged(before, following):
            return written
    raise Conflict("Other calls changed the scrub at the same time; try again.")


def _last_run(cluster: str) -> Scrub:
    run = scrubs.get(cluster)
    if run is None:
        raise JobNotFound(f"Cluster {cluster!r} has not begun to scrub its backend.")
    return run


def _linked(name: str) -> Cluster:
    cluster = current_registry(fresh=True).clusters.get(name)
    if cluster is None:
        raise ClusterNotFound(f"There is no cluster {name!r}.")
    if cluster.state is ClusterState.LOST:
        raise Conflict(f"Cluster {name!r} was declared lost.")
    return cluster
