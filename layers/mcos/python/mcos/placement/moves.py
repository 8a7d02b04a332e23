"""What a job wants of an object, as pure functions: which replicas are to move, and where to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.jobs import Job, JobKind
from mcos.model.objects import ObjectRecord, Version
from mcos.placement import resolver
from mcos.placement.seating import policy_of


@dataclass(frozen=True)
class Move:
    """A replica on its way: off one cluster, to another or (one too many) to none."""

    source: str
    target: str | None


def wanted_moves(job: Job, record: ObjectRecord, registry: Registry) -> list[Move] | None:
    """The moves that bring an object to where a job wants it.

    Returns
    -------
    Moves, of which one is made at a time; none of them while the object has to be waited for;
    None if it is as the job wants it.

    Raises
    ------
    NotEnoughClusters
        A replica has to go and there is no cluster for it.
    """
    if job.kind is JobKind.DRAIN:
        if job.cluster is None or not _is_on(record, job.cluster):
            return None
        return _moves_off(record, job.cluster, registry)
    version = record.current
    if version is None:
        return None
    if not version.settled:
        return []
    return _moves_home(record, version, registry)


def _is_on(record: ObjectRecord, cluster: str) -> bool:
    versions = (record.current, *record.pending, *record.obsolete)
    return any(version is not None and cluster in version.replicas for version in versions)


def _moves_off(record: ObjectRecord, cluster: str, registry: Registry) -> list[Move]:
    version = record.current
    if version is None or cluster not in version.replicas:
        return []  # a version that is pending or obsolete; it will be promoted, or go
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
    """Towards what the resolver says, as if nothing were DOWN: an outage moves nothing."""
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
