"""MCOS as a file system of fsspec: ``mcos://CONTAINER/PATH``, for pandas and others.

It needs the extra ``mcos[fsspec]``. The user is taken from the command's configuration
(``profile``), or given as ``entry_points`` and ``token``.

Example
-------
>>> import pandas  # doctest: +SKIP
>>> pandas.read_parquet("mcos://measurements/2026.parquet")  # doctest: +SKIP
"""

import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from errno import EEXIST, EINVAL, ENOENT
from glob import has_magic
from pathlib import Path
from typing import Any, cast

import httpx
from fsspec.callbacks import DEFAULT_CALLBACK  # type: ignore[import-untyped]
from fsspec.implementations.local import (  # type: ignore[import-untyped]
    LocalFileSystem,
    make_path_posix,
)
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]
from fsspec.utils import glob_translate  # type: ignore[import-untyped]

from mcos_client.api.models import ObjectStat
from mcos_client.api.writing import OCTET_STREAM
from mcos_client.client import Client
from mcos_client.config import DEFAULT_PROFILE, config_path, read_profile
from mcos_client.content import as_settled
from mcos_client.errors import ObjectNotFound, PreconditionFailed
from mcos_client.fs import tree
from mcos_client.fs.bulk import Meant, check_apart, do_each, targets
from mcos_client.fs.paths import PROTOCOL, base_of, below, folder_path, split, stripped
from mcos_client.fs.tree import Info, file_errors
from mcos_client.fs.writer import ObjectWriter
from mcos_client.sending.connection import RETRIES

BLOCK = 4 * 1024**2
"""Bytes that are read ahead: what one call carries."""


class McosFileSystem(AbstractFileSystem):
    """Containers as the first part of a path, the exact name of an object as the rest of it.

    There are no folders but by the names of objects: ``mkdir`` makes containers, and below them
    does nothing. Listings are never cached. A path that is the name of an object means that
    object, even if it could be a pattern, or a folder as well.

    Parameters
    ----------
    profile
        Login of the command ``mcos``; ``MCOS_PROFILE``, or its default one, if left out.
    entry_points, token
        Instead of a profile.
    timeout
        Seconds for which closing a written file waits until it can be read.

    Notes
    -----
    Where several objects are copied, moved, fetched, stored or removed, they are listed once, and
    what was listed is what is touched. If one fails the others are done; then its error is raised.
    """

    protocol = PROTOCOL
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
            return [stripped(one) for one in path]
        return stripped(path)

    # Looking

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """List the entries directly below a path; of an object that is no folder, itself."""
        container, name = split(path)
        if not container:
            found = list(tree.containers(self.client))
        else:
            found = list(tree.entries(self.client, container, below(name), depth=1, folders=True))
            if not found and name:
                found = [self._object(container, name)]
            elif not found:
                self._container(container)
        return found if detail else sorted({one["name"] for one in found})

    def info(self, path: str, **options: Any) -> Info:
        """Describe a path: an object, or a folder that others' names imply."""
        container, name = split(path)
        if not container:
            return {"name": "", "size": 0, "type": "directory"}
        if not name:
            return self._container(container)
        try:
            return self._object(container, name)
        except FileNotFoundError:
            if tree.is_folder(self.client, container, below(name)):
                return tree.of_folder(container, below(name))
            raise

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is such an object, folder or container."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Whether there is such a folder or container; an object may have its name, too."""
        container, name = split(path)
        try:
            if container and name:
                return tree.is_folder(self.client, container, below(name))
            return bool(self.info(path)["type"] == "directory")
        except FileNotFoundError:
            return False

    def isfile(self, path: str) -> bool:
        """Whether there is such an object; it may be a folder, too."""
        try:
            return bool(self.info(path)["type"] == "file")
        except FileNotFoundError:
            return False

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **options: Any,
    ) -> Any:
        """Find all objects below a path, and one that has it as its name, by one listing."""
        path = stripped(path)
        found = {}
        if withdirs and path and self.isdir(path):
            found[base_of(path)] = self._folder(path)
        for one in self._entries(path, maxdepth, folders=withdirs):
            if one["type"] == "file" or one["name"] not in found:
                found[one["name"]] = one
        with suppress(FileNotFoundError):
            if split(path)[1] and path not in found:
                found[path] = self._object(*split(path))
        return dict(sorted(found.items())) if detail else sorted(found)

    def walk(
        self,
        path: str,
        maxdepth: int | None = None,
        topdown: bool = True,
        on_error: "str | Callable[[OSError], Any]" = "omit",
        **options: Any,
    ) -> Iterator[tuple[str, Any, Any]]:
        """Go through the folders below a path: each with its folders and its objects.

        ``/`` between a folder and what is in it makes the path of that. All come from one listing,
        so folders that the caller removes from it are left out, but are listed.
        """
        detail = options.pop("detail", False)
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        root = base_of(stripped(path))
        try:
            found = list(self._entries(path, maxdepth, folders=False))
        except OSError as error:
            if on_error == "raise":
                raise
            if callable(on_error):
                on_error(error)
            return
        folders: dict[str, dict[str, Info]] = {root: {}}
        files: dict[str, dict[str, Info]] = {root: {}}
        if not root:
            for one in tree.containers(self.client):
                folders[root][one["name"]] = one
                folders[one["name"]], files[one["name"]] = {}, {}
        for one in found:
            parts = one["name"][len(root) + 1 if root else 0 :].split("/")
            if len(parts) > 1 and not parts[-1]:
                parts[-2:] = [f"{parts[-2]}/"]  # an object with a slash at its end
            elif parts == [""]:
                continue  # what marks the root, which is not in itself
            at = root
            for part in parts[:-1]:
                inner = f"{at}/{part}" if at else part
                if inner not in folders:
                    folders[inner], files[inner] = {}, {}
                    folders[at][part] = self._folder(f"{inner}/")
                at = inner
            files[at][parts[-1]] = one
        if found or self.isdir(root):
            yield from _walked(root, folders, files, topdown=topdown, detail=detail)

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any:
        """Find what matches a pattern; if an object has it as its name, only that object."""
        detail = options.pop("detail", False)
        withdirs = options.pop("withdirs", True)
        found = {one["name"]: one for one in self._glob(path, maxdepth, withdirs=withdirs)}
        return dict(sorted(found.items())) if detail else sorted(found)

    def expand_path(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        assume_literal: bool = False,
        **options: Any,
    ) -> list[str]:
        """List the objects, and the folders, that paths or patterns mean."""
        found = self._meant(path, recursive, maxdepth, literal=assume_literal)
        paths = {*found.objects, *found.roots}
        if not paths:
            raise FileNotFoundError(ENOENT, "Nothing matches", str(path))
        return sorted(paths)

    def du(
        self,
        path: str,
        total: bool = True,
        maxdepth: int | None = None,
        withdirs: bool = False,
        **options: Any,
    ) -> Any:
        """Get the bytes of all objects below a path, by one listing."""
        found = self.find(path, maxdepth=maxdepth, withdirs=withdirs, detail=True)
        sizes = {name: one["size"] for name, one in found.items()}
        return sum(sizes.values()) if total else sizes

    def created(self, path: str) -> Any:
        """Get the time at which the object was made."""
        return self.info(path)["created"]

    def modified(self, path: str) -> Any:
        """Get the time at which the object got its content."""
        return self.info(path)["LastModified"]

    # Containers

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        """Make a container; folders below it need not be made."""
        container, name = split(path)
        if create_parents or not name:
            with file_errors(path):
                self.client.create_container(container)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a container, as ``mkdir`` does."""
        container, name = split(path)
        if not exist_ok and not name and self.exists(container):
            raise FileExistsError(EEXIST, "The container exists", path)
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty container; folders end with their last object."""
        container, name = split(path)
        if not name:
            with file_errors(path):
                self.client.delete_container(container)

    # Removing, copying, moving

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Delete objects; with ``recursive`` all below, a container too."""
        for one in [path] if _is_path(path) else list(path):
            container, name = split(one)
            if recursive and not name and maxdepth is None and not has_magic(container):
                with file_errors(container):
                    held = list(self.client.all_objects(container))
                # Also what no listing here shows.
                do_each((held_one.name for held_one in held), self._removal_from(container))
                self.rmdir(container)
                continue
            found = self._meant(one, recursive, maxdepth).objects
            if not found:
                raise FileNotFoundError(ENOENT, "No such object or folder", str(one))
            do_each((found_one.partition("/")[::2] for found_one in found), self._remove_listed)

    def rm_file(self, path: str) -> None:
        """Delete an object."""
        with file_errors(path):
            self._delete(*split(path))

    _rm = rm_file

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        """Copy an object, with type, metadata and headers, through this machine."""
        if stripped(path1) == stripped(path2):
            self.info(path1)
            return
        try:
            self._copy(path1, path2)
        except FileNotFoundError:
            if not self.isdir(path1):
                raise

    def copy(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        on_error: str | None = None,
        **options: Any,
    ) -> None:
        """Copy objects, with type, metadata and headers, through this machine."""

        def copy(pair: tuple[str, str]) -> None:
            try:
                self._copy(*pair)
            except FileNotFoundError:
                if on_error != "ignore":
                    raise

        do_each(self._pairs(path1, path2, recursive, maxdepth), copy)

    def mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Copy objects, and delete each when its copy is there, if it has not been replaced."""

        def move(pair: tuple[str, str]) -> None:
            copied = self._copy(*pair)
            with file_errors(pair[0]):
                self._delete_version(copied)

        do_each(self._pairs(path1, path2, recursive, maxdepth), move)

    # Content

    def cat(
        self, path: Any, recursive: bool = False, on_error: str = "raise", **options: Any
    ) -> Any:
        """Get the bytes of one object, or those of several by their paths."""
        found = sorted(self._meant(path, recursive, None).objects)
        if _is_path(path) and found == [stripped(path)]:
            return self.cat_file(found[0], **options)
        if not found:
            raise FileNotFoundError(ENOENT, "No such object", str(path))
        contents: dict[str, Any] = {}
        for one in found:
            try:
                contents[one] = self.cat_file(one, **options)
            except Exception as error:
                if on_error == "raise":
                    raise
                if on_error == "return":
                    contents[one] = error
        return contents

    def get(
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Download objects; one whose name is no path below ``lpath`` is refused."""
        local: Any = _local(lpath) if _is_path(lpath) else lpath
        if isinstance(rpath, list) and isinstance(lpath, list):
            pairs = [(stripped(one), os.fspath(other)) for one, other in _paired(rpath, lpath)]
            objects: dict[str, Info] = {}
        else:
            meant = self._meant(rpath, recursive, maxdepth)
            objects = meant.objects
            into = isinstance(local, str) and (local.endswith("/") or os.path.isdir(local))
            chosen = self._chosen(rpath, meant, local, into=into, recursive=recursive)
            pairs = list(zip(objects, chosen, strict=True))
        check_apart(pairs)
        at = len(base_of(local)) if isinstance(local, str) else None

        def get(pair: tuple[str, str]) -> None:
            path, file = pair
            with callback.branched(path, file) as child:
                if at is not None and not _is_below(file[at:]):
                    if file.endswith("/") and objects[path]["size"] == 0 and _is_below(file[at:-1]):
                        os.makedirs(file, exist_ok=True)  # some tools mark folders so
                        return
                    raise OSError(EINVAL, "Its name is not a path below a folder", path)
                self._get_object(path, file, child)

        callback.set_size(len(pairs))
        do_each(callback.wrap(pairs), get)

    def get_file(
        self, rpath: str, lpath: Any, callback: Any = DEFAULT_CALLBACK, **options: Any
    ) -> None:
        """Download an object, in ranges side by side; an interrupted download goes on."""
        if isinstance(lpath, str | os.PathLike) and not self.isfile(rpath) and self.isdir(rpath):
            os.makedirs(lpath, exist_ok=True)
            return
        self._get_object(rpath, lpath, callback)

    def put(
        self,
        lpath: Any,
        rpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Store files; in a folder, what is neither a file nor a folder is left out, by a word."""
        if isinstance(lpath, list) and isinstance(rpath, list):
            pairs = [(os.fspath(one), stripped(other)) for one, other in _paired(lpath, rpath)]
        else:
            source: Any = _local(lpath) if _is_path(lpath) else list(map(_local, lpath))
            literal = isinstance(source, str) and os.path.lexists(source)
            found = LocalFileSystem().expand_path(
                source, recursive=recursive, maxdepth=maxdepth, assume_literal=literal
            )
            files = [one for one in found if not os.path.isdir(one)]
            roots = [base_of(one) for one in found] if recursive and maxdepth is None else files
            if recursive or len(files) > 1:
                files = [one for one in files if _is_content(one)]
            into = _is_path(rpath) and (os.fspath(rpath).endswith("/") or self.isdir(rpath))
            chosen = targets(
                source,
                roots,
                files,
                stripped(rpath) if _is_path(rpath) else list(map(stripped, rpath)),
                into=into,
                by_pattern=isinstance(source, str) and not literal and has_magic(source),
                recursive=recursive,
            )
            pairs = list(zip(files, chosen, strict=True))
            if len(found) > len(files):  # a folder, so that its container is made
                for container in {split(one)[0] for one in chosen}:
                    self.makedirs(container, exist_ok=True)

        check_apart(pairs)

        def put(pair: tuple[str, str]) -> None:
            with callback.branched(*pair) as child:
                self.put_file(*pair, callback=child, **options)

        callback.set_size(len(pairs))
        do_each(callback.wrap(pairs), put)

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        content_type: str = OCTET_STREAM,
        metadata: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Store a file, in parts side by side if it is large."""
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        with file_errors(rpath):
            written = self.client.put_object(
                *split(rpath),
                Path(lpath),
                if_there="refuse" if mode == "create" else "replace",
                content_type=content_type,
                metadata=metadata,
                headers=headers,
                on_progress=_told(callback),
            )
            if written.state != "CREATED":
                stat = self.client.wait_until_settled(*split(rpath), timeout=self.timeout)
                as_settled(written, stat)

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
        if mode == "xb" and self.isfile(path):
            raise FileExistsError(EEXIST, "The object exists", path)
        return WrittenFile(self, path, only_new=mode == "xb", autocommit=autocommit, **options)

    # How

    def _entries(self, path: str, maxdepth: int | None, *, folders: bool) -> Iterator[Info]:
        """List what is below a path."""
        container, name = split(path)
        if container:
            yield from tree.entries(
                self.client, container, below(name), depth=maxdepth, folders=folders
            )
            return
        for one in tree.containers(self.client):
            if folders:
                yield one
            if maxdepth is None or maxdepth > 1:
                depth = None if maxdepth is None else maxdepth - 1
                yield from tree.entries(self.client, one["name"], "", depth=depth, folders=folders)

    def _glob(self, path: str, maxdepth: int | None, *, withdirs: bool = True) -> list[Info]:
        """Find what matches a pattern, objects and folders; or the object that has its name."""
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        only_folders = os.fspath(path).endswith("/")
        text = stripped(path)
        if not has_magic(text):
            try:
                return [self.info(text)]
            except FileNotFoundError:
                return []
        if only_folders:
            with suppress(FileNotFoundError):
                return [self._object(*split(text))]
            text = text.removesuffix("/")
        literal = text[: min(text.find(one) for one in "*?[" if one in text)]
        root = literal[: literal.rfind("/") + 1]
        depth: int | None = text[len(root) :].count("/") + 1
        if "**" in text:
            before = text[len(root) : text.find("**")].count("/")
            depth = None if maxdepth is None else before + maxdepth
        container, base = split(root)
        if root and not base:
            container = root.removesuffix("/")
        with suppress(FileNotFoundError):
            if container:
                entries = tree.entries(
                    self.client,
                    container,
                    base,
                    depth=depth,
                    folders=withdirs,
                    begins=literal[len(container) + 1 :],
                )
            else:
                entries = self._entries("", depth, folders=withdirs)
            found = list(entries)
            exact = [one for one in found if (one["name"], one["type"]) == (text, "file")]
            if exact and not only_folders:
                return exact
            pattern = re.compile(glob_translate(f"{text}/" if only_folders else text))
            slashed = only_folders or text.endswith("/**")
            return [one for one in found if pattern.match(_as_matched(one, slashed=slashed))]
        return []

    def _meant(
        self, path: Any, recursive: bool, maxdepth: int | None, *, literal: bool = False
    ) -> Meant:
        """List the objects that a path, or several, or patterns mean.

        Raises
        ------
        FileNotFoundError
        """
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        meant = Meant()
        paths = [path] if _is_path(path) else list(path)
        for one in map(stripped, paths):
            matches = [] if literal or not has_magic(one) else self._glob(one, maxdepth)
            if not has_magic(one) or literal or [match["name"] for match in matches] == [one]:
                self._add(meant, one, recursive, maxdepth)
                continue
            meant.by_pattern = True
            for match in matches:
                if match["type"] == "file":
                    meant.roots.append(match["name"])
                    meant.objects[match["name"]] = match
                elif recursive and (maxdepth is None or maxdepth > 1):
                    meant.roots.append(base_of(match["name"]))
                    depth = None if maxdepth is None else maxdepth - 1
                    for found in self._entries(match["name"], depth, folders=False):
                        meant.objects[found["name"]] = found
        return meant

    def _add(self, meant: Meant, path: str, recursive: bool, maxdepth: int | None) -> None:
        """Add what a path means that is no pattern."""
        container, name = split(path)
        found = {}
        missing: FileNotFoundError | None = None
        if name:
            try:
                one = self._object(container, name)
                found[one["name"]] = one
            except FileNotFoundError as error:
                missing = error
        is_folder = not name
        if recursive:
            for one in self._entries(path, maxdepth, folders=False):
                found.setdefault(one["name"], one)
                is_folder = True
        elif missing is not None:
            is_folder = self.isdir(path)
        if missing is not None and not is_folder:
            raise missing
        meant.roots.append(base_of(path) if is_folder else path)
        meant.objects.update(found)

    def _pairs(
        self, path1: Any, path2: Any, recursive: bool, maxdepth: int | None
    ) -> list[tuple[str, str]]:
        """List which object is copied to where, without what stays where it is."""
        if isinstance(path1, list) and isinstance(path2, list):
            pairs = [(stripped(one), stripped(other)) for one, other in _paired(path1, path2)]
            sources, chosen = [one for one, _ in pairs], [other for _, other in pairs]
        else:
            if _is_path(path1) and _is_path(path2):
                one, other = (base_of(stripped(path)) for path in (path1, path2))
                if one == other:
                    return []
            target: Any = stripped(path2) if _is_path(path2) else list(map(stripped, path2))
            meant = self._meant(path1, recursive, maxdepth)
            into = _is_path(path2) and (os.fspath(path2).endswith("/") or self.isdir(path2))
            sources = list(meant.objects)
            chosen = self._chosen(path1, meant, target, into=into, recursive=recursive)
        check_apart(list(zip(sources, chosen, strict=True)))
        return [pair for pair in zip(sources, chosen, strict=True) if pair[0] != pair[1]]

    @staticmethod
    def _chosen(path: Any, meant: Meant, target: Any, *, into: bool, recursive: bool) -> list[str]:
        """Choose where the objects go that ``path`` means."""
        source: Any = list(path) if not _is_path(path) else stripped(path)
        if _is_path(path) and os.fspath(path).endswith("/"):
            source = f"{base_of(source)}/"
        return targets(
            source,
            meant.roots,
            list(meant.objects),
            target,
            into=into,
            by_pattern=meant.by_pattern,
            recursive=recursive,
        )

    def _copy(self, path1: str, path2: str) -> ObjectStat:
        """Copy an object, and return which version was copied."""
        source, target = split(path1), split(path2)
        with file_errors(path1):
            found = self._stat(*source)
            pieces = self.client.stream_object(*source, if_match=found.etag)
        with (
            file_errors(path2),
            ObjectWriter(
                self.client,
                *target,
                content_type=found.content_type,
                metadata=found.metadata,
                headers=found.headers,
                timeout=self.timeout,
            ) as writer,
        ):
            for piece in pieces:
                writer.write(piece)
        return found

    def _delete_version(self, found: ObjectStat) -> None:
        """Delete an object, if it still is the version that was copied."""
        try:
            self._delete(found.container, found.name, if_match=found.etag)
        except PreconditionFailed:
            # A version that was digested meanwhile has another ETag.
            now = self._stat(found.container, found.name)
            if now.version != found.version:
                raise
            self._delete(found.container, found.name, if_match=now.etag)

    def _get_object(self, path: str, target: Any, callback: Any) -> None:
        file = Path(target) if isinstance(target, str) else target
        if isinstance(file, os.PathLike):
            os.makedirs(os.path.dirname(os.fspath(file)) or ".", exist_ok=True)
        with file_errors(path):
            self.client.download_to(*split(path), file, on_progress=_told(callback))

    def _remove_listed(self, where: tuple[str, str]) -> None:
        with file_errors("/".join(where)), suppress(ObjectNotFound):
            self._delete(*where)

    def _removal_from(self, container: str) -> Callable[[str], None]:
        return lambda name: self._remove_listed((container, name))

    def _delete(self, container: str, name: str, if_match: str | None = None) -> None:
        # A file system must not show what it has deleted.
        if not self.client.delete_object(container, name, prefer="wait=25", if_match=if_match):
            self.client.wait_until_settled(container, name, timeout=self.timeout)

    def _stat(self, container: str, name: str) -> ObjectStat:
        """Look at an object that can be read, or will be.

        Raises
        ------
        ObjectNotFound
        """
        found = self.client.stat_object(container, name)
        if tree.is_gone(found.state):
            raise ObjectNotFound(f"Object {name!r} is {found.state}.")
        return found

    def _object(self, container: str, name: str) -> Info:
        with file_errors(f"{container}/{name}"):
            return tree.of_stat(self._stat(container, name))

    def _folder(self, path: str) -> Info:
        container, name = split(path)
        if not name:
            return {"name": container, "size": 0, "type": "directory"}
        return {
            "name": folder_path(container, below(name)),
            "size": 0,
            "type": "directory",
        }

    def _container(self, container: str) -> Info:
        for one in self.client.all_containers(prefix=container):
            if one.name == container:
                return tree.of_container(one)
        raise FileNotFoundError(ENOENT, "No such container", container)


class McosFile(AbstractBufferedFile):
    """One version of an object, read in ranges that are cached."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        found = self.details
        with file_errors(self.path):
            return cast(McosFileSystem, self.fs).client.read_range(
                *split(self.path), start, end, etag=found["ETag"], version=found["version"]
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
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.fs = fs
        self.path = path
        self.autocommit = autocommit
        self._passing = sys.exc_info()[1]
        super().__init__(
            fs.client,
            *split(path),
            content_type=content_type,
            metadata=metadata,
            headers=headers,
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
        with file_errors(self.path):
            super().close()


def _walked(
    root: str,
    folders: dict[str, dict[str, Info]],
    files: dict[str, dict[str, Info]],
    *,
    topdown: bool,
    detail: bool,
) -> Iterator[tuple[str, Any, Any]]:
    left, found = [root], []
    while left:
        at = left.pop()
        inside: Any = dict(folders[at]) if detail else list(folders[at])
        one = at, inside, files[at] if detail else list(files[at])
        if topdown:
            yield one
        else:
            found.append(one)
        left += [f"{at}/{part}" if at else part for part in reversed(list(inside))]
    yield from reversed(found)


def _as_matched(one: Info, *, slashed: bool) -> str:
    name: str = one["name"]
    return f"{base_of(name)}/" if slashed and one["type"] == "directory" else name


def _paired(sources: list[Any], chosen: list[Any]) -> list[tuple[Any, Any]]:
    if len(sources) != len(chosen):
        raise ValueError("there must be as many targets as sources")
    return list(zip(sources, chosen, strict=True))


def _is_below(relative: str) -> bool:
    """Whether a path's end leads to something below a folder, and nothing of it is lost."""
    parts = relative.removeprefix("/").split("/")
    separators = {os.sep, os.altsep} - {"/", None}
    return relative == "" or not any(
        part in ("", ".", "..") or "\0" in part or any(str(one) in part for one in separators)
        for part in parts
    )


def _is_path(given: Any) -> bool:
    return isinstance(given, str | os.PathLike)


def _local(path: Any) -> str:
    text: str = make_path_posix(os.fspath(path))
    return text


def _is_content(file: str) -> bool:
    """Whether a file in a folder is one with content; else say so."""
    try:
        if stat.S_ISREG(os.stat(file).st_mode):
            return True
    except OSError:
        return True  # who opens it says why it cannot be read
    warnings.warn(f"{file!r} is no file with content: it was left out", stacklevel=3)
    return False


def _told(callback: Any) -> Callable[[int, int | None], None] | None:
    if callback is None or callback is DEFAULT_CALLBACK:
        return None

    def moved(done: int, total: int | None) -> None:
        if total is not None:
            callback.set_size(total)
        callback.absolute_update(done)

    return moved
