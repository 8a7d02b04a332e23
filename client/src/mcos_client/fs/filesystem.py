"""MCOS as a file system of fsspec: ``mcos://CONTAINER/PATH``, for pandas and others.

It needs the extra ``mcos[fsspec]``. The user is taken from the command's configuration
(``profile``), or given as ``entry_points`` and ``token``.

Example
-------
>>> import pandas  # doctest: +SKIP
>>> pandas.read_parquet("mcos://measurements/2026.parquet")  # doctest: +SKIP
"""

import os
from collections.abc import Sequence
from errno import EEXIST
from typing import Any

import httpx

from mcos_client.client import Client
from mcos_client.config import DEFAULT_PROFILE, ProfileToken, config_path, read_profile
from mcos_client.fs.files import McosFile, WrittenFile
from mcos_client.fs.paths import PROTOCOL, stripped
from mcos_client.fs.transfers import Transfers
from mcos_client.sending.connection import RETRIES

BLOCK = 4 * 1024**2
"""Bytes that are read ahead: what one call carries."""


class McosFileSystem(Transfers):
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
    asynchronous
        Whether coroutines use it, in a loop of their own; the other methods work as well then.
    batch_size
        How many objects are read, stored, copied or removed at once, by one call; 32 if left out.
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
        store = None
        if entry_points is None:
            name = profile or os.environ.get("MCOS_PROFILE") or DEFAULT_PROFILE
            found = read_profile(config_path(), name)
            if token is None:
                store = ProfileToken(config_path(), name, found)
            entry_points, token = found.entry_points, token or found.token
        given = entry_points if isinstance(entry_points, str) else tuple(entry_points)
        self.client = Client(given, token, transport=transport, retries=RETRIES, token_store=store)
        self.timeout = timeout

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [stripped(one) for one in path]
        return stripped(path)

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
