"""Explanations of a placement for people. Pure functions, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, ClusterState, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement.choice import Choice, Pick
from mcos.placement.resolver import draws
from mcos.placement.seating import fitting_parts, is_accepting, labels_text


class PlacementRole(StrEnum):
    """PlacementRole of a cluster for an object's next version."""

    TARGET = "target"
    SPARE = "spare"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Explanation:
    """The role of one cluster for an object, and why.

    Attributes
    ----------
    part
        For a target, the index of the policy's part whose replica it gets; else None.
    score
        Score of the cluster for the object.
    reason
        The explanation in words.
    """

    cluster: Cluster
    role: PlacementRole
    part: int | None
    score: float
    reason: str


def explain(
    clusters: Iterable[Cluster], policy: StoragePolicy, key: ObjectKey, *, down_too: bool = False
) -> list[Explanation]:
    """Explain the result of ``mcos.placement.resolver.place`` for every cluster.

    Parameters
    ----------
    down_too
        As for ``place``.

    Returns
    -------
    The targets and the spares in the order of the placement, then the others by name. If the
    policy cannot be met now, there are no targets, and all clusters that could be chosen are
    spares.
    """
    drawn = draws(clusters, key)
    choice = Choice(drawn, policy, down_too=down_too)
    lack = None
    try:
        targets = choice.targets()
    except NotEnoughClusters as error:
        lack = str(error)
        targets = []
        # Clusters chosen in vain must not count against the others.
        choice = Choice(drawn, policy, down_too=down_too)
    parts = choice.seating.seats
    answers = [
        Explanation(
            pick.cluster,
            PlacementRole.TARGET,
            parts[pick.cluster.name],
            pick.candidate.score,
            _judgement(pick, policy),
        )
        for pick in targets
    ]
    answers += [
        Explanation(
            pick.cluster,
            PlacementRole.SPARE,
            None,
            pick.candidate.score,
            f"could take a replica, but: {lack}" if lack else _judgement(pick, policy),
        )
        for pick in choice.spares()
    ]
    chosen = {answer.cluster.name for answer in answers}
    answers += [
        Explanation(
            cluster, PlacementRole.EXCLUDED, None, drew, _exclusion(cluster, policy, down_too)
        )
        for cluster, drew in sorted(drawn, key=lambda one: one.cluster.name)
        if cluster.name not in chosen
    ]
    return answers


def _judgement(pick: Pick, policy: StoragePolicy) -> str:
    """Say what decided when the cluster was chosen, most significant first."""
    cluster = pick.cluster
    reasons = []
    if cluster.state is ClusterState.DOWN:
        reasons.append("it is DOWN, so every ACTIVE cluster that fits comes before it")
    reasons.append(f"{_before(pick.on_provider)} on provider {cluster.provider}")
    if any(part.should for part in policy.parts):
        reasons.append(f"{'no' if pick.is_unpreferred else 'a'} part still preferred its labels")
    reasons.append(f"{_before(pick.at_location)} at location {cluster.location}")
    return "; ".join(reasons)


def _before(replicas: int) -> str:
    if replicas == 1:
        return "1 replica before it is"
    return (
        f"{replicas or 'no'} replica{'s' * (replicas > 1)} before it {'are' if replicas else 'is'}"
    )


def _exclusion(cluster: Cluster, policy: StoragePolicy, down_too: bool) -> str:
    """Say everything that prevents the cluster from being chosen."""
    reasons = []
    if not cluster.weight > 0:
        reasons.append("its weight is 0")
    elif not is_accepting(cluster, down_too=down_too):
        reasons.append(f"it is {cluster.state} and takes no new replicas")
    if not fitting_parts(cluster, policy):
        for index, part in enumerate(policy.parts):
            missing = {
                label: value
                for label, value in part.must.items()
                if not cluster.has({label: value})
            }
            reasons.append(f"it lacks {labels_text(missing)} for part {index}")
    return "; ".join(reasons)
