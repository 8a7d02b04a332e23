"""create_container: make a container, or find that it is there."""

from mcos.catalog import containers
from mcos.errors import UnknownStoragePolicy
from mcos.model import Container
from mcos.names import check_container_name

DEFAULT_POLICY = "default"


def create_container(
    account: str, name: str, *, storage_policy: str = DEFAULT_POLICY
) -> tuple[Container, bool]:
    """Make a container.

    Returns
    -------
    The container, and whether it was made by this call.

    Raises
    ------
    InvalidName, UnknownStoragePolicy
    """
    check_container_name(name)
    if storage_policy != DEFAULT_POLICY:
        raise UnknownStoragePolicy(f"There is no storage policy {storage_policy!r}.")
    return containers.create(account, name, storage_policy=storage_policy)
