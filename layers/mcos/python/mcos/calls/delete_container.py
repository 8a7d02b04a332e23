"""delete_container: delete a container that has no objects."""

from mcos.catalog import containers
from mcos.model.names import check_container_name


def delete_container(account: str, name: str) -> None:
    """Delete an empty container; ``mcos.catalog.containers`` describes races with creates.

    Raises
    ------
    InvalidName, ContainerNotFound, ContainerNotEmpty, Conflict
    """
    containers.delete(account, check_container_name(name))
