"""locate_object: where an object is, where its next version would be, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcos.catalog import containers, objects
from mcos.catalog.registry import current_registry, policy_named
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey, Version
from mcos.placement.explanation import Explanation, explain
from mcos.placement.seating import policy_of


@dataclass(frozen=True)
class Location:
    """Where an object is and would be.

    Attributes
    ----------
    policy
        The object's; the container's if there is no object.
    version
        The one that ``stat_object`` describes; None if there is no object.
    placement
        Of the next version, were it written now by a caller that waits.
    clusters
        Those that are linked, by name.
    """

    policy: StoragePolicy
    version: Version | None
    placement: list[Explanation]
    clusters: Mapping[str, Cluster]


def locate_object(key: ObjectKey) -> Location:
    """Look where an object is, or would be, which need not exist; its container has to.

    One network call, two if there is no object, while the reading of the registry is young.

    Raises
    ------
    InvalidName, ContainerNotFound
    """
    account, container, name = key
    check_container_name(container)
    check_object_name(name)
    record = objects.get(key)
    if record is not None:
        policy = policy_of(record.latest, current_registry().policies)
    else:
        policy = policy_named(containers.get(account, container).storage_policy)
    clusters = current_registry().clusters
    return Location(
        policy=policy,
        version=record.shown if record is not None else None,
        placement=explain(clusters.values(), policy, key),
        clusters=clusters,
    )
