"""Changing what is there: containers, and removing, copying and moving objects."""

import os
from contextlib import suppress
from errno import EEXIST, ENOENT
from glob import has_magic
from typing import Any

from mcos_client.api.models import ObjectStat, Written
from mcos_client.errors import NotSettled, ObjectNotFound, PreconditionFailed
from mcos_client.fs.bulk import Meant, check_apart, do_each, paired, targets
from mcos_client.fs.paths import base_of, is_path, split, stripped
from mcos_client.fs.patterns import Patterns
from mcos_client.fs.tree import file_errors


class Changing(Patterns):
    """The methods that make, remove, copy and move."""

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

    def rm(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Delete objects; with ``recursive`` all below, a container too."""
        at_once = self._at_once(batch_size)
        for one in [path] if is_path(path) else list(path):
            container, name = split(one)
            if recursive and not name and maxdepth is None and not has_magic(container):
                with file_errors(container):
                    held = list(self.client.all_objects(container))
                # Also what no listing here shows.
                do_each([(container, each.name) for each in held], self._remove_listed, at_once)
                self.rmdir(container)
                continue
            found = self._meant(one, recursive, maxdepth).objects
            if not found:
                raise FileNotFoundError(ENOENT, "No such object or folder", str(one))
            do_each([split(each) for each in found], self._remove_listed, at_once)

    def rm_file(self, path: str, **options: Any) -> None:
        """Delete an object."""
        with file_errors(path):
            self._delete(*split(path))

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        """Copy an object, with type, metadata and headers, by MCOS itself."""
        if stripped(path1) == stripped(path2):
            self.info(path1)
            return
        try:
            self._copy_object(path1, path2)
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
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Copy objects, with type, metadata and headers, by MCOS itself."""

        def copy(pair: tuple[str, str]) -> None:
            try:
                self._copy_object(*pair)
            except FileNotFoundError:
                if on_error != "ignore":
                    raise

        pairs = self._pairs(path1, path2, recursive, maxdepth)
        do_each(pairs, copy, self._at_once(batch_size))

    def mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Copy objects, and delete each when its copy is there, if it has not been replaced."""
        pairs = self._pairs(path1, path2, recursive, maxdepth)
        do_each(pairs, lambda pair: self.mv_file(*pair), self._at_once(batch_size))

    def mv_file(self, path1: str, path2: str, **options: Any) -> None:
        """Copy an object, and delete it when its copy is there, if it has not been replaced."""
        if stripped(path1) == stripped(path2):
            self.info(path1)
            return
        with file_errors(path1):
            found = self._stat(*split(path1))
        copied = self._copy_object(path1, path2, version=found.version, prefer="wait=25")
        if copied.state != "CREATED":
            # The source's replicas are its own until then, so its deletion would take as long.
            with suppress(NotSettled):
                self.client.wait_until_settled(*split(path2), timeout=self.timeout)
        with file_errors(path1):
            self._delete_version(found)

    # How

    def _pairs(
        self, path1: Any, path2: Any, recursive: bool, maxdepth: int | None
    ) -> list[tuple[str, str]]:
        """List which object is copied to where, without what stays where it is."""
        if isinstance(path1, list) and isinstance(path2, list):
            pairs = [(stripped(one), stripped(other)) for one, other in paired(path1, path2)]
            sources, chosen = [one for one, _ in pairs], [other for _, other in pairs]
        else:
            if is_path(path1) and is_path(path2):
                one, other = (base_of(stripped(path)) for path in (path1, path2))
                if one == other:
                    return []
            target: Any = stripped(path2) if is_path(path2) else list(map(stripped, path2))
            meant = self._meant(path1, recursive, maxdepth)
            into = is_path(path2) and (os.fspath(path2).endswith("/") or self.isdir(path2))
            sources = list(meant.objects)
            chosen = self._chosen(path1, meant, target, into=into, recursive=recursive)
        check_apart(list(zip(sources, chosen, strict=True)))
        return [pair for pair in zip(sources, chosen, strict=True) if pair[0] != pair[1]]

    @staticmethod
    def _chosen(path: Any, meant: Meant, target: Any, *, into: bool, recursive: bool) -> list[str]:
        """Choose where the objects go that ``path`` means."""
        source: Any = list(path) if not is_path(path) else stripped(path)
        if is_path(path) and os.fspath(path).endswith("/"):
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

    def _copy_object(
        self, path1: str, path2: str, *, version: str | None = None, prefer: str | None = None
    ) -> Written:
        """Copy an object, of that version if it is given."""
        source, target = split(path1), split(path2)
        with file_errors(path2):
            try:
                return self.client.copy_object(
                    *source,
                    to_container=target[0],
                    to_name=target[1],
                    version=version,
                    prefer=prefer,
                    timeout=self.timeout,
                )
            except ObjectNotFound as error:
                raise FileNotFoundError(ENOENT, str(error), path1) from error

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

    def _remove_listed(self, where: tuple[str, str]) -> None:
        with file_errors("/".join(where)), suppress(ObjectNotFound):
            self._delete(*where)

    def _delete(self, container: str, name: str, if_match: str | None = None) -> None:
        # A file system must not show what it has deleted.
        if not self.client.delete_object(container, name, prefer="wait=25", if_match=if_match):
            self.client.wait_until_settled(container, name, timeout=self.timeout)
