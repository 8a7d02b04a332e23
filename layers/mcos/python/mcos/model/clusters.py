"""Clusters and storage policies, as the cluster registry holds them.

``mcos.catalog.registry`` reads and writes them; ``mcos.placement.resolver`` places replicas by
them. ``unknown`` has the fields of a newer release: see ``mcos.model.documents``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zlib import crc32

from mcos import limits


class ClusterState(StrEnum):
    """How a cluster is used.

    ACTIVE: for reads and new replicas. DRAINING: for reads alone. DOWN: not for writes, and for
    reads only when no other cluster answers. LOST: an operator has declared that it never comes
    back; it is neither read nor written, and nothing is owed to it.
    """

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    DOWN = "DOWN"
    LOST = "LOST"


@dataclass(frozen=True)
class Health:
    """Health of a cluster's backend; see ``mcos.workers.check_health``.

    Attributes
    ----------
    healthy
        The verdict of the health check. A cluster that was never checked counts as healthy.
    streak
        How many probes in a row contradict the verdict.
    checked_at
        Time of the last probe, RFC 3339; None before the first.
    read_ms
        Smoothed time to read a probe, in milliseconds; None before the first success.
    reason
        Why the last probe failed; None if it succeeded.
    marked
        Whether the backend has a marker, by which it is known again.
    removals_held
        Why nothing may be removed from the backend now; None: it may.
    down_since
        When the verdict became that it is down, RFC 3339; None: it is healthy.
    returned_at
        When it was last found healthy after it was away for longer than ``limits.AWAY_SECONDS``, or
        without the last snapshot of the catalog: it needs a new one.
    journal_at
        When the newest segment of the journal on its backend was written; None: there is none.
    generation, compared_at
        The catalog's generation that was compared with the backend's last, and when.
    refusals, warnings, examined_at
        What its settings and rights have against the backend, and when they were looked at. With
        refusals it is not healthy: no replica is placed there.
    """

    healthy: bool = True
    streak: int = 0
    checked_at: str | None = None
    read_ms: float | None = None
    reason: str | None = None
    marked: bool = False
    removals_held: str | None = None
    down_since: str | None = None
    returned_at: str | None = None
    journal_at: str | None = None
    generation: int = 0
    compared_at: str | None = None
    refusals: Sequence[str] = ()
    warnings: Sequence[str] = ()
    examined_at: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """A linked cluster: how to reach it, and how to place replicas on it.

    Attributes
    ----------
    backend
        Kind of its backend, one of ``mcos.storage.BACKEND_KINDS``.
    weight
        Share of the replicas, relative to the other clusters; at 0 it gets none.
    put_replica, put_parts, get_replica
        ARNs of its functions.
    region, account_id
        Where its functions, queues and staging bucket are; None if that is not known.
    linked_at
        When it was linked, RFC 3339; None if that is not known.
    operator_state
        State set by an operator, which overrides the health check; None if none is set.
    removals_held
        Whether an operator holds all removals of copies from its backend.
    """

    name: str
    entry_point: str
    backend: str
    provider: str
    location: str
    labels: Mapping[str, str]
    weight: float
    put_replica: str
    put_parts: str
    get_replica: str
    repair_queue_url: str
    staging_bucket: str
    region: str | None = None
    account_id: str | None = None
    linked_at: str | None = None
    operator_state: ClusterState | None = None
    removals_held: bool = False
    health: Health = field(default_factory=Health)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> ClusterState:
        """The state set by an operator, else that of the health check."""
        if self.operator_state is not None:
            return self.operator_state
        return ClusterState.ACTIVE if self.health.healthy else ClusterState.DOWN

    def silent_seconds(self, moment: datetime) -> float:
        """Return for how long no health check was heard of at a moment; 0 if none was due yet."""
        heard = self.health.checked_at or self.linked_at
        return (moment - datetime.fromisoformat(heard)).total_seconds() if heard else 0.0

    @property
    def is_up(self) -> bool:
        """Whether it can be asked to write or to remove a replica."""
        return self.state not in (ClusterState.DOWN, ClusterState.LOST)

    @property
    def all_labels(self) -> dict[str, str]:
        """Labels that storage policies select by: the configured ones and the built-in ones."""
        return {
            **self.labels,
            "cluster": self.name,
            "backend": self.backend,
            "provider": self.provider,
            "location": self.location,
        }

    def has(self, labels: Mapping[str, str]) -> bool:
        """Whether the cluster has all of these labels."""
        own = self.all_labels
        return all(own.get(label) == value for label, value in labels.items())


def seen_at(moment: datetime, clusters: Mapping[str, Cluster]) -> dict[str, Cluster]:
    """Return clusters as they count at a moment: one without a recent health check is ill.

    One that was just linked counts as healthy until its first check is overdue. If no cluster was
    checked recently, that says more of the checks than of the clusters, and their last ones count.
    """
    late = {
        name
        for name, cluster in clusters.items()
        if cluster.silent_seconds(moment) > limits.HEALTH_AGE_SECONDS
    }
    if len(late) == len(clusters):
        return dict(clusters)
    return {name: _silent(one) if name in late else one for name, one in clusters.items()}


def _silent(cluster: Cluster) -> Cluster:
    last = cluster.health.checked_at
    reason = f"No health check since {last}." if last else "It was never checked."
    return replace(cluster, health=replace(cluster.health, healthy=False, reason=reason))


@dataclass(frozen=True)
class PolicyPart:
    """Some of a policy's replicas, and which clusters may hold them.

    Attributes
    ----------
    replicas
        Number of replicas.
    must
        Labels that a cluster needs to hold one of them.
    should
        Labels by which clusters are preferred, after different providers.
    """

    replicas: int
    must: Mapping[str, str] = field(default_factory=dict)
    should: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoragePolicy:
    """A named rule for placement.

    Attributes
    ----------
    parts
        For instance one replica on fast clusters and two on cheap ones.
    readable
        Number of stored replicas from which on readers do without staging.
    """

    name: str
    parts: tuple[PolicyPart, ...]
    readable: int
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def replicas(self) -> int:
        """Number of replicas of a version."""
        return sum(part.replicas for part in self.parts)


DEFAULT_POLICY = StoragePolicy("default", (PolicyPart(replicas=3),), readable=2)
"""Three replicas anywhere; once two are stored, readers do without staging."""


@dataclass(frozen=True)
class Deployment:
    """What tells a catalog from every other one, and from an older state of itself.

    Attributes
    ----------
    id
        ULID, made with the catalog: replicas and the journal carry it. Empty: it has none yet.
    generation
        Raised every few minutes, and by whoever imports a catalog. Every backend knows the
        highest that it has seen: a catalog with a lower one has been set back, and nothing may be
        removed by what it says.
    raised_at
        RFC 3339.
    """

    id: str = ""
    generation: int = 0
    raised_at: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """The cluster registry as it was read at one time.

    Attributes
    ----------
    clusters, policies
        By name; the policies always include the default one.
    revoked
        For each account whose tokens were revoked, the moment (RFC 3339): tokens issued before
        it are void.
    ended_sessions
        For each account that has ended sessions within the life of a token, their ids.
    unlinking
        Names of clusters whose items are still to be removed.
    unlinked
        Names of clusters that are not linked any more.
    deployment
        The catalog's.
    watched
        What was found when each cluster was watched last, as JSON: see ``mcos.model.concerns``.
    default_quota
        The quota of accounts that have none of their own, as JSON: see ``mcos.model.quotas``.
    full
        For each account that has little or no room left, as JSON what is left.
    """

    clusters: Mapping[str, Cluster]
    policies: Mapping[str, StoragePolicy] = field(
        default_factory=lambda: {DEFAULT_POLICY.name: DEFAULT_POLICY}
    )
    revoked: Mapping[str, str] = field(default_factory=dict)
    ended_sessions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unlinking: frozenset[str] = frozenset()
    unlinked: frozenset[str] = frozenset()
    deployment: Deployment = Deployment()
    watched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    default_quota: Mapping[str, Any] = field(default_factory=dict)
    full: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def why_doubtful(self, own: str, moment: datetime) -> str | None:
        """Return why a cluster must not finish or remove anything by what the catalog says.

        It was set back, or may have been: then what it takes for unfinished, or for due, may have
        gone on long ago. The health checks tell, which compare it with the backends; those of a
        catalog that was just restored are old.

        Returns
        -------
        None: the catalog is to be believed.
        """
        cluster = self.clusters.get(own)
        if cluster is not None and cluster.health.removals_held:
            return cluster.health.removals_held
        compared = [one.health.compared_at for one in self.clusters.values()]
        last = max((datetime.fromisoformat(one) for one in compared if one), default=moment)
        if (moment - last).total_seconds() > limits.COMPARISON_AGE_SECONDS:
            return "the catalog was not compared with its backends lately"
        return None

    def adopted_by(self, own: str, moment: datetime) -> tuple[str, ...]:
        """Return the clusters whose work a cluster does, because they do none themselves.

        These were not checked for ten minutes, are LOST, or are not linked any more. Each is
        adopted by one of the others. While functions disagree about it there may be two, or none.
        """
        gone = {
            name
            for name, cluster in self.clusters.items()
            if cluster.state is ClusterState.LOST
            or cluster.silent_seconds(moment) > limits.ADOPTION_SECONDS
        } | self.unlinked
        # If no cluster is heard of, any may do it all.
        working = sorted(set(self.clusters) - gone) or [own]
        return tuple(
            name
            for name in sorted(gone - {own})
            if working[crc32(name.encode()) % len(working)] == own
        )
