"""The moves that a job makes for an object, as pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.jobs import Job, JobKind
from mcos.model.objects import ObjectRecord, Version
from mcos.placement import resolver
from mcos.placement.seating import policy_of


@dataclass(frozen=True)
class Move:
    """A move of a replica from one cluster to another; ``target`` None: the replica is surplus."""

    source: str
    target: str | None


def wanted_moves(job: Job, record: ObjectRecord, registry: Registry) -> list[Move] | None:
    """Return the moves that bring an object to where a job wants it.

    Returns
    -------
    The moves, of which one is made at a time; empty if the job must wait for the object; None if
    the object is already as the job wants it.

    Raises
    ------
    NotEnoughClusters
        A replica must move and no cluster can take it.
    """
    if job.kind is JobKind.DRAIN:
        if job.cluster is None or not _is_on(record, job.cluster):
            return None
        return _moves_off(record, job.cluster, registry)
    version = record.current
    if version is None:
        return None
    if not version.is_settled:
        return []
    return _moves_home(record, version, registry)


def _is_on(record: ObjectRecord, cluster: str) -> bool:
    versions = (record.current, record.previous, *record.pending)
    holds = any(version is not None and cluster in version.replicas for version in versions)
    return holds or any(removal.cluster == cluster for removal in record.removals)


def _moves_off(record: ObjectRecord, cluster: str, registry: Registry) -> list[Move]:
    version = record.current
    if version is None or cluster not in version.replicas:
        return []  # the version is pending, or its copy to be removed: wait until that has changed
    if any(replica.leaving for replica in version.replicas.values()):
        return []
    kept = [name for name in version.replicas if name != cluster]
    chosen = resolver.complete(
        registry.clusters.values(),
        policy_of(version, registry.policies),
        record.key,
        kept=kept,
        avoided=[cluster],
    )
    return [Move(cluster, target.name) for target in chosen] or [Move(cluster, None)]


def _moves_home(record: ObjectRecord, version: Version, registry: Registry) -> list[Move] | None:
    """Return moves to the resolver's placement, which ignores outages: they must move nothing."""
    pairs = resolver.moves(
        list(_as_if_up(registry.clusters.values())),
        policy_of(version, registry.policies),
        record.key,
        held=tuple(version.replicas),
    )
    if not pairs:
        return None
    down = {one.name for one in registry.clusters.values() if one.state is ClusterState.DOWN}
    return [Move(source, target) for source, target in pairs if target not in down]


def _as_if_up(clusters: Iterable[Cluster]) -> Iterable[Cluster]:
    for cluster in clusters:
        is_down = cluster.state is ClusterState.DOWN
        yield replace(cluster, operator_state=ClusterState.ACTIVE) if is_down else cluster
