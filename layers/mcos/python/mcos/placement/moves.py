"""The moves that a job makes for an object, as pure functions.

A cluster is gone for an object if it was declared LOST, or is not linked any more: ``written_off``
says what then becomes of the object, ``wanted_moves`` where its missing replica is to be written.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcos.errors import NotEnoughClusters
from mcos.model import lifecycle
from mcos.model.clusters import Cluster, ClusterState, Registry
from mcos.model.jobs import Job, JobKind
from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Replica, Version
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
    if job.kind in (JobKind.DRAIN, JobKind.LOSE):
        if job.cluster is None or not _is_on(record, job.cluster):
            return None
        return _moves_off(record, job.cluster, registry)
    version = record.current
    if version is None:
        return None
    gone = gone_clusters(record, registry)
    for name in gone:
        if moves := _moves_off(record, name, registry):
            return moves
    if gone or not version.is_settled:
        return []
    return _moves_home(record, version, registry)


def gone_clusters(record: ObjectRecord, registry: Registry) -> tuple[str, ...]:
    """Return the clusters that an object's versions name, and that are gone.

    Parameters
    ----------
    registry
        It must have been read after the record, or a cluster that was just linked seems unknown.
    """
    named = {name for one in record.versions for name in one.replicas}
    named |= {one.staged.cluster for one in record.versions if one.staged and not one.is_readable}
    named |= {name for one in record.versions if one.stand_in for name in one.stand_in.stored}
    known = registry.clusters
    return tuple(
        name
        for name in sorted(named)
        if name not in known or known[name].state is ClusterState.LOST
    )


def written_off(
    record: ObjectRecord, cluster: str, registry: Registry, *, incarnation: str
) -> ObjectRecord:
    """Return a record without what a cluster that is gone had.

    Its replica of the current version is missing. Pending versions get another target for theirs;
    a version whose only content it had is given up. The same record if there was nothing.

    Parameters
    ----------
    incarnation
        Of the copies that other targets get.

    Raises
    ------
    NotEnoughClusters
        A pending version needs another target, and no cluster can take it.
    """
    record = lifecycle.write_off(record, cluster)
    versions = [one for one in (record.current, *record.pending) if one is not None]
    for version in versions:
        if not version.stored and not _has_content_elsewhere(record, version, cluster, registry):
            reason = f"Cluster {cluster!r}, which alone had its content, was lost."
            record = abandoned(record, version, registry, reason=reason, incarnation=incarnation)
        elif cluster in version.replicas and version in record.pending:
            chosen = _instead_of(cluster, record, version, registry, down_too=True)
            added = {one.name: Replica(one.backend, incarnation) for one in chosen}
            following = lifecycle.exchange(
                record, version.id, stored={}, failed=[cluster], added=added
            )
            record = following or record
    return record


def abandoned(
    record: ObjectRecord, version: Version, registry: Registry, *, reason: str, incarnation: str
) -> ObjectRecord:
    """Return a record whose version is given up, and its caller was answered.

    The version before it, if readers see that again, gets what it has given up meanwhile to a
    cluster that was drained or lost: its policy wants it now.

    Parameters
    ----------
    reason
        See ``lifecycle.abandon``.
    incarnation
        Of the copies that are to be written.

    Raises
    ------
    NotEnoughClusters
        No cluster can take one.
    """
    before = record.previous
    record = lifecycle.abandon(record, version.id, reason=reason, forget=False)[0] or record
    if before is None or record.current != before:
        return record
    chosen = resolver.complete(
        registry.clusters.values(),
        policy_of(before, registry.policies),
        record.key,
        kept=list(before.replicas),
        down_too=True,
    )
    added = {one.name: Replica(one.backend, incarnation) for one in chosen}
    return lifecycle.add(record, added)


def taken_in(record: ObjectRecord, registry: Registry, *, incarnation: str) -> ObjectRecord:
    """Return a record whose current version was taken back, as the clusters are now.

    What gone clusters had of it is written off, and one replica begins to move off a cluster that
    is gone or takes none: the job that sees to those may be over.

    Parameters
    ----------
    incarnation
        Of the copy that is to be written instead.
    """
    for name in gone_clusters(record, registry):
        record = written_off(record, name, registry, incarnation=incarnation)
    for name in record.current.replicas if record.current else ():
        cluster = registry.clusters.get(name)
        if cluster is not None and cluster.state not in (ClusterState.DRAINING, ClusterState.LOST):
            continue
        try:
            wanted = _moves_off(record, name, registry)
        except NotEnoughClusters:
            continue
        for move in wanted:
            record = _moving(record, move, registry, incarnation)
    return record


def _moving(record: ObjectRecord, move: Move, registry: Registry, incarnation: str) -> ObjectRecord:
    version = record.current
    if version is None or move.target is None:
        return record
    replica = Replica(registry.clusters[move.target].backend, incarnation)
    target = lifecycle.NewReplica(move.target, replica)
    moving = lifecycle.move(record, version.id, source=move.source, target=target) or record
    return replace(moving, state=State.UPDATING)


def _has_content_elsewhere(
    record: ObjectRecord, version: Version, cluster: str, registry: Registry
) -> bool:
    """Whether others than a cluster have the content of a version of which nothing is stored."""
    if any(one.replaces and name != cluster for name, one in version.replicas.items()):
        return True  # a copy was found damaged, perhaps wrongly
    if version.stand_in is not None:
        others = [registry.clusters.get(one) for one in version.stand_in.stored if one != cluster]
        return any(one is not None and one.state is not ClusterState.LOST for one in others)
    if version.staged is None:
        return version in record.pending  # the call that brought it has it
    return version.staged.cluster != cluster


def _is_on(record: ObjectRecord, cluster: str) -> bool:
    """Whether a cluster has a replica of the object, or content that is still to be replicated."""
    return (
        any(cluster in version.replicas for version in record.versions)
        or any(removal.cluster == cluster for removal in record.removals)
        or any(cluster in one.version.replicas for one in record.kept)
        or any(staged.cluster == cluster for staged in record.unstagings)
        or any(
            version.staged is not None and version.staged.cluster == cluster
            for version in record.versions
            if not version.is_complete
        )
    )


def _moves_off(record: ObjectRecord, cluster: str, registry: Registry) -> list[Move]:
    version = record.current
    if version is None or cluster not in version.replicas:
        return []  # the version is pending, or its copy to be removed: wait until that has changed
    leaving = [name for name, one in version.replicas.items() if one.leaving]
    if cluster in leaving or (leaving and cluster in version.stored):
        return []  # wait for that move, which ends once no replica is missing
    chosen = _instead_of(cluster, record, version, registry)
    return [Move(cluster, target.name) for target in chosen] or [Move(cluster, None)]


def _instead_of(
    cluster: str,
    record: ObjectRecord,
    version: Version,
    registry: Registry,
    *,
    down_too: bool = False,
) -> tuple[Cluster, ...]:
    """Return the clusters that complete a version's placement without one of its clusters.

    Raises
    ------
    NotEnoughClusters
    """
    leaving = [name for name, one in version.replicas.items() if one.leaving]
    return resolver.complete(
        registry.clusters.values(),
        policy_of(version, registry.policies),
        record.key,
        kept=[name for name in version.replicas if name not in (cluster, *leaving)],
        avoided=[cluster, *leaving],
        down_too=down_too,
    )


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
