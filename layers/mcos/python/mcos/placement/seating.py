"""Storage policies and the clusters that could meet them. Pure functions, no I/O.

A part of a policy has one seat for each of its replicas, and a cluster sits on one seat at most.
Which clusters can sit at the same time is a bipartite matching; ``Seating`` keeps one.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from mcos.model.clusters import Cluster, ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import Version


def policy_of(version: Version, policies: Mapping[str, StoragePolicy]) -> StoragePolicy:
    """The policy of a version.

    One that is gone by now wanted as many replicas as there are; where they are is left open.
    """
    gone = StoragePolicy(
        version.storage_policy, (PolicyPart(version.wanted),), version.readable_from
    )
    return policies.get(version.storage_policy, gone)


def takes_new(cluster: Cluster, *, down_too: bool = False) -> bool:
    """Whether the cluster takes new replicas; with ``down_too``, also such as have to wait."""
    states = (ClusterState.ACTIVE, ClusterState.DOWN) if down_too else (ClusterState.ACTIVE,)
    return cluster.weight > 0 and cluster.state in states


def fits(cluster: Cluster, policy: StoragePolicy) -> tuple[int, ...]:
    """The parts whose ``must`` labels the cluster has, by index.

    The part that suits it best comes first: one with a wish that it fulfils, then those that wish
    for nothing, then those whose wish it would leave unfulfilled.
    """
    parts = policy.parts
    found = [index for index, part in enumerate(parts) if not part.must or cluster.has(part.must)]
    if any(part.should for part in parts):
        found.sort(key=lambda index: _grade(cluster, parts[index]))
    return tuple(found)


def wishes(cluster: Cluster, policy: StoragePolicy) -> tuple[int, ...]:
    """The parts that the cluster fits and that wish for it: it has all their ``should`` labels."""
    if not any(part.should for part in policy.parts):
        return ()
    return tuple(
        index for index in fits(cluster, policy) if _grade(cluster, policy.parts[index]) == 0
    )


def _grade(cluster: Cluster, part: PolicyPart) -> int:
    if not part.should:
        return 1
    return 0 if cluster.has(part.should) else 2


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as a person writes them: ``cost=low, speed=fast``."""
    return ", ".join(f"{label}={value}" for label, value in sorted(labels.items()))


def unmet(policy: StoragePolicy, clusters: Iterable[Cluster]) -> str | None:
    """Why these clusters could not meet the policy, were none of them DOWN.

    Returns
    -------
    A sentence for the person who sets the policy; None if the clusters can meet it.
    """
    seating = _seated(policy, (one for one in clusters if takes_new(one, down_too=True)))
    return f"{seating.lack(policy)}." if seating.free else None


def seats_filled(policy: StoragePolicy, clusters: Iterable[Cluster]) -> int:
    """How many of the policy's replicas these clusters can account for, whatever their state."""
    return policy.replicas - _seated(policy, clusters).free


def _seated(policy: StoragePolicy, clusters: Iterable[Cluster]) -> "Seating":
    seating = Seating(policy)
    for cluster in clusters:
        seating.seat(cluster.name, fits(cluster, policy))
    return seating


class Seating:
    """Who sits in which part of a policy.

    Who has a seat keeps one, though it may be another one: those who sit move between the parts
    that they fit until there is room for one more (the augmenting paths of Berge 1957). So the
    order of arrival never costs a seat. Groups that can all sit at once are the independent sets
    of a matroid (Edmonds and Fulkerson 1965): taking the best one that still finds a seat, again
    and again, never ends in a dead end.

    Attributes
    ----------
    seats
        The part's index by who sits there.
    """

    def __init__(self, policy: StoragePolicy) -> None:
        self._room = [part.replicas for part in policy.parts]
        self.seats: dict[Hashable, int] = {}
        self._fits: dict[Hashable, Sequence[int]] = {}

    @property
    def free(self) -> int:
        """How many seats nobody has."""
        return sum(self._room)

    def copy(self) -> "Seating":
        """A seating of its own with the same people on the same seats."""
        twin = object.__new__(Seating)
        twin._room = self._room.copy()
        twin.seats = self.seats.copy()
        twin._fits = self._fits.copy()
        return twin

    def extend(self, seats: int) -> None:
        """Add that many seats to each part."""
        self._room = [room + seats for room in self._room]

    def can_seat(self, parts: Sequence[int]) -> bool:
        """Whether somebody who fits these parts, and has no seat, would find one."""
        if any(self._room[part] for part in parts):
            return True
        return len(self._room) > 1 and self.copy()._vacate(parts, set()) is not None

    def seat(self, who: Hashable, parts: Sequence[int]) -> bool:
        """Give ``who`` a seat in one of the parts that it fits, the first one if that has room.

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
        """What is missing, if everybody who could sit was seated and a seat is free.

        By Hall's theorem there are parts which ask for more replicas than there are clusters that
        fit any of them: those reached from a free seat by who fits it and sits elsewhere.
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
        """The first part with a free seat, if need be once somebody has moved to another part."""
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
