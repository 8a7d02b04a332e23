"""Content between objects and files of this machine."""

import os
from collections.abc import Callable
from errno import EINVAL, EISDIR, ENOENT
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from mcos_client.api.writing import OCTET_STREAM
from mcos_client.content import as_settled
from mcos_client.errors import ObjectNotFound, RangeNotSatisfiable
from mcos_client.fs import tree
from mcos_client.fs.bulk import Failed, check_apart, do_each, outcomes, paired, targets
from mcos_client.fs.changing import Changing
from mcos_client.fs.local import is_below, is_content, local_path
from mcos_client.fs.paths import base_of, below, is_path, split, stripped
from mcos_client.fs.tree import Info, file_errors


class Transfers(Changing):
    """The methods that get and put."""

    def cat(
        self,
        path: Any,
        recursive: bool = False,
        on_error: str = "raise",
        batch_size: int | None = None,
        **options: Any,
    ) -> Any:
        """Get the bytes of one object, or those of several by their paths."""
        found = sorted(self._meant(path, recursive, None).objects)
        if is_path(path) and found == [stripped(path)]:
            return self.cat_file(found[0], **options)
        if not found:
            raise FileNotFoundError(ENOENT, "No such object", str(path))
        contents: dict[str, Any] = {}
        at_once = self._at_once(batch_size)
        for one, outcome in outcomes(found, lambda each: self.cat_file(each, **options), at_once):
            if not isinstance(outcome, Failed):
                contents[one] = outcome
            elif on_error == "raise":
                raise outcome.error
            elif on_error == "return":
                contents[one] = outcome.error
        return contents

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        """Get an object's bytes, or some of them, as a slice would; by one call if they are few."""
        with file_errors(path):
            if start is None and end is None:
                return self._download(path, None)
            first, stop = start or 0, end
            if first < 0 or (stop is not None and stop < 0):
                first, stop, _ = slice(start, end).indices(self._stat(*split(path)).size)
            if stop is not None and stop <= first:
                self._stat(*split(path))
                return b""
            try:
                return self._download(path, f"bytes={first}-{'' if stop is None else stop - 1}")
            except RangeNotSatisfiable:
                return b""  # it begins behind the last byte

    def cat_ranges(
        self,
        paths: Any,
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        on_error: str = "return",
        batch_size: int | None = None,
        **options: Any,
    ) -> list[Any]:
        """Get ranges of objects, some at once."""
        if max_gap is not None:
            raise NotImplementedError("max_gap must be None: ranges are read as they are")
        if not isinstance(paths, list):
            raise TypeError("the paths must be a list")
        starts = starts if isinstance(starts, list) else [starts] * len(paths)
        ends = ends if isinstance(ends, list) else [ends] * len(paths)
        if len(starts) != len(paths) or len(ends) != len(paths):
            raise ValueError("there must be as many starts and ends as paths")
        ranges = list(zip(paths, starts, ends, strict=True))
        found: list[Any] = []
        for _, outcome in outcomes(
            ranges, lambda one: self.cat_file(*one, **options), self._at_once(batch_size)
        ):
            if isinstance(outcome, Failed) and on_error != "return":
                raise outcome.error
            found.append(outcome.error if isinstance(outcome, Failed) else outcome)
        return found

    def pipe(
        self, path: Any, value: Any = None, batch_size: int | None = None, **options: Any
    ) -> None:
        """Store bytes as an object; or several, by a dictionary of paths and bytes."""
        if not is_path(path) and not isinstance(path, dict):
            raise ValueError("the path must be one, or a dictionary of paths and bytes")
        contents = path if isinstance(path, dict) else {path: value}
        do_each(
            list(contents.items()),
            lambda one: self.pipe_file(*one, **options),
            self._at_once(batch_size),
        )

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **options: Any) -> None:
        """Store bytes as an object."""
        if self._intrans:
            super().pipe_file(path, value, mode=mode, **options)
            return
        self._store(path, value, DEFAULT_CALLBACK, mode, **options)

    def get(
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Download objects; one whose name is no path below ``lpath`` is refused."""
        local: Any = local_path(lpath) if is_path(lpath) else lpath
        if isinstance(rpath, list) and isinstance(lpath, list):
            pairs = [(stripped(one), os.fspath(other)) for one, other in paired(rpath, lpath)]
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
                if at is not None and not is_below(file[at:]):
                    if file.endswith("/") and objects[path]["size"] == 0 and is_below(file[at:-1]):
                        os.makedirs(file, exist_ok=True)  # some tools mark folders so
                        return
                    raise OSError(EINVAL, "Its name is not a path below a folder", path)
                self._get_object(path, file, child)

        callback.set_size(len(pairs))
        do_each(pairs, get, self._at_once(batch_size), partial(callback.relative_update, 1))

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
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Store files; in a folder, what is neither a file nor a folder is left out, by a word."""
        folders: list[str] = []
        if isinstance(lpath, list) and isinstance(rpath, list):
            pairs = [(os.fspath(one), stripped(other)) for one, other in paired(lpath, rpath)]
        else:
            source: Any = local_path(lpath) if is_path(lpath) else list(map(local_path, lpath))
            literal = isinstance(source, str) and os.path.lexists(source)
            found = LocalFileSystem().expand_path(
                source, recursive=recursive, maxdepth=maxdepth, assume_literal=literal
            )
            files = [one for one in found if not os.path.isdir(one)]
            if recursive:
                folders = [one for one in found if os.path.isdir(one)]
            roots = [base_of(one) for one in found] if recursive and maxdepth is None else files
            if recursive or len(files) > 1:
                files = [one for one in files if is_content(one)]
            into = is_path(rpath) and (os.fspath(rpath).endswith("/") or self.isdir(rpath))
            chosen = targets(
                source,
                roots,
                files,
                stripped(rpath) if is_path(rpath) else list(map(stripped, rpath)),
                into=into,
                by_pattern=isinstance(source, str) and not literal and has_magic(source),
                recursive=recursive,
            )
            pairs = list(zip(files, chosen, strict=True))
            if len(found) > len(files):  # a folder, so that its container is made
                for container in {split(one)[0] for one in chosen}:
                    self.makedirs(container, exist_ok=True)

        check_apart(pairs)

        def put(one: tuple[str, str] | str) -> None:
            if isinstance(one, str):
                # What is below a folder that cannot be read was not found: that is an error.
                os.scandir(one).close()
                return
            with callback.branched(*one) as child:
                self.put_file(*one, callback=child, **options)
            callback.relative_update(1)

        callback.set_size(len(pairs))
        things: list[tuple[str, str] | str] = [*pairs, *folders]
        do_each(things, put, self._at_once(batch_size))

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        **options: Any,
    ) -> None:
        """Store a file, in parts side by side if it is large."""
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        self._store(rpath, Path(lpath), callback, mode, **options)

    # How

    def _download(self, path: str, range_: str | None) -> bytes:
        container, name = split(path)
        if not name:
            self.info(path)
            raise IsADirectoryError(EISDIR, "It is a container", path)
        try:
            return self.client.download_object(container, name, range_=range_).content
        except ObjectNotFound:
            if tree.is_folder(self.client, container, below(name)):
                raise IsADirectoryError(EISDIR, "It is a folder", path) from None
            raise

    def _store(
        self,
        path: str,
        content: Any,
        callback: Any,
        mode: str,
        content_type: str = OCTET_STREAM,
        metadata: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Store content, and return when it can be read."""
        with file_errors(path):
            written = self.client.put_object(
                *split(path),
                content,
                if_there="refuse" if mode == "create" else "replace",
                content_type=content_type,
                metadata=metadata,
                headers=headers,
                on_progress=told_to(callback),
            )
            if written.state != "CREATED":
                stat = self.client.wait_until_settled(*split(path), timeout=self.timeout)
                as_settled(written, stat)

    def _get_object(self, path: str, target: Any, callback: Any) -> None:
        file = Path(target) if isinstance(target, str) else target
        if isinstance(file, os.PathLike):
            os.makedirs(os.path.dirname(os.fspath(file)) or ".", exist_ok=True)
        with file_errors(path):
            self.client.download_to(*split(path), file, on_progress=told_to(callback))


def told_to(callback: Any) -> Callable[[int, int | None], None] | None:
    if callback is None or callback is DEFAULT_CALLBACK:
        return None

    def moved(done: int, total: int | None) -> None:
        if total is not None:
            callback.set_size(total)
        callback.absolute_update(done)

    return moved
