"""Matching of clusters with the parts of a storage policy. Pure functions, no I/O.

A part of a policy has one seat for each of its replicas, and a cluster takes at most one seat. So
an assignment of seats is a bipartite matching; ``Seating`` maintains one.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from mcos.model.clusters import Cluster, ClusterState, PolicyPart, StoragePolicy
from mcos.model.versions import Version


def policy_of(version: Version, policies: Mapping[str, StoragePolicy]) -> StoragePolicy:
    """Return the policy of a version.

    If it was deleted since, return one with the version's number of replicas and no labels.
    """
    gone = StoragePolicy(
        version.storage_policy, (PolicyPart(version.wanted),), version.readable_from
    )
    return policies.get(version.storage_policy, gone)


def is_accepting(cluster: Cluster, *, down_too: bool = False) -> bool:
    """Whether the cluster takes new replicas; with ``down_too``, a DOWN one does too."""
    states = (ClusterState.ACTIVE, ClusterState.DOWN) if down_too else (ClusterState.ACTIVE,)
    return cluster.weight > 0 and cluster.state in states


def fitting_parts(cluster: Cluster, policy: StoragePolicy) -> tuple[int, ...]:
    """Return the indexes of the parts whose ``must`` labels the cluster has, the best first.

    First come parts whose ``should`` labels it has, then parts without such labels, then parts
    whose ``should`` labels it lacks.
    """
    parts = policy.parts
    found = [index for index, part in enumerate(parts) if not part.must or cluster.has(part.must)]
    if any(part.should for part in parts):
        found.sort(key=lambda index: _grade(cluster, parts[index]))
    return tuple(found)


def preferring_parts(cluster: Cluster, policy: StoragePolicy) -> tuple[int, ...]:
    """Return the parts that the cluster fits and whose ``should`` labels it has."""
    if not any(part.should for part in policy.parts):
        return ()
    return tuple(
        index
        for index in fitting_parts(cluster, policy)
        if _grade(cluster, policy.parts[index]) == 0
    )


def _grade(cluster: Cluster, part: PolicyPart) -> int:
    if not part.should:
        return 1
    return 0 if cluster.has(part.should) else 2


def labels_text(labels: Mapping[str, str]) -> str:
    """Format labels: ``cost=low, speed=fast``."""
    return ", ".join(f"{label}={value}" for label, value in sorted(labels.items()))


def unmet(policy: StoragePolicy, clusters: Iterable[Cluster]) -> str | None:
    """Say why these clusters cannot meet the policy even if none of them is DOWN.

    Returns
    -------
    A sentence; None if the clusters can meet it.
    """
    seating = _seated(policy, (one for one in clusters if is_accepting(one, down_too=True)))
    return f"{seating.lack(policy)}." if seating.free else None


def seats_filled(policy: StoragePolicy, clusters: Iterable[Cluster]) -> int:
    """Return how many of the policy's replicas these clusters can hold, whatever their state."""
    return policy.replicas - _seated(policy, clusters).free


def _seated(policy: StoragePolicy, clusters: Iterable[Cluster]) -> "Seating":
    seating = Seating(policy)
    for cluster in clusters:
        seating.seat(cluster.name, fitting_parts(cluster, policy))
    return seating


class Seating:
    """An assignment of clusters to seats in the parts of a policy.

    A cluster that has a seat keeps one, though perhaps in another part: seated clusters move
    between the parts that they fit to make room for one more (augmenting paths, Berge 1957). So
    the order of arrival never costs a seat. The sets of clusters that can be seated together form
    a matroid (Edmonds and Fulkerson 1965), so greedily taking the best cluster that still finds a
    seat never leads to a dead end.

    Attributes
    ----------
    seats
        The index of each cluster's part.
    """

    def __init__(self, policy: StoragePolicy) -> None:
        self._room = [part.replicas for part in policy.parts]
        self.seats: dict[Hashable, int] = {}
        self._fits: dict[Hashable, Sequence[int]] = {}

    @property
    def free(self) -> int:
        """Number of free seats."""
        return sum(self._room)

    def copy(self) -> "Seating":
        """Return an independent copy."""
        twin = object.__new__(Seating)
        twin._room = self._room.copy()
        twin.seats = self.seats.copy()
        twin._fits = self._fits.copy()
        return twin

    def extend(self, seats: int) -> None:
        """Add that many seats to each part."""
        self._room = [room + seats for room in self._room]

    def has_seat_for(self, parts: Sequence[int]) -> bool:
        """Whether a cluster that fits these parts and has no seat would find one."""
        if any(self._room[part] for part in parts):
            return True
        return len(self._room) > 1 and self.copy()._vacate(parts, set()) is not None

    def seat(self, who: Hashable, parts: Sequence[int]) -> bool:
        """Give ``who`` a seat in one of the parts that it fits, preferably the first.

        Returns
        -------
        False, with nothing changed, if there is no seat for it beside the others.
        """
        part = self._vacate(parts, set())
        if part is None:
            return False
        self._room[part] -= 1
        self.seats[who] = part
        self._fits[who] = parts
        return True

    def lack(self, policy: StoragePolicy) -> str:
        """Say what is missing, once every cluster that can be seated is and a seat is still free.

        By Hall's theorem some parts need more replicas than there are clusters that fit any of
        them. They are reached from a free seat through the clusters that fit it and sit elsewhere.
        """
        short = [next(part for part, room in enumerate(self._room) if room)]
        for part in short:  # it grows on the way
            short += {
                at for who, at in self.seats.items() if part in self._fits[who] and at not in short
            }
        wanted = sum(policy.parts[part].replicas for part in short)
        found = sum(at in short for at in self.seats.values())
        musts = [policy.parts[part].must for part in sorted(short)]
        texts = dict.fromkeys(labels_text(must) for must in musts)
        having = f" with {' or with '.join(texts)}" if all(musts) else ""
        takers = f"only {found} cluster{'s' * (found > 1)}" if found else "no cluster"
        return (
            f"Storage policy {policy.name!r} wants {wanted} replica{'s' * (wanted > 1)} "
            f"on different clusters{having}; {takers} can hold them"
        )

    def _vacate(self, parts: Sequence[int], tried: set[int]) -> int | None:
        """Return the first part with a free seat, after moving seated clusters if necessary."""
        for part in parts:
            if self._room[part]:
                return part
        for part in parts:
            if part in tried:
                continue
            tried.add(part)
            for who in [who for who, at in self.seats.items() if at == part]:
                elsewhere = self._vacate(self._fits[who], tried)
                if elsewhere is not None:
                    self._room[elsewhere] -= 1
                    self._room[part] += 1
                    self.seats[who] = elsewhere
                    return part
        return None
