"""Who uses what, over all accounts."""

from mcos.catalog.tables import ContainerItem


def some_container_has_policy(name: str) -> bool:
    """Whether a container names a storage policy; a Scan that ends with the first that does."""
    found = ContainerItem.scan(
        ContainerItem.storage_policy == name,
        consistent_read=True,
        attributes_to_get=["account", "name"],
    )
    return next(iter(found), None) is not None
