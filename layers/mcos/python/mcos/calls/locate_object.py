"""locate_object: where an object is, where its next version would be placed, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcos.catalog import containers, objects
from mcos.catalog.registry import current_registry, policy_named
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey
from mcos.model.versions import Version
from mcos.placement.explanation import Explanation, explain
from mcos.placement.seating import policy_of


@dataclass(frozen=True)
class Location:
    """Where an object is and would be placed.

    Attributes
    ----------
    policy
        The object's storage policy; the container's if there is no object.
    version
        The version that ``stat_object`` describes; None if there is no object.
    placement
        The placement of a next version, if a synchronous call wrote it now.
    clusters
        The linked clusters, by name.
    """

    policy: StoragePolicy
    version: Version | None
    placement: list[Explanation]
    clusters: Mapping[str, Cluster]


def locate_object(key: ObjectKey) -> Location:
    """Locate an object, which need not exist in its container.

    It takes one network call, or two if there is no object, while the cached registry is young
    enough.

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
