"""What the cluster registry says, as plain values with no I/O: clusters and storage policies.

``mcos.catalog.registry`` reads and writes it; ``mcos.placement.resolver`` places replicas by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ClusterState(StrEnum):
    """What a cluster is good for.

    ACTIVE: everything. DRAINING: reads; no new replicas. DOWN: skipped for writes, and read from
    only when nothing else answers.
    """

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    DOWN = "DOWN"


@dataclass(frozen=True)
class Health:
    """What the health check found of a cluster's backend; see ``mcos.workers.check_health``.

    Attributes
    ----------
    healthy
        Its verdict. A cluster that was never checked is believed to be well.
    streak
        How many probes in a row have contradicted the verdict.
    checked_at
        When it was probed last.
    read_ms
        How long reading a probe takes, in milliseconds, smoothed; None before the first success.
    reason
        Why the last probe failed; None if it did not.
    """

    healthy: bool = True
    streak: int = 0
    checked_at: str | None = None
    read_ms: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Cluster:
    """A linked cluster: how to reach it, and what placement asks of it.

    Attributes
    ----------
    weight
        Share of the replicas, relative to the other clusters; 0 takes none.
    operator_state
        An operator's word, which stands above the health check's; None if there is none.
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
    operator_state: ClusterState | None = None
    health: Health = field(default_factory=Health)

    @property
    def state(self) -> ClusterState:
        """The operator's word, else what the health check found."""
        if self.operator_state is not None:
            return self.operator_state
        return ClusterState.ACTIVE if self.health.healthy else ClusterState.DOWN

    @property
    def all_labels(self) -> dict[str, str]:
        """What storage policies select on: its labels, and what every cluster has of itself."""
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


@dataclass(frozen=True)
class PolicyPart:
    """Some of a policy's replicas, and the clusters that they go to.

    Attributes
    ----------
    replicas
        How many.
    must
        Labels without which a cluster takes none of them.
    should
        Labels that make a cluster preferred among those of different providers.
    """

    replicas: int
    must: Mapping[str, str] = field(default_factory=dict)
    should: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoragePolicy:
    """A named rule of placement.

    Attributes
    ----------
    parts
        For instance one fast replica, and two on cheap backups.
    readable
        How many stored replicas make a version readable.
    """

    name: str
    parts: tuple[PolicyPart, ...]
    readable: int

    @property
    def replicas(self) -> int:
        """How many replicas a version has in all."""
        return sum(part.replicas for part in self.parts)


DEFAULT_POLICY = StoragePolicy("default", (PolicyPart(replicas=3),), readable=2)
"""Three replicas anywhere, readable once two are stored."""


@dataclass(frozen=True)
class Registry:
    """One reading of the registry.

    Attributes
    ----------
    clusters, policies
        By name; the default policy is always there.
    revoked
        By account, the moment (RFC 3339) before which its tokens are void.
    """

    clusters: Mapping[str, Cluster]
    policies: Mapping[str, StoragePolicy] = field(
        default_factory=lambda: {DEFAULT_POLICY.name: DEFAULT_POLICY}
    )
    revoked: Mapping[str, str] = field(default_factory=dict)
