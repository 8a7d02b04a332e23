"""The client."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx

from mcos_client import calls
from mcos_client.errors import NotSettled, ObjectNotFound, Unreachable
from mcos_client.models import (
    Container,
    ContainerPage,
    Download,
    ListedObject,
    ObjectPage,
    ObjectStat,
    Token,
    Written,
)

Result = TypeVar("Result")

OCTET_STREAM = "application/octet-stream"

TIMEOUT = httpx.Timeout(connect=5, read=35, write=35, pool=5)
"""Seconds. The API's longest wait is 25, its gateway gives up after 30."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class Client:
    """A user's access to MCOS through one entry point.

    Parameters
    ----------
    entry_point
        URL of any cluster's entry point.
    token
        What ``login`` gave; not needed if ``login`` is called on this client.
    timeout
        Seconds, or ``httpx.Timeout``.
    transport
        Where requests go instead of the network; for tests.

    Notes
    -----
    ``prefer`` is ``"respond-async"`` (return when the request is durable) or ``"wait=N"`` (return
    when it is done, N seconds at most); without it the cluster's default holds. ``if_match`` and
    ``if_none_match`` are ETags as the API gives them, or ``"*"``. Every method raises a
    subclass of ``McosError``; nothing is tried again by itself.
    """

    def __init__(
        self,
        entry_point: str,
        token: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.entry_point = entry_point.rstrip("/")
        self.token = token
        self._http = httpx.Client(timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def login(self, user_name: str, password: str) -> Token:
        """Get a token, and use it from here on."""
        token = self._send(calls.login(user_name, password))
        self.token = token.token
        return token

    def list_container(
        self,
        *,
        prefix: str | None = None,
        marker: str | None = None,
        limit: int | None = None,
    ) -> ContainerPage:
        """One page of the account's containers. It may be empty and not be the last."""
        return self._send(calls.list_container(prefix=prefix, marker=marker, limit=limit))

    def create_container(self, container: str, *, storage_policy: str | None = None) -> Container:
        """Make a container, or find that it is there already."""
        return self._send(calls.create_container(container, storage_policy=storage_policy))

    def delete_container(self, container: str) -> None:
        """Remove a container that holds no objects."""
        self._send(calls.delete_container(container))

    def list_object(
        self,
        container: str,
        *,
        prefix: str | None = None,
        delimiter: str | None = None,
        marker: str | None = None,
        limit: int | None = None,
    ) -> ObjectPage:
        """One page of a container's objects. It may be empty and not be the last."""
        return self._send(
            calls.list_object(
                container, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
            )
        )

    def create_object(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Written:
        """Make an object of ``content``, at most 4,500,000 bytes."""
        return self._send(
            calls.write_object(
                "POST",
                container,
                name,
                content,
                content_type=content_type,
                metadata=metadata or {},
                prefer=prefer,
                if_match=if_match,
                if_none_match=if_none_match,
            )
        )

    def update_object(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Written:
        """Give an object new content, type and metadata."""
        return self._send(
            calls.write_object(
                "PUT",
                container,
                name,
                content,
                content_type=content_type,
                metadata=metadata or {},
                prefer=prefer,
                if_match=if_match,
                if_none_match=if_none_match,
            )
        )

    def stat_object(self, container: str, name: str) -> ObjectStat:
        """What an object is, with every replica of it."""
        return self._send(calls.stat_object(container, name))

    def download_object(
        self,
        container: str,
        name: str,
        *,
        range_: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Download:
        """An object's bytes, checked against their SHA-256 if they are whole.

        Parameters
        ----------
        range_
            As in HTTP: ``"bytes=0-99"``.

        Raises
        ------
        NotModified
            The object has an ETag that ``if_none_match`` names.
        """
        return self._send(
            calls.download_object(
                container, name, range_=range_, if_match=if_match, if_none_match=if_none_match
            )
        )

    def delete_object(
        self, container: str, name: str, *, prefer: str | None = None, if_match: str | None = None
    ) -> bool:
        """Remove an object; True if that is done, False if it is taken and under way."""
        return self._send(calls.delete_object(container, name, prefer=prefer, if_match=if_match))

    def all_containers(self, *, prefix: str | None = None) -> Iterator[Container]:
        """The account's containers, page by page."""
        marker = None
        while True:
            page = self.list_container(prefix=prefix, marker=marker)
            yield from page.containers
            marker = page.next_marker
            if marker is None:
                return

    def all_objects(self, container: str, *, prefix: str | None = None) -> Iterator[ListedObject]:
        """A container's objects, page by page."""
        marker = None
        while True:
            page = self.list_object(container, prefix=prefix, marker=marker)
            yield from page.objects
            marker = page.next_marker
            if marker is None:
                return

    def wait_until_settled(
        self, container: str, name: str, *, timeout: float = 60.0
    ) -> ObjectStat | None:
        """Wait until nothing is under way for an object.

        Parameters
        ----------
        timeout
            Seconds.

        Returns
        -------
        The object, CREATED or FAILED; None if there is no such object (any more).

        Raises
        ------
        NotSettled
        """
        deadline = time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                stat = self.stat_object(container, name)
            except ObjectNotFound:
                return None
            if stat.settled:
                return stat
            if time.monotonic() + pause > deadline:
                raise NotSettled(f"Object {name!r} is {stat.state} after {timeout} seconds.")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _send(self, call: calls.Call[Result]) -> Result:
        request = call.request(self.entry_point, self.token)
        try:
            response = self._http.send(request)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.entry_point}: {error or type(error).__name__}") from error
        return call.result(response)
