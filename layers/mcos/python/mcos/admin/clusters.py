"""Clusters: list, link, override, drain, declare lost, unlink."""

from collections.abc import Mapping
from typing import Any

from mcos import clock, limits
from mcos.admin.checks import check_cluster, check_own_labels, check_rate, check_weight
from mcos.admin.jobs import run_soon, running_job, stop_job
from mcos.catalog import jobs, objects, registry, uploads
from mcos.catalog.registry import CLUSTER, OPERATOR, UNLINKED, current_registry
from mcos.errors import ClusterInUse, ClusterNotFound, Conflict, JobNotFound, PolicyUnmet
from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.jobs import Job, JobKind, JobState, new_job
from mcos.model.names import check_cluster_name
from mcos.placement.seating import unmet

_TRIES = 12
_ACCEPTED = 1000  # most objects that are looked at for content at a cluster
_AHEAD = 86400  # a sweeper's pauses are shorter
_LEAVING = (ClusterState.DRAINING, ClusterState.LOST)
_ROW = (
    "entry_point",
    "backend",
    "provider",
    "location",
    "labels",
    "weight",
    "put_replica",
    "put_parts",
    "get_replica",
    "repair_queue_url",
    "staging_bucket",
)


def list_clusters() -> list[Cluster]:
    """Return every linked cluster as it is now, ordered by name."""
    clusters = current_registry(fresh=True).clusters
    return [clusters[name] for name in sorted(clusters)]


def link_cluster(cluster: Cluster) -> tuple[Cluster, bool]:
    """Write or replace a cluster's row; an operator's override and the health stay.

    Returns
    -------
    The cluster as it is now, and whether this call linked it.

    Raises
    ------
    InvalidName, InvalidBody
    """
    check_cluster_name(cluster.name)
    check_cluster(cluster)
    found = current_registry(fresh=True)
    if cluster.name in found.unlinking:
        registry.finish_unlinking(cluster.name)
    before = found.clusters.get(cluster.name)
    row = {field: getattr(cluster, field) for field in _ROW}
    if linked_at := before.linked_at if before else clock.now():
        row["linked_at"] = linked_at
    registry.write(CLUSTER, cluster.name, {**(before.unknown if before else {}), **row})
    if cluster.name in found.unlinked:
        registry.remove(UNLINKED, cluster.name)
    return _linked(cluster.name)[0], before is None


def change_cluster(name: str, changes: Mapping[str, Any]) -> Cluster:
    """Override fields of a cluster's row and the state of its health check.

    If the cluster does not stay DRAINING, its drain is stopped.

    Parameters
    ----------
    changes
        Any of ``state`` (a ``ClusterState``), ``weight``, ``labels`` and ``removals_held``; None
        removes the override.

    Raises
    ------
    ClusterNotFound, InvalidBody, Conflict
    """
    if changes.get("weight") is not None:
        check_weight(changes["weight"])
    if changes.get("labels") is not None:
        check_own_labels(changes["labels"])
    _linked(name)
    for _ in range(_TRIES):
        before = _override(name)
        override = _changed(before or {}, changes)
        drain = running_job(before)
        if drain is not None and "job" not in override:
            stop_job(drain.id)
        if _is_lost(before) and not _is_lost(override):
            registry.note_missed(name)  # a cluster that is LOST gets nothing of the journal
        if override == (before or {}) or registry.replace(
            OPERATOR, name, override or None, before=before
        ):
            return _linked(name)[0]
    raise Conflict("Other calls changed the cluster at the same time; try again.")


def drain_cluster(name: str, *, rate: float) -> Job:
    """Start moving all replicas off a cluster, which takes no new ones from now on.

    Returns
    -------
    The job; if a drain is already running, that one.

    Raises
    ------
    ClusterNotFound, InvalidBody, Conflict
    PolicyUnmet
        Without the cluster, a storage policy could not be met.
    """
    check_rate(rate)
    _, linked = _linked(name)
    for _ in range(_TRIES):
        before = _override(name)
        running = running_job(before)
        if running is not None and running.kind is JobKind.DRAIN:
            return running
        if before is not None and before.get("state") == ClusterState.LOST:
            raise Conflict(f"Cluster {name!r} was declared lost.")
        _check_policies_without(name, linked)
        job = new_job(clock.new_id(), JobKind.DRAIN, cluster=name, rate=rate, at=clock.now())
        # The override names its drain: ``unlink_cluster`` trusts no other one.
        override = {**(before or {}), "state": ClusterState.DRAINING.value, "job": job.id}
        if started := jobs.start(job, override, before=before):
            run_soon()
            return started
    raise Conflict("Other calls changed the cluster at the same time; try again.")


def lose_cluster(name: str, *, rate: float) -> Job:
    """Declare that a cluster never comes back, and have its replicas written on others.

    Nothing is read from it or sent to it from now on, so nothing need be left of it. A drain of the
    cluster is stopped.

    Returns
    -------
    The job; if the cluster was declared lost before and its job is running, that one.

    Raises
    ------
    ClusterNotFound, InvalidBody, Conflict
    """
    check_rate(rate)
    _linked(name)
    for _ in range(_TRIES):
        before = _override(name)
        running = running_job(before)
        if running is not None:
            if running.kind is JobKind.LOSE:
                return running
            stop_job(running.id)
        job = new_job(clock.new_id(), JobKind.LOSE, cluster=name, rate=rate, at=clock.now())
        override = {**(before or {}), "state": ClusterState.LOST.value, "job": job.id}
        if started := jobs.start(job, override, before=before):
            run_soon()
            return started
    raise Conflict("Other calls changed the cluster at the same time; try again.")


def unlink_cluster(name: str) -> None:
    """Unlink a cluster that was drained, or replaced once it was lost, and has stayed so since.

    Raises
    ------
    ClusterNotFound
    ClusterInUse
        It may hold replicas, or content that is not stored elsewhere yet.
    """
    _linked(name)
    override = _override(name) or {}
    try:
        if override.get("state") not in _LEAVING or "job" not in override:
            raise JobNotFound
        job = jobs.get(override["job"])
    except JobNotFound:
        raise ClusterInUse(f"Cluster {name!r} must be drained first.") from None
    state = job.state
    if state is not JobState.DONE:
        raise ClusterInUse(f"The {job.kind} job of cluster {name!r} must be DONE; it is {state}.")
    if job.kind is JobKind.DRAIN and _is_content_staged(name):
        raise ClusterInUse(
            f"Content at cluster {name!r} is not stored elsewhere yet, or uploads to it are open. "
            f"They end after {limits.UPLOAD_SECONDS // 86400} days at most."
        )
    if not registry.unlink(name, override=override):
        raise ClusterInUse(f"Another operator changed cluster {name!r} at the same time.")


def _is_content_staged(name: str) -> bool:
    """Whether what the cluster has accepted since its drain ended is, or will be, only there."""
    accepted = (name, objects.looked_at_by(name))
    for partition in accepted:
        for key in objects.find_unsettled(partition, before=clock.later(_AHEAD), limit=_ACCEPTED):
            record = objects.get(key)
            for one in record.versions if record else ():
                if one.staged is not None and one.staged.cluster == name and not one.is_readable:
                    return True
    return uploads.are_unfinished(name)


def _linked(name: str) -> tuple[Cluster, Registry]:
    """Return a cluster and the registry as they are now."""
    found = current_registry(fresh=True)
    cluster = found.clusters.get(name)
    if cluster is None:
        raise ClusterNotFound(f"There is no cluster {name!r}.")
    return cluster, found


def _override(name: str) -> dict[str, Any] | None:
    """Return the operator's override of a cluster, None if there is none: one network call.

    Raises
    ------
    ClusterNotFound
        It is being unlinked.
    """
    found = registry.read(OPERATOR, name)
    if found is not None and registry.is_unlinked(found):
        raise ClusterNotFound(f"There is no cluster {name!r}.")
    return found


def _changed(override: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    following = {**override, **changes}
    following = {field: value for field, value in following.items() if value is not None}
    if "state" in changes and (
        following.get("state") != ClusterState.DRAINING
        or override.get("state") == ClusterState.LOST
    ):
        # The cluster may get replicas again, so an earlier drain no longer proves that it is empty.
        following.pop("job", None)
    return following


def _is_lost(override: Mapping[str, Any] | None) -> bool:
    return override is not None and override.get("state") == ClusterState.LOST


def _check_policies_without(name: str, linked: Registry) -> None:
    others = [cluster for cluster in linked.clusters.values() if cluster.name != name]
    for policy_name in sorted(linked.policies):
        if reason := unmet(linked.policies[policy_name], others):
            raise PolicyUnmet(f"Without cluster {name!r}: {reason}")
