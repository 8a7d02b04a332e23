"""The one enumeration of containers and objects that everything in this file system goes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EEXIST, ENOENT, ENOTEMPTY
from typing import Any

from mcos_client.api.models import Container, ListedObject, ObjectStat
from mcos_client.api.objects import LONGEST_NAME
from mcos_client.api.paths import utf8
from mcos_client.client import Client
from mcos_client.errors import (
    ContainerNotEmpty,
    ContainerNotFound,
    NotPermitted,
    ObjectExists,
    ObjectNotFound,
    PreconditionFailed,
    Retained,
)
from mcos_client.fs.paths import folder_path

Info = dict[str, Any]
"""What fsspec has of a path: ``name``, ``type``, ``size``, and more."""


def containers(client: Client) -> Iterator[Info]:
    """List the containers."""
    for one in client.all_containers():
        yield of_container(one)


def entries(
    client: Client,
    container: str,
    base: str,
    *,
    depth: int | None = None,
    folders: bool = False,
    begins: str | None = None,
) -> Iterator[Info]:
    """List the objects in a folder, and in those below it.

    An object whose name ends in a slash is in the folder of that name. Deleted ones are left out.

    Parameters
    ----------
    base
        What the names in the folder begin with: empty, or up to a slash.
    depth
        How deep to go; 1 is the folder alone. None: all of it.
    folders
        The folders too, each before what is in it.
    begins
        What the names begin with, if not with ``base`` alone.
    """
    prefix = base if begins is None else begins
    if _is_too_long(prefix):
        return
    if depth == 1:
        yield from _level(client, container, prefix, folders=folders)
        return
    seen: set[str] = set()
    with file_errors(container):
        for one in client.all_objects(container, prefix=prefix or None):
            if is_gone(one.state):
                continue
            parts = one.name[len(base) :].split("/")
            if folders:
                for count in range(1, min(len(parts), (depth or len(parts)) + 1)):
                    folder = f"{base}{'/'.join(parts[:count])}/"
                    if folder not in seen:
                        seen.add(folder)
                        yield of_folder(container, folder)
            if depth is None or len(parts) <= depth:
                yield of_listed(container, one)


def _level(client: Client, container: str, prefix: str, *, folders: bool) -> Iterator[Info]:
    marker = None
    while True:
        with file_errors(container):
            page = client.list_object(
                container, prefix=prefix or None, delimiter="/", marker=marker
            )
        if folders:
            # A folder of which nothing is left but what is being deleted is not there.
            for folder in page.common_prefixes:
                yield of_folder(container, folder)
        for one in page.objects:
            if not is_gone(one.state):
                yield of_listed(container, one)
        marker = page.next_marker
        if marker is None:
            return


def is_folder(client: Client, container: str, prefix: str) -> bool:
    """Whether there is an object in a folder."""
    if _is_too_long(prefix):
        return False
    with file_errors(container):
        return any(not is_gone(one.state) for one in client.all_objects(container, prefix=prefix))


def _is_too_long(prefix: str) -> bool:
    """Whether no name can begin so: the API refuses to look for it."""
    return len(utf8(prefix)) > LONGEST_NAME


def is_gone(state: str) -> bool:
    """Whether nobody can read an object in this state, nor ever will: it is not shown."""
    return state in ("DELETING", "FAILED")


@contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Raise the errors that callers of file systems know."""
    try:
        yield
    except (ObjectNotFound, ContainerNotFound) as error:
        raise FileNotFoundError(ENOENT, str(error), path) from error
    except (ObjectExists, PreconditionFailed) as error:
        raise FileExistsError(EEXIST, str(error), path) from error
    except (NotPermitted, Retained) as error:
        raise PermissionError(EACCES, str(error), path) from error
    except ContainerNotEmpty as error:
        raise OSError(ENOTEMPTY, f"The container is not empty: {error}", path) from error


def of_container(one: Container) -> Info:
    return {"name": one.name, "size": 0, "type": "directory", "created": one.created_at}


def of_folder(container: str, prefix: str) -> Info:
    return {"name": folder_path(container, prefix), "size": 0, "type": "directory"}


def of_listed(container: str, one: ListedObject) -> Info:
    return {
        "name": f"{container}/{one.name}",
        "size": one.size,
        "type": "file",
        "ETag": one.etag,
        "content_type": one.content_type,
        "state": one.state,
        "LastModified": one.last_modified,
    }


def of_stat(one: ObjectStat) -> Info:
    return {
        "name": f"{one.container}/{one.name}",
        "size": one.size,
        "type": "file",
        "ETag": one.etag,
        "version": one.version,
        "content_type": one.content_type,
        "metadata": one.metadata,
        "headers": one.headers,
        "state": one.state,
        "created": one.created_at,
        "LastModified": one.last_modified,
    }
