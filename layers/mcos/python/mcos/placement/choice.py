"""The choice of an object's clusters, one after another; ``resolver`` has the rules."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.placement.seating import Seating, fits, takes_new, wishes


class Candidate(NamedTuple):
    """A cluster, what it has drawn, and the parts that it fits and that wish for it."""

    cluster: Cluster
    score: float
    fits: tuple[int, ...]
    wishes: tuple[int, ...]


class Pick(NamedTuple):
    """A candidate that was chosen, and how it stood then.

    Attributes
    ----------
    on_provider, at_location
        How many replicas its provider and its location had before it.
    unwished
        Whether no part still wished for its labels.
    """

    candidate: Candidate
    on_provider: int
    unwished: bool
    at_location: int

    @property
    def cluster(self) -> Cluster:
        return self.candidate.cluster


class Choice:
    """The choice of clusters for one object: call ``targets`` once, then ``spares`` once.

    Parameters
    ----------
    drawn
        The clusters of the registry, each with what it drew for the object.
    kept, avoided, down_too
        As for ``mcos.placement.resolver.complete``.

    Attributes
    ----------
    seating
        The part of each replica, by the name of its cluster.
    """

    def __init__(
        self,
        drawn: Iterable[tuple[Cluster, float]],
        policy: StoragePolicy,
        *,
        kept: Collection[str] = (),
        avoided: Collection[str] = (),
        down_too: bool = False,
    ) -> None:
        self.seating = Seating(policy)
        self._wishes = Seating(policy)
        self._policy = policy
        self._providers: Counter[str] = Counter()
        self._locations: Counter[str] = Counter()
        active: list[Candidate] = []
        down: list[Candidate] = []
        for cluster, score in sorted(drawn, key=lambda one: (-one[1], one[0].name)):
            candidate = Candidate(cluster, score, fits(cluster, policy), wishes(cluster, policy))
            if cluster.name in kept:
                self._take(candidate)
            elif cluster.name not in avoided:
                if takes_new(cluster):
                    active.append(candidate)
                elif takes_new(cluster, down_too=down_too):
                    down.append(candidate)
        self._groups = (active, down)
        self._size = len(active) + len(down)

    def targets(self) -> list[Pick]:
        """The clusters that are to be added, the parts in order.

        Raises
        ------
        NotEnoughClusters
        """
        picks = [pick for group in self._groups for pick in self._pick_from(group)]
        if self.seating.free:
            raise NotEnoughClusters(f"{self.seating.lack(self._policy)} now.")
        picks.sort(key=lambda pick: self.seating.seats[pick.cluster.name])
        return picks

    def spares(self) -> list[Pick]:
        """All that could be chosen and were not, best first."""
        self.seating.extend(self._size)
        self._wishes.extend(self._size)
        return [pick for group in self._groups for pick in self._pick_from(group)]

    def _pick_from(self, group: list[Candidate]) -> Iterator[Pick]:
        """Take candidates out of the group, best first, while there are seats for them."""
        while self.seating.free and (candidate := self._best(group)):
            pick = Pick(candidate, *self._standing(candidate))
            group.remove(candidate)
            self._take(candidate)
            yield pick

    def _best(self, group: list[Candidate]) -> Candidate | None:
        # Sorting is stable: among those of the same standing, the best draw stays first.
        for candidate in sorted(group, key=self._standing):
            if self.seating.can_seat(candidate.fits) and self._leaves_providers(candidate, group):
                return candidate
        return None

    def _standing(self, candidate: Candidate) -> tuple[int, bool, int]:
        """What counts before the draw, the weightiest first; the less, the better."""
        return (
            self._providers.get(candidate.cluster.provider, 0),
            not (candidate.wishes and self._wishes.can_seat(candidate.wishes)),
            self._locations.get(candidate.cluster.location, 0),
        )

    def _take(self, candidate: Candidate) -> None:
        cluster = candidate.cluster
        self.seating.seat(cluster.name, candidate.fits)
        self._wishes.seat(cluster.name, candidate.wishes)
        self._providers[cluster.provider] += 1
        self._locations[cluster.location] += 1

    def _leaves_providers(self, candidate: Candidate, group: list[Candidate]) -> bool:
        """Whether as many providers as could have a replica of the object still can after it.

        For instance: one replica is for the clusters A and B, one for C alone, and A and C are of
        one provider. Then A is passed over, however high its draw.
        """
        provider = candidate.cluster.provider
        if provider in self._providers or len(self._policy.parts) == 1:
            return True  # there is nothing to lose
        after = self.seating.copy()
        after.seat(candidate.cluster.name, candidate.fits)
        others = [one for one in group if one.cluster.provider != provider]
        return self._new_providers(after, others) + 1 == self._new_providers(self.seating, group)

    def _new_providers(self, seating: Seating, group: list[Candidate]) -> int:
        """How many providers that have no replica yet could have one, at most.

        A provider is seated as if it were a cluster that fits whatever one of its clusters fits.
        """
        parts: dict[str, set[int]] = {}
        for one in group:
            if one.cluster.provider not in self._providers:
                parts.setdefault(one.cluster.provider, set()).update(one.fits)
        seating = seating.copy()
        return sum(
            seating.seat(("provider", provider), sorted(fitting))
            for provider, fitting in parts.items()
        )
