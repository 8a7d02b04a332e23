"""Connections that are kept between requests, and never shared with another process.

A process that is forked inherits the sockets of the one that it was forked from. If both read from
one of them, each may get the reply to the other's request.
"""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

import httpx

from mcos_client.errors import ClientClosed, NotUsable

Http = TypeVar("Http")


class Connections(Generic[Http]):
    """What keeps the connections of a client: one in each process.

    Parameters
    ----------
    make
        Makes an ``httpx.Client``, or an ``httpx.AsyncClient``.
    """

    def __init__(self, make: Callable[[], Http]) -> None:
        self._make = make
        # What another process has made stays here, so that nothing of it is ever closed.
        self._of_process: dict[int, Http] = {}
        self._dropped: list[Http] = []
        self._closed = False

    @property
    def http(self) -> Http:
        """What keeps the connections of this process.

        Raises
        ------
        ClientClosed, NotUsable
        """
        if self._closed:
            raise ClientClosed("The client is closed.")
        process = os.getpid()
        found = self._of_process.get(process)
        if found is None:
            try:
                made = self._make()
            except (ImportError, ValueError, httpx.InvalidURL) as error:
                # A proxy that the environment names, for instance.
                raise NotUsable(f"No connection can be made: {error}") from error
            # Another thread may have been first.
            found = self._of_process.setdefault(process, made)
        return found

    def drop(self, http: Http) -> None:
        """Use those connections for no other request: whose replies they carry is not known."""
        process = os.getpid()
        if self._of_process.get(process) is http:
            # Other threads may still be reading from it.
            self._dropped.append(self._of_process.pop(process))

    def close(self) -> list[Http]:
        """Let nothing more be sent; return what has to be closed."""
        self._closed = True
        found = [*self._dropped, *filter(None, [self._of_process.pop(os.getpid(), None)])]
        self._dropped.clear()
        return found
