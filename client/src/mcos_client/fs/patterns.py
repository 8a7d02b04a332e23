"""Which objects a path means, or a pattern."""

import os
import re
from contextlib import suppress
from errno import ENOENT
from glob import has_magic
from typing import Any

from fsspec.utils import glob_translate  # type: ignore[import-untyped]

from mcos_client.fs import tree
from mcos_client.fs.bulk import Meant
from mcos_client.fs.looking import Looking
from mcos_client.fs.paths import base_of, is_path, split, stripped
from mcos_client.fs.tree import Info


class Patterns(Looking):
    """The methods that take patterns, and what all others know of them."""

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any:
        """Find what matches a pattern; if an object has it as its name, only that object."""
        detail = options.pop("detail", False)
        withdirs = options.pop("withdirs", True)
        found = {one["name"]: one for one in self._matching(path, maxdepth, withdirs=withdirs)}
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

    def _matching(self, path: str, maxdepth: int | None, *, withdirs: bool = True) -> list[Info]:
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
        paths = [path] if is_path(path) else list(path)
        for one in map(stripped, paths):
            matches = [] if literal or not has_magic(one) else self._matching(one, maxdepth)
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


def _as_matched(one: Info, *, slashed: bool) -> str:
    name: str = one["name"]
    return f"{base_of(name)}/" if slashed and one["type"] == "directory" else name
