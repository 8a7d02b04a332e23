"""The same file system for asyncio: each method as a coroutine, as zarr and others want it.

A coroutine has a thread make the call of its name, so there is one way to do each thing, and many
are done at once. One that is cancelled is not waited for; what it has begun its thread ends.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from fsspec.asyn import AsyncFileSystem, get_loop  # type: ignore[import-untyped]
from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]

AT_ONCE = 32
"""How many calls are made at once, unless ``batch_size`` says otherwise."""


def _in_thread(name: str) -> Callable[..., Any]:
    """Make a coroutine of a method."""

    async def run(self: "Coroutines", *args: Any, **options: Any) -> Any:
        return await self._run(partial(getattr(self, name), *args, **options))

    run.__name__ = f"_{name}"
    run.__doc__ = getattr(AbstractFileSystem, name, run).__doc__
    return run


class Coroutines(AsyncFileSystem):
    """The methods of fsspec's asynchronous file systems.

    The others need no loop: they work wherever they are called, also if ``asynchronous`` is given.
    """

    mirror_sync_methods = False

    def __init__(
        self, *, asynchronous: bool = False, batch_size: int | None = None, **options: Any
    ) -> None:
        # Said to be so that fsspec starts no loop of its own, which nothing here would use.
        super().__init__(asynchronous=True, batch_size=batch_size, **options)
        self.asynchronous = asynchronous
        self._pools: dict[int, ThreadPoolExecutor] = {}

    @property
    def loop(self) -> Any:
        """What runs coroutines for those who have no loop: that of fsspec."""
        return get_loop()

    _cat = _in_thread("cat")
    _cat_file = _in_thread("cat_file")
    _cat_ranges = _in_thread("cat_ranges")
    _copy = _in_thread("copy")
    _cp_file = _in_thread("cp_file")
    _du = _in_thread("du")
    _exists = _in_thread("exists")
    _expand_path = _in_thread("expand_path")
    _find = _in_thread("find")
    _get = _in_thread("get")
    _get_file = _in_thread("get_file")
    _glob = _in_thread("glob")
    _info = _in_thread("info")
    _isdir = _in_thread("isdir")
    _isfile = _in_thread("isfile")
    _ls = _in_thread("ls")
    _makedirs = _in_thread("makedirs")
    _mkdir = _in_thread("mkdir")
    _mv = _in_thread("mv")
    _mv_file = _in_thread("mv_file")
    _pipe = _in_thread("pipe")
    _pipe_file = _in_thread("pipe_file")
    _put = _in_thread("put")
    _put_file = _in_thread("put_file")
    _rm = _in_thread("rm")
    _rm_file = _in_thread("rm_file")
    _rmdir = _in_thread("rmdir")
    _size = _in_thread("size")
    _sizes = _in_thread("sizes")

    async def _walk(self, path: str, *args: Any, **options: Any) -> AsyncIterator[Any]:
        # What the caller takes out of a list of folders is then not gone into.
        walking = self.walk(path, *args, **options)
        while (one := await self._run(partial(next, walking, None))) is not None:
            yield one

    def _at_once(self, batch_size: int | None) -> int:
        """Choose how many calls are made at once."""
        wanted = batch_size or self.batch_size or AT_ONCE
        return wanted if wanted > 0 else AT_ONCE

    async def _run(self, work: Callable[[], Any]) -> Any:
        process = os.getpid()
        if process not in self._pools:
            # The threads of a process are not those of one that is forked from it.
            made = ThreadPoolExecutor(self._at_once(None), thread_name_prefix="mcos-fs")
            self._pools.setdefault(process, made)
        return await asyncio.get_running_loop().run_in_executor(self._pools[process], work)
