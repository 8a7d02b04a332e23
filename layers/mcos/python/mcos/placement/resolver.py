"""The resolver: which clusters hold the replicas of an object. Pure functions, no I/O.

Each cluster gets a score from the hash of its name and the object's key, higher is better: weighted
rendezvous hashing (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker 2005).
Clusters are then chosen one after another. Each choice is the best cluster with which the storage
policy can still be met (``mcos.placement.seating.Seating``). In this order, the best cluster

1. is ACTIVE; DOWN clusters, if they are allowed, come after all ACTIVE ones;
2. is of the provider with the fewest replicas so far;
3. has the ``should`` labels of a part that has too few such replicas;
4. is at the location with the fewest replicas so far;
5. has the highest score; among equals, the first name.

"So far" counts the replicas kept and chosen for all parts. A cluster is passed over if choosing it
would reduce the number of providers that can get a replica.

Properties (each is a test in ``tests/unit/placement``)
-------------------------------------------------------
- Every cluster computes the same result, in any order of the registry, and so does every release.
- No cluster gets two replicas, and each target has the ``must`` labels of its part.
- If the clusters can meet the policy, the resolver finds a way. It uses as few DOWN clusters, and
  ACTIVE clusters of as many providers, as possible. If ACTIVE clusters suffice, DOWN ones have no
  influence.
- No provider gets another replica while a cluster of a provider with fewer replicas could take it.
- First choices are distributed in proportion to the weights; of n equal clusters, each is a target
  of k/n of all objects.
- Removing a cluster changes nothing for objects of which it holds no replica; adding one changes
  nothing for objects of which it gets none. So adding or removing one of n equal clusters moves
  about 1/n of all replicas.
- If no two clusters share a provider or a location, and no part has ``should`` labels, a removed
  cluster is replaced by the first spare that fits, and nothing else moves. Otherwise its removal
  may change the balance of providers and locations of an object that it held, and move more than
  one of its replicas.
"""

import hashlib
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement.choice import Choice, Draw
from mcos.placement.seating import seats_filled


@dataclass(frozen=True)
class Placement:
    """The clusters for an object's replicas.

    Attributes
    ----------
    targets
        One cluster for each replica of the policy, in the order of its parts.
    spares
        The other clusters that take new replicas and fit a part, in the order in which they would
        be chosen if each part had more replicas.
    """

    targets: tuple[Cluster, ...]
    spares: tuple[Cluster, ...]


def score(cluster: Cluster, key: ObjectKey) -> float:
    """Return the score of a cluster for an object; higher is better."""
    text = "\0".join((cluster.name, *key)).encode()
    drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
    # Uniform in the open interval (0, 1): the logarithm of 0 is undefined.
    uniform = (drawn + 0.5) / 2**64
    return cluster.weight / -math.log(uniform)


def draws(clusters: Iterable[Cluster], key: ObjectKey) -> list[Draw]:
    """Return each cluster with its score."""
    return [Draw(cluster, score(cluster, key)) for cluster in clusters]


def place(
    clusters: Iterable[Cluster], policy: StoragePolicy, key: ObjectKey, *, down_too: bool = False
) -> Placement:
    """Place an object that has no replicas yet.

    Parameters
    ----------
    down_too
        Use DOWN clusters if there are too few ACTIVE ones; their replicas are written later.

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
    """Return the clusters to add to those that already hold replicas, so that the policy is met.

    With nothing kept or avoided, they are the targets of ``place``.

    Parameters
    ----------
    kept
        Names of the clusters whose replicas stay, whatever their state. They count for as much of
        the policy as possible; unknown ones, and those that fit no part, do not count.
    avoided
        Names of clusters that must not be chosen.
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
    """Return the moves, one by one, that bring an object to where ``place`` would put it now.

    After each move at least as much of the policy is met as before. Moves keep the number of
    replicas; ``complete`` adds missing ones.

    Parameters
    ----------
    held
        Names of the clusters with a replica.

    Returns
    -------
    Pairs (from, to) of names; empty if the object is there already, or cannot be placed now.
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
