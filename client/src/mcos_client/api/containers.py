"""The calls about containers as values."""

from mcos_client.api import paths
from mcos_client.api.call import Call, Repeat, given
from mcos_client.api.models import Container, ContainerPage
from mcos_client.errors import NotFound


def list_container(
    *, prefix: str | None, marker: str | None, limit: int | None
) -> Call[ContainerPage]:
    query = {"prefix": prefix, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.CONTAINERS, query),
        lambda response: ContainerPage.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def create_container(container: str, *, storage_policy: str | None) -> Call[Container]:
    return Call(
        "PUT",
        paths.container_path(container),
        lambda response: Container.from_json(response.json()),
        headers=given({"x-storage-policy": storage_policy}),
        repeat=Repeat.ALWAYS,
    )


def delete_container(container: str) -> Call[None]:
    return Call(
        "DELETE",
        paths.container_path(container),
        lambda response: None,
        repeat=Repeat.ALWAYS,
        already={NotFound: None},
    )
