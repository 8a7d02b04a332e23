"""list_deleted: the objects of a container that were deleted and may be taken back."""

from mcos.catalog import containers, deleted
from mcos.catalog.deleted import DeletedPage
from mcos.model.names import check_container_name


def list_deleted(
    account: str, container: str, *, prefix: str, marker: str, limit: int
) -> DeletedPage:
    """Return one page, by name, of a name the older first; see ``mcos.catalog.deleted.page``.

    Raises
    ------
    InvalidName, ContainerNotFound
    """
    check_container_name(container)
    containers.get(account, container)
    return deleted.page(account, container, prefix=prefix, marker=marker, limit=limit)
