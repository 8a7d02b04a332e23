"""MCOS as a file system of fsspec: ``mcos://CONTAINER/PATH``, for pandas and others.

It needs the extra ``mcos[fsspec]``. The user is taken from the command's configuration
(``profile``), or given as ``entry_points`` and ``token``.

Example
-------
>>> import pandas  # doctest: +SKIP
>>> pandas.read_parquet("mcos://measurements/2026.parquet")  # doctest: +SKIP
"""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EACCES, EEXIST, ENOENT
from pathlib import Path
from typing import Any, cast

import httpx
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from mcos_client.api import objects
from mcos_client.api.models import Container, ListedObject, ObjectStat
from mcos_client.api.objects import OCTET_STREAM
from mcos_client.client import Client
from mcos_client.config import DEFAULT_PROFILE, config_path, read_profile
from mcos_client.content import as_settled
from mcos_client.errors import (
    ContainerNotEmpty,
    ContainerNotFound,
    NotPermitted,
    ObjectExists,
    ObjectNotFound,
    PreconditionFailed,
    Retained,
)
from mcos_client.fs.writer import ObjectWriter
from mcos_client.sending.connection import RETRIES
from mcos_client.transfer.upload import Action

BLOCK = 4 * 1024**2
"""Bytes that are read ahead: what one call carries."""


class McosFileSystem(AbstractFileSystem):
    """Containers as the first part of a path, objects below them.

    There are no folders but by the names of objects: ``mkdir`` makes containers, and below them
    does nothing. Listings are never cached.

    Parameters
    ----------
    profile
        Login of the command ``mcos``; ``MCOS_PROFILE``, or its default one, if left out.
    entry_points, token
        Instead of a profile.
    timeout
        Seconds for which closing a written file waits until it can be read.
    """

    protocol = "mcos"
    root_marker = ""

    def __init__(
        self,
        profile: str | None = None,
        entry_points: str | Sequence[str] | None = None,
        token: str | None = None,
        timeout: float = 600.0,
        transport: httpx.BaseTransport | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if entry_points is None:
            name = profile or os.environ.get("MCOS_PROFILE") or DEFAULT_PROFILE
            found = read_profile(config_path(), name)
            entry_points, token = found.entry_points, token or found.token
        given = entry_points if isinstance(entry_points, str) else tuple(entry_points)
        self.client = Client(given, token, transport=transport, retries=RETRIES)
        self.timeout = timeout

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        text = os.fspath(path)
        return text.removeprefix("mcos://").removeprefix("mcos::").strip("/")

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """List the entries directly below a path; of an object, itself."""
        container, name = _split(self._strip_protocol(path))
        if not container:
            found = [_of_container(one) for one in self.client.all_containers()]
        else:
            found = list(self._below(container, name))
            if not found and name:
                found = [self._object(container, name)]
            elif not found:
                self._container(container)
        return found if detail else sorted(one["name"] for one in found)

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Describe a path: an object, or a folder that others' names imply."""
        container, name = _split(self._strip_protocol(path))
        if not container:
            return {"name": "", "size": 0, "type": "directory"}
        if not name:
            return self._container(container)
        try:
            return self._object(container, name)
        except FileNotFoundError:
            if self._is_folder(container, name):
                return _of_folder(f"{container}/{name}")
            raise

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is such an object, folder or container."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **options: Any,
    ) -> Any:
        """Find all objects below a path, by one listing instead of one for each folder."""
        container, name = _split(self._strip_protocol(path))
        if not container or maxdepth is not None or withdirs:
            return super().find(
                path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **options
            )
        prefix = f"{name}/" if name else None
        with _file_errors(path):
            found = {
                f"{container}/{one.name}": _of_listed(container, one)
                for one in self.client.all_objects(container, prefix=prefix)
                if not one.deleted and not one.name.endswith("/")
            }
        if not found and name and self.isfile(path):
            found = {f"{container}/{name}": self._object(container, name)}
        return found if detail else sorted(found)

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        """Make a container; folders below it need not be made."""
        container, name = _split(self._strip_protocol(path))
        if create_parents or not name:
            self.client.create_container(container)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a container, as ``mkdir`` does."""
        container, name = _split(self._strip_protocol(path))
        if not exist_ok and not name and self.exists(container):
            raise FileExistsError(path)
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty container; folders end with their last object."""
        container, name = _split(self._strip_protocol(path))
        if name:
            return
        try:
            self.client.delete_container(container)
        except ContainerNotFound as error:
            raise FileNotFoundError(path) from error
        except ContainerNotEmpty as error:
            raise OSError(f"{path} is not empty") from error

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Delete objects; with ``recursive`` all below, a container too."""
        for one in [path] if isinstance(path, str) else list(path):
            container, name = _split(self._strip_protocol(one))
            if recursive and not name:
                with _file_errors(container):
                    held = list(self.client.all_objects(container))
                for found in held:  # also what no listing here shows
                    with suppress(ObjectNotFound):
                        self._delete(container, found.name)
                self.rmdir(container)
                continue
            for found in self.expand_path(one, maxdepth=maxdepth):
                # A folder is gone with the last of its objects, so it is not asked for itself.
                files = self.find(found, maxdepth=maxdepth) if recursive else [found]
                if not files:
                    raise FileNotFoundError(ENOENT, "No such object or folder", found)
                for file in files:
                    self.rm_file(file)

    def rm_file(self, path: str) -> None:
        """Delete an object."""
        container, name = _split(self._strip_protocol(path))
        with _file_errors(path):
            self._delete(container, name)

    _rm = rm_file

    def _delete(self, container: str, name: str) -> None:
        # A file system must not show what it has deleted.
        if not self.client.delete_object(container, name, prefer="wait=25"):
            self.client.wait_until_settled(container, name, timeout=self.timeout)

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        """Copy an object, with type and metadata, through this machine."""
        source, target = (_split(self._strip_protocol(one)) for one in (path1, path2))
        if self.isdir(path1):
            return
        with _file_errors(path1):
            stat = self.client.stat_object(*source)
            pieces = self.client.stream_object(*source, if_match=stat.etag)
            with ObjectWriter(
                self.client,
                *target,
                content_type=stat.content_type,
                metadata=stat.metadata,
                timeout=self.timeout,
            ) as writer:
                for piece in pieces:
                    writer.write(piece)

    def get_file(self, rpath: str, lpath: Any, callback: Any = None, **options: Any) -> None:
        """Download an object, in ranges side by side; an interrupted download goes on."""
        if isinstance(lpath, str | os.PathLike) and self.isdir(rpath):
            os.makedirs(lpath, exist_ok=True)
            return
        container, name = _split(self._strip_protocol(rpath))
        target = Path(lpath) if isinstance(lpath, str) else lpath
        if isinstance(target, os.PathLike):
            os.makedirs(os.path.dirname(os.fspath(target)) or ".", exist_ok=True)
        with _file_errors(rpath):
            self.client.download_to(container, name, target)

    def put_file(
        self, lpath: Any, rpath: str, callback: Any = None, mode: str = "overwrite", **options: Any
    ) -> None:
        """Store a file, in parts side by side if it is large."""
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        file, new = Path(lpath), mode == "create"
        container, name = _split(self._strip_protocol(rpath))
        with _file_errors(rpath):
            if file.stat().st_size <= objects.LARGEST_CALL:
                with ObjectWriter(
                    self.client, container, name, only_new=new, timeout=self.timeout
                ) as writer:
                    writer.write(file.read_bytes())
                return
            action: Action = "create" if new else "replace"
            written = self.client.upload(container, name, file, action=action)
            stat = self.client.wait_until_settled(container, name, timeout=self.timeout)
            as_settled(written, stat)

    def created(self, path: str) -> Any:
        """Get the time at which the object was made."""
        return self.info(path)["created"]

    def modified(self, path: str) -> Any:
        """Get the time at which the object got its content."""
        return self.info(path)["LastModified"]

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        if mode == "rb":
            return McosFile(
                self, path, mode, block_size or BLOCK, cache_options=cache_options, **options
            )
        if mode not in ("wb", "xb"):
            raise NotImplementedError(
                "the mode must be rb, wb or xb: objects are written as a whole"
            )
        return WrittenFile(self, path, only_new=mode == "xb", autocommit=autocommit, **options)

    def _object(self, container: str, name: str) -> dict[str, Any]:
        with _file_errors(f"{container}/{name}"):
            stat = self.client.stat_object(container, name)
            if stat.deleted:
                raise ObjectNotFound(f"Object {name!r} is being deleted.")
            return _of_stat(stat)

    def _container(self, container: str) -> dict[str, Any]:
        for one in self.client.all_containers(prefix=container):
            if one.name == container:
                return _of_container(one)
        raise FileNotFoundError(container)

    def _below(self, container: str, name: str) -> Iterator[dict[str, Any]]:
        prefix, marker = f"{name}/" if name else "", None
        while True:
            with _file_errors(container):
                page = self.client.list_object(
                    container, prefix=prefix or None, delimiter="/", marker=marker
                )
            for folder in page.common_prefixes:
                yield _of_folder(f"{container}/{folder.rstrip('/')}")
            for one in page.objects:
                if one.name != prefix and not one.deleted:
                    yield _of_listed(container, one)
            marker = page.next_marker
            if marker is None:
                return

    def _is_folder(self, container: str, name: str) -> bool:
        with _file_errors(container):
            below = self.client.all_objects(container, prefix=f"{name}/")
            return any(not one.deleted for one in below)


class McosFile(AbstractBufferedFile):
    """One version of an object, read in ranges that are cached."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        container, name = _split(self.path)
        found = self.details
        with _file_errors(self.path):
            return cast(McosFileSystem, self.fs).client.read_range(
                container, name, start, end, etag=found["ETag"], version=found["version"]
            )


class WrittenFile(ObjectWriter):
    """An object that is being written; a transaction of fsspec stores it by ``commit``.

    fsspec's own ``with fsspec.open(...)``, and pandas, close a file whose writing failed like one
    that is complete. So a close during an exception that began after the file was opened discards
    it, with a warning.
    """

    mode = "wb"

    def __init__(
        self,
        fs: McosFileSystem,
        path: str,
        *,
        only_new: bool,
        autocommit: bool,
        content_type: str = OCTET_STREAM,
        metadata: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.fs = fs
        self.path = path
        self.autocommit = autocommit
        self._passing = sys.exc_info()[1]
        super().__init__(
            fs.client,
            *_split(path),
            content_type=content_type,
            metadata=metadata,
            only_new=only_new,
            timeout=fs.timeout,
        )

    def close(self) -> None:
        if self.closed:
            return
        passing = sys.exc_info()[1]
        if passing is not None and passing is not self._passing:
            self.discard()
            message = f"{self.path} was not stored: it was closed because of {passing!r}"
            warnings.warn(message, stacklevel=2)
        elif self.autocommit:
            self.commit()

    def commit(self) -> None:
        """Store it."""
        with _file_errors(self.path):
            super().close()


@contextmanager
def _file_errors(path: str) -> Iterator[None]:
    """Raise the errors that callers of file systems know."""
    try:
        yield
    except (ObjectNotFound, ContainerNotFound) as error:
        raise FileNotFoundError(ENOENT, str(error), path) from error
    except (ObjectExists, PreconditionFailed) as error:
        raise FileExistsError(EEXIST, str(error), path) from error
    except (NotPermitted, Retained) as error:
        raise PermissionError(EACCES, str(error), path) from error


def _split(path: str) -> tuple[str, str]:
    container, _, name = path.partition("/")
    return container, name


def _of_container(one: Container) -> dict[str, Any]:
    return {"name": one.name, "size": 0, "type": "directory", "created": one.created_at}


def _of_folder(path: str) -> dict[str, Any]:
    return {"name": path, "size": 0, "type": "directory"}


def _of_listed(container: str, one: ListedObject) -> dict[str, Any]:
    return {
        "name": f"{container}/{one.name}",
        "size": one.size,
        "type": "file",
        "ETag": one.etag,
        "content_type": one.content_type,
        "state": one.state,
        "LastModified": one.last_modified,
    }


def _of_stat(one: ObjectStat) -> dict[str, Any]:
    return {
        "name": f"{one.container}/{one.name}",
        "size": one.size,
        "type": "file",
        "ETag": one.etag,
        "version": one.version,
        "content_type": one.content_type,
        "metadata": one.metadata,
        "state": one.state,
        "created": one.created_at,
        "LastModified": one.last_modified,
    }
