"""create_container: create a container, or find that it exists."""

from mcos.catalog import containers
from mcos.catalog.registry import policy_named
from mcos.errors import Conflict
from mcos.model.clusters import DEFAULT_POLICY
from mcos.model.names import check_container_name
from mcos.model.objects import Container


def create_container(
    account: str, name: str, *, storage_policy: str | None = None, retention_days: int = 0
) -> tuple[Container, bool]:
    """Create a container, or raise the retention of one that exists.

    Parameters
    ----------
    storage_policy
        Name of the storage policy of its objects; None: the default one.
    retention_days
        For so many days a version of an object may be neither deleted nor replaced. It holds for
        versions that are accepted from now on. A container that exists keeps a longer one.

    Returns
    -------
    The container, and whether this call created it.

    Raises
    ------
    InvalidName, UnknownStoragePolicy
    Conflict
        It exists with another storage policy, or was being deleted at the same time.
    """
    check_container_name(name)
    if storage_policy is not None:
        policy_named(storage_policy)
    container, made = containers.create(
        account,
        name,
        storage_policy=storage_policy or DEFAULT_POLICY.name,
        retention_days=retention_days,
    )
    if storage_policy not in (None, container.storage_policy):
        raise Conflict(
            f"Container {name!r} exists with the storage policy {container.storage_policy!r}."
        )
    return containers.raise_retention(container, retention_days), made
