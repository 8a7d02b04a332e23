"""Why an object is, or would be, placed as it is: for a person who asks. Pure functions, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mcos.errors import NotEnoughClusters
from mcos.model.clusters import Cluster, ClusterState, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.placement.choice import Choice, Pick
from mcos.placement.resolver import draws
from mcos.placement.seating import fits, labels_text, takes_new


class Role(StrEnum):
    """What a cluster is for an object's next version."""

    TARGET = "target"
    SPARE = "spare"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Explanation:
    """What one cluster is for an object, and why.

    Attributes
    ----------
    part
        The policy's part that a target's replica is for, from 0; None for all others.
    score
        What the cluster drew.
    reason
        The same for a person.
    """

    cluster: Cluster
    role: Role
    part: int | None
    score: float
    reason: str


def explain(
    clusters: Iterable[Cluster], policy: StoragePolicy, key: ObjectKey, *, down_too: bool = False
) -> list[Explanation]:
    """What ``mcos.placement.resolver.place`` answers, and why, for every cluster of the registry.

    Returns
    -------
    The targets and the spares in the order of the placement, then the others by name. If the
    policy cannot be met now there is no target, and all that could be chosen are spares.
    """
    drawn = draws(clusters, key)
    choice = Choice(drawn, policy, down_too=down_too)
    lack = None
    try:
        targets = choice.targets()
    except NotEnoughClusters as error:
        lack = str(error)
        targets = []
        # What was chosen in vain counts against nobody.
        choice = Choice(drawn, policy, down_too=down_too)
    parts = choice.seating.seats
    answers = [
        Explanation(
            pick.cluster,
            Role.TARGET,
            parts[pick.cluster.name],
            pick.candidate.score,
            _judgement(pick, policy),
        )
        for pick in targets
    ]
    answers += [
        Explanation(
            pick.cluster,
            Role.SPARE,
            None,
            pick.candidate.score,
            f"could take a replica, but: {lack}" if lack else _judgement(pick, policy),
        )
        for pick in choice.spares()
    ]
    chosen = {answer.cluster.name for answer in answers}
    answers += [
        Explanation(cluster, Role.EXCLUDED, None, drew, _exclusion(cluster, policy, down_too))
        for cluster, drew in sorted(drawn, key=lambda one: one[0].name)
        if cluster.name not in chosen
    ]
    return answers


def _judgement(pick: Pick, policy: StoragePolicy) -> str:
    """What counted when the cluster was chosen, the weightiest first."""
    cluster = pick.cluster
    said = []
    if cluster.state is ClusterState.DOWN:
        said.append("it is DOWN, so every ACTIVE cluster that could do comes before it")
    said.append(f"{_before(pick.on_provider)} on provider {cluster.provider}")
    if any(part.should for part in policy.parts):
        said.append(f"{'no' if pick.unwished else 'a'} part still wished for its labels")
    said.append(f"{_before(pick.at_location)} at location {cluster.location}")
    return "; ".join(said)


def _before(replicas: int) -> str:
    if replicas == 1:
        return "1 replica before it is"
    return (
        f"{replicas or 'no'} replica{'s' * (replicas > 1)} before it {'are' if replicas else 'is'}"
    )


def _exclusion(cluster: Cluster, policy: StoragePolicy, down_too: bool) -> str:
    """Everything that keeps the cluster from being chosen."""
    said = []
    if not cluster.weight > 0:
        said.append("its weight is 0")
    elif not takes_new(cluster, down_too=down_too):
        said.append(f"it is {cluster.state} and takes no new replicas")
    if not fits(cluster, policy):
        for index, part in enumerate(policy.parts):
            missing = {
                label: value
                for label, value in part.must.items()
                if not cluster.has({label: value})
            }
            said.append(f"it lacks {labels_text(missing)} for part {index}")
    return "; ".join(said)
