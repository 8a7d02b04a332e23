"""The resolver: which clusters shall hold the replicas of an object. Pure functions, no I/O.

Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights as in Schindelhauer and
Schomaker 2005): each cluster draws a number from the hash of its name and the object's, and the
highest numbers win. Every cluster computes the same answer from the same registry, whatever the
registry's order; when a cluster comes or goes, only the placements that it wins or loses move.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence

from mcos import limits
from mcos.errors import NotEnoughClusters
from mcos.model import Cluster, ClusterState


def score(cluster: Cluster, key: tuple[str, str, str]) -> float:
    """What ``cluster`` draws for an object (account, container, name); higher is better."""
    text = "\0".join((cluster.name, *key)).encode()
    drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
    # Uniform in the open interval (0, 1): never 0, whose logarithm has no value.
    uniform = (drawn + 0.5) / 2**64
    return cluster.weight / -math.log(uniform)


def rank(clusters: Iterable[Cluster], key: tuple[str, str, str]) -> list[Cluster]:
    """Clusters that take new replicas, best first, a provider's second only after each's first.

    Only ACTIVE clusters of a positive weight are ranked.
    """
    admitted = [one for one in clusters if one.state is ClusterState.ACTIVE and one.weight > 0]
    by_score = sorted(admitted, key=lambda one: (-score(one, key), one.name))
    seen: dict[str, int] = {}
    rounds = []
    for cluster in by_score:
        rounds.append(seen.get(cluster.provider, 0))
        seen[cluster.provider] = rounds[-1] + 1
    order = sorted(range(len(by_score)), key=lambda index: rounds[index])
    return [by_score[index] for index in order]


def targets(
    clusters: Iterable[Cluster], key: tuple[str, str, str], *, replicas: int = limits.REPLICAS
) -> Sequence[Cluster]:
    """The clusters that shall hold an object's replicas.

    Raises
    ------
    NotEnoughClusters
        Fewer than ``replicas`` clusters take new replicas now.
    """
    ranked = rank(clusters, key)
    if len(ranked) < replicas:
        raise NotEnoughClusters(
            f"{replicas} replicas on different clusters are wanted; "
            f"{len(ranked)} clusters take new ones now."
        )
    return ranked[:replicas]
