"""create_container: make a container, or find that it is there."""

from mcos.catalog import containers
from mcos.catalog.registry import policy_named
from mcos.errors import Conflict
from mcos.model.clusters import DEFAULT_POLICY
from mcos.model.names import check_container_name
from mcos.model.objects import Container


def create_container(
    account: str, name: str, *, storage_policy: str | None = None
) -> tuple[Container, bool]:
    """Make a container.

    Parameters
    ----------
    storage_policy
        Name of the rule by which its objects are placed; the default one if None.

    Returns
    -------
    The container, and whether it was made by this call.

    Raises
    ------
    InvalidName, UnknownStoragePolicy
    Conflict
        It is there, with another storage policy than the one that was named.
    """
    check_container_name(name)
    if storage_policy is not None:
        policy_named(storage_policy)
    container, made = containers.create(
        account, name, storage_policy=storage_policy or DEFAULT_POLICY.name
    )
    if storage_policy not in (None, container.storage_policy):
        raise Conflict(
            f"Container {name!r} exists with the storage policy {container.storage_policy!r}."
        )
    return container, made
