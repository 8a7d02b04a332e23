"""The cluster registry, as a warm function reads it."""

import time

from mcos import limits
from mcos.catalog.tables import ClusterItem
from mcos.model import Cluster, ClusterState

_read_at = -float("inf")
_clusters: dict[str, Cluster] = {}


def all_clusters() -> dict[str, Cluster]:
    """Every linked cluster by name; at most ``limits.REGISTRY_AGE_SECONDS`` old.

    One network call when the reading is too old, none otherwise.
    """
    global _read_at, _clusters
    if time.monotonic() - _read_at > limits.REGISTRY_AGE_SECONDS:
        _clusters = {item.cluster: _cluster(item) for item in ClusterItem.scan()}
        _read_at = time.monotonic()
    return _clusters


def forget() -> None:
    """Read anew at the next call."""
    global _read_at
    _read_at = -float("inf")


def _cluster(item: ClusterItem) -> Cluster:
    return Cluster(
        name=item.cluster,
        entry_point=item.entry_point,
        backend=item.backend,
        provider=item.provider,
        location=item.location,
        labels=item.labels,
        weight=float(item.weight),
        state=ClusterState(item.state),
        put_replica=item.put_replica,
        get_replica=item.get_replica,
        repair_queue_url=item.repair_queue_url,
        staging_bucket=item.staging_bucket,
    )
