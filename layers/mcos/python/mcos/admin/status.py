"""Status: what is wrong with the deployment, and how its clusters are."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcos import clock
from mcos.catalog import jobs, registry
from mcos.model.clusters import Cluster, ClusterState
from mcos.model.concerns import Finding, Watched, of_jobs, of_registry, of_snapshots
from mcos.model.journal import Snapshots


@dataclass(frozen=True)
class Status:
    """How the deployment is.

    Attributes
    ----------
    at
        RFC 3339. The registry and the jobs were read then.
    findings
        What is wrong. What concerns one cluster alone is as it was when that was watched last.
    clusters
        The linked clusters, by name.
    watched
        What was found when each was watched last; one that never was is not among them.
    """

    at: str
    findings: tuple[Finding, ...]
    clusters: Mapping[str, Cluster]
    watched: Mapping[str, Watched]


def get_status() -> Status:
    """Return how the deployment is: three network calls."""
    given, moment = registry.current_registry(fresh=True), clock.moment()
    watched = {
        name: Watched.from_json(one)
        for name, one in given.watched.items()
        if given.clusters[name].state is not ClusterState.LOST  # it is watched no more
    }
    began_at = min((one.began_at for one in watched.values()), default=clock.now())
    snapshots = Snapshots.from_json(registry.read(registry.JOURNAL, registry.SNAPSHOT) or {})
    findings = (
        *of_registry(given, watched, moment),
        *(one for name in sorted(watched) for one in watched[name].findings),
        *of_jobs(jobs.all_jobs(), moment),
        *of_snapshots(snapshots, began_at=began_at, moment=moment),
    )
    return Status(clock.text(moment), findings, given.clusters, watched)
