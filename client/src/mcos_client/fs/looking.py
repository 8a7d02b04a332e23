"""Looking: what is at a path, and below it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import ENOENT
from typing import Any

from mcos_client.api.models import ObjectStat
from mcos_client.client import Client
from mcos_client.errors import ObjectNotFound
from mcos_client.fs import tree
from mcos_client.fs.coroutines import Coroutines
from mcos_client.fs.paths import base_of, below, folder_path, split, stripped
from mcos_client.fs.tree import Info, file_errors


class Looking(Coroutines):
    """The methods that list and describe."""

    client: Client
    timeout: float

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
