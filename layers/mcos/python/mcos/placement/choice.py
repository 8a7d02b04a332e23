"""The choice of clusters for an object, one after another; ``resolver`` documents the rules."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.placement.seating import Seating, fitting_parts, is_accepting, preferring_parts


class Draw(NamedTuple):
    """A cluster and its score for an object."""

    cluster: Cluster
    score: float


class Candidate(NamedTuple):
    """A cluster, its score, the parts that it fits, and the parts that prefer it."""

    cluster: Cluster
    score: float
    fitting: tuple[int, ...]
    preferring: tuple[int, ...]


class Pick(NamedTuple):
    """A chosen candidate, and its rank when it was chosen.

    Attributes
    ----------
    on_provider, at_location
        Number of replicas that its provider and its location had before.
    is_unpreferred
        Whether no part still preferred its labels.
    """

    candidate: Candidate
    on_provider: int
    is_unpreferred: bool
    at_location: int

    @property
    def cluster(self) -> Cluster:
        return self.candidate.cluster


class Choice:
    """The choice of clusters for one object: call ``targets`` once, then ``spares`` once.

    Parameters
    ----------
    drawn
        The clusters of the registry, each with its score for the object.
    kept, avoided, down_too
        As for ``mcos.placement.resolver.complete``.

    Attributes
    ----------
    seating
        Assigns the chosen clusters, by name, to parts of the policy.
    """

    def __init__(
        self,
        drawn: Iterable[Draw],
        policy: StoragePolicy,
        *,
        kept: Collection[str] = (),
        avoided: Collection[str] = (),
        down_too: bool = False,
    ) -> None:
        self.seating = Seating(policy)
        self._preferences = Seating(policy)
        self._policy = policy
        self._providers: Counter[str] = Counter()
        self._locations: Counter[str] = Counter()
        active: list[Candidate] = []
        down: list[Candidate] = []
        for cluster, score in sorted(drawn, key=lambda one: (-one.score, one.cluster.name)):
            candidate = Candidate(
                cluster, score, fitting_parts(cluster, policy), preferring_parts(cluster, policy)
            )
            if cluster.name in kept:
                self._take(candidate)
            elif cluster.name not in avoided:
                if is_accepting(cluster):
                    active.append(candidate)
                elif is_accepting(cluster, down_too=down_too):
                    down.append(candidate)
        self._groups = (active, down)
        self._size = len(active) + len(down)

    def targets(self) -> list[Pick]:
        """Return the clusters to add, in the order of the policy's parts.

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
        """Return the remaining clusters that could be chosen, best first."""
        self.seating.extend(self._size)
        self._preferences.extend(self._size)
        return [pick for group in self._groups for pick in self._pick_from(group)]

    def _pick_from(self, group: list[Candidate]) -> Iterator[Pick]:
        """Remove candidates from the group, best first, while there are seats for them."""
        while self.seating.free and (candidate := self._best(group)):
            pick = Pick(candidate, *self._standing(candidate))
            group.remove(candidate)
            self._take(candidate)
            yield pick

    def _best(self, group: list[Candidate]) -> Candidate | None:
        # Sorting is stable: among candidates of equal rank, the highest score stays first.
        for candidate in sorted(group, key=self._standing):
            if self.seating.has_seat_for(candidate.fitting) and self._leaves_providers(
                candidate, group
            ):
                return candidate
        return None

    def _standing(self, candidate: Candidate) -> tuple[int, bool, int]:
        """Return the rank that precedes the score, most significant first; lower is better."""
        return (
            self._providers.get(candidate.cluster.provider, 0),
            not (candidate.preferring and self._preferences.has_seat_for(candidate.preferring)),
            self._locations.get(candidate.cluster.location, 0),
        )

    def _take(self, candidate: Candidate) -> None:
        cluster = candidate.cluster
        self.seating.seat(cluster.name, candidate.fitting)
        self._preferences.seat(cluster.name, candidate.preferring)
        self._providers[cluster.provider] += 1
        self._locations[cluster.location] += 1

    def _leaves_providers(self, candidate: Candidate, group: list[Candidate]) -> bool:
        """Whether choosing the candidate does not reduce the number of providers with a replica.

        For instance, let one replica fit the clusters A and B, another only C, and let A and C be
        of one provider. Then A is passed over, however high its score.
        """
        provider = candidate.cluster.provider
        if provider in self._providers or len(self._policy.parts) == 1:
            return True  # the choice cannot reduce the number
        after = self.seating.copy()
        after.seat(candidate.cluster.name, candidate.fitting)
        others = [one for one in group if one.cluster.provider != provider]
        return self._new_providers(after, others) + 1 == self._new_providers(self.seating, group)

    def _new_providers(self, seating: Seating, group: list[Candidate]) -> int:
        """Return how many providers without a replica can still get one, at most.

        A provider is seated like a cluster that fits every part that one of its clusters fits.
        """
        parts: dict[str, set[int]] = {}
        for one in group:
            if one.cluster.provider not in self._providers:
                parts.setdefault(one.cluster.provider, set()).update(one.fitting)
        seating = seating.copy()
        return sum(
            seating.seat(("provider", provider), sorted(fitting))
            for provider, fitting in parts.items()
        )
