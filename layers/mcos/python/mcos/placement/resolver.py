"""The resolver: which clusters shall hold the replicas of an object. Pure functions, no I/O.

Each cluster draws a number from the hash of its name and the object's, the higher the better:
weighted rendezvous hashing (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker
2005). Clusters are then chosen one after another. The next one is the best of those with which the
storage policy can still be met (``mcos.placement.seating.Seating``). The best one

1. is ACTIVE; DOWN clusters, where they may be taken at all, only once no ACTIVE one could do;
2. is of the provider that has the fewest replicas so far;
3. has the labels that a part should have, while that part has too few such replicas;
4. is at the location that has the fewest replicas so far;
5. has drawn the highest number; among equals, the first name.

So far means: kept or chosen already, for whichever part. A cluster whose choice would cost later
ones a provider of their own is passed over.

Properties (each is a test in ``tests/unit/test_resolver*.py``)
---------------------------------------------------------------
- Every cluster answers the same, whatever the order of its registry, and so does every release.
- No cluster holds two replicas, and each target has the ``must`` labels of its part.
- If there are clusters to meet the policy, they are found. As few of them as can be are DOWN, and
  the ACTIVE ones are of as many providers as can be. Where ACTIVE ones suffice, DOWN ones change
  nothing.
- No provider gets one more replica while a cluster of a provider with fewer could have taken it.
- First choices are spread in proportion to the weights; of n equal clusters, each is a target of
  k/n of all objects.
- A cluster that goes changes nothing for the objects of which it held no replica; one that comes
  changes nothing for those of which it wins none. So of n equal clusters, each moves about 1/n of
  all replicas when it comes or goes.
- Where no two clusters share a provider or a location, and no part has ``should`` labels, a cluster
  that goes is replaced by the first spare that fits, and nothing else moves. Elsewhere its
  going may upset the balance of providers and locations for an object that it held, and move more
  than one of its replicas.
"""

import hashlib
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement.choice import Choice
from mcos.placement.seating import seats_filled


@dataclass(frozen=True)
class Placement:
    """Where an object's replicas shall go.

    Attributes
    ----------
    targets
        A cluster for each replica of the policy, the parts in order.
    spares
        The other clusters that take new replicas and fit a part, in the order in which they would
        have been chosen if each part wanted more.
    """

    targets: tuple[Cluster, ...]
    spares: tuple[Cluster, ...]


def score(cluster: Cluster, key: ObjectKey) -> float:
    """What ``cluster`` draws for an object; higher is better."""
    text = "\0".join((cluster.name, *key)).encode()
    drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
    # Uniform in the open interval (0, 1): never 0, whose logarithm has no value.
    uniform = (drawn + 0.5) / 2**64
    return cluster.weight / -math.log(uniform)


def draws(clusters: Iterable[Cluster], key: ObjectKey) -> list[tuple[Cluster, float]]:
    """Each cluster with its score."""
    return [(cluster, score(cluster, key)) for cluster in clusters]


def place(
    clusters: Iterable[Cluster], policy: StoragePolicy, key: ObjectKey, *, down_too: bool = False
) -> Placement:
    """Place an object of which nothing is stored yet.

    Parameters
    ----------
    down_too
        Take DOWN clusters where there are too few ACTIVE ones; their replicas have to wait.

    Raises
    ------
    NotEnoughClusters
        The clusters that take new replicas cannot meet the policy.
    """
    choice = Choice(draws(clusters, key), policy, down_too=down_too)
    targets = choice.targets()
    return Placement(
        tuple(pick.cluster for pick in targets), tuple(pick.cluster for pick in choice.spares())
    )


def complete(
    clusters: Iterable[Cluster],
    policy: StoragePolicy,
    key: ObjectKey,
    *,
    kept: Collection[str],
    avoided: Collection[str] = (),
    down_too: bool = False,
) -> tuple[Cluster, ...]:
    """The clusters to add to those that hold replicas already, so that the policy is met.

    With nothing kept or avoided, they are the targets of ``place``.

    Parameters
    ----------
    kept
        Names of the clusters whose replicas stay, whatever their state. They count for as much of
        the policy as they can; those that are unknown or fit no part count for none of it.
    avoided
        Names of clusters that are not to be chosen.
    down_too
        As for ``place``.

    Raises
    ------
    NotEnoughClusters
    """
    choice = Choice(draws(clusters, key), policy, kept=kept, avoided=avoided, down_too=down_too)
    return tuple(pick.cluster for pick in choice.targets())


def moves(
    clusters: Iterable[Cluster], policy: StoragePolicy, key: ObjectKey, held: Collection[str]
) -> list[tuple[str, str]]:
    """What to move, one by one, so that an object is where ``place`` would put it now.

    Each move leaves as much of the policy met as was before it. Moves neither add nor remove
    replicas: that is for ``complete`` and for who finds that there are too many.

    Parameters
    ----------
    held
        Names of the clusters with a replica.

    Returns
    -------
    Pairs (from, to) of names; none if the object is there already, or cannot be placed now.
    """
    known = {cluster.name: cluster for cluster in clusters}
    try:
        ideal = [target.name for target in place(known.values(), policy, key).targets]
    except NotEnoughClusters:
        return []

    def met(names: Collection[str]) -> int:
        return seats_filled(policy, [known[name] for name in names if name in known])

    holding = set(held)
    leaving = sorted(holding.difference(ideal))
    pairs: list[tuple[str, str]] = []
    for to in [name for name in ideal if name not in holding][: len(leaving)]:
        holding.add(to)
        without = {name: met(holding - {name}) for name in leaving}
        source = max(leaving, key=without.__getitem__)
        leaving.remove(source)
        holding.remove(source)
        pairs.append((source, to))
    return pairs
