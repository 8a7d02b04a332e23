"""The calls about containers."""

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given
from mcos_client.api.method import Series
from mcos_client.api.models import Container, ContainerPage
from mcos_client.api.paging import each
from mcos_client.errors import NotFound


def list_container(
    *, prefix: str | None = None, marker: str | None = None, limit: int | None = None
) -> Call[ContainerPage]:
    """Get one page of the account's containers.

    A page may be empty and not be the last: that one has no ``next_marker``.
    """
    query = {"prefix": prefix, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.CONTAINERS, query),
        lambda response: ContainerPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def all_containers(*, prefix: str | None = None) -> Series[Container]:
    """Go through the account's containers, page by page."""
    return each(
        lambda marker: list_container(prefix=prefix, marker=marker), lambda page: page.containers
    )


def create_container(
    container: str, *, storage_policy: str | None = None, retention_days: int | None = None
) -> Call[Container]:
    """Make a container, or find that it exists already.

    Parameters
    ----------
    storage_policy
        Rule by which its objects are placed; the cluster's default if None.
    retention_days
        For so many days an object that is stored in it can be neither deleted nor replaced; not at
        all if None. One that exists gets it if it is longer than its own.
    """
    days = None if retention_days is None else str(retention_days)
    return Call(
        "PUT",
        paths.container_path(container),
        lambda response: Container.from_json(response.json()),
        headers=given({"x-storage-policy": storage_policy, "x-retention-days": days}),
        repeat=Repeat.ALWAYS,
    )


def delete_container(container: str) -> Call[None]:
    """Remove a container that holds no objects."""
    return Call(
        "DELETE",
        paths.container_path(container),
        lambda response: None,
        repeat=Repeat.ALWAYS,
        already={NotFound: None},
    )
