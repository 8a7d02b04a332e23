"""The client."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx

from mcos_client.admin import Admin
from mcos_client.api import containers, objects
from mcos_client.api import login as login_call
from mcos_client.api.call import Call, Result
from mcos_client.api.models import (
    Container,
    ContainerPage,
    Download,
    ListedObject,
    ObjectPage,
    ObjectPlacement,
    ObjectStat,
    Token,
    Written,
)
from mcos_client.errors import McosError, NotSettled, ObjectNotFound
from mcos_client.sending.attempts import Attempts
from mcos_client.sending.clock import Clock
from mcos_client.sending.connection import RETRIES, Connection
from mcos_client.sending.entry_points import EntryPoints
from mcos_client.transfer.read import read_elsewhere
from mcos_client.transfer.source import Content
from mcos_client.transfer.upload import UploadOptions
from mcos_client.transfers import OCTET_STREAM, Transfers

TIMEOUT = httpx.Timeout(connect=5, read=35, write=35, pool=5)
"""Seconds. The API's longest wait is 25, its gateway gives up after 30."""

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""Seconds between two looks at an object that is waited for."""

LONGEST_LOOK = 25
"""Seconds that one look at an object may wait for it to be settled, at most."""


class Client(Transfers):
    """A user's access to MCOS.

    Parameters
    ----------
    entry_point
        URL of any cluster's entry point, or several in the order of preference: one that cannot
        be reached is passed over for a while.
    token
        What ``login`` gave; not needed if ``login`` is called on this client.
    timeout
        Seconds, or ``httpx.Timeout``.
    transport
        Where requests go instead of the network; for tests.
    retries
        How often a call that failed is made again where that is safe, with growing pauses.

    Attributes
    ----------
    admin
        The operators' objects.

    Notes
    -----
    ``prefer`` is ``"respond-async"`` (return when the request is durable) or ``"wait=N"`` (return
    when it is done, N seconds at most); without it the cluster's default holds. ``if_match`` and
    ``if_none_match`` are ETags as the API gives them, or ``"*"``. Every method raises a
    subclass of ``McosError``. One client may be used by several threads.
    """

    def __init__(
        self,
        entry_point: str | Sequence[str],
        token: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        retries: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.token = token
        self.admin = Admin(self._send)
        self._clock = clock or Clock()
        self._entry_points = EntryPoints(entry_point, self._clock)
        self._retries = retries
        self._http = httpx.Client(timeout=timeout, transport=transport)
        self._connection = Connection(self._send_on, self._http, self._clock)

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

    @property
    def entry_point(self) -> str:
        """URL of the entry point that the next call goes to."""
        return self._entry_points.first

    def login(self, user_name: str, password: str) -> Token:
        """Get a token, and use it from here on."""
        token = self._send(login_call.login(user_name, password))
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
        return self._send(containers.list_container(prefix=prefix, marker=marker, limit=limit))

    def create_container(self, container: str, *, storage_policy: str | None = None) -> Container:
        """Make a container, or find that it is there already."""
        return self._send(containers.create_container(container, storage_policy=storage_policy))

    def delete_container(self, container: str) -> None:
        """Remove a container that holds no objects."""
        self._send(containers.delete_container(container))

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
            objects.list_object(
                container, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
            )
        )

    def create_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Make an object of ``content``.

        More than one call carries goes through an upload (see there), which is taken
        asynchronously: it is waited for only if ``prefer`` is ``"wait=N"``.

        Parameters
        ----------
        content
            Bytes, the path of a file, a binary file, or an iterable of bytes.
        storage_policy
            Rule of its placement; that of the container if None.
        """
        options = UploadOptions(
            action="create",
            content_type=content_type,
            metadata=dict(metadata or {}),
            storage_policy=storage_policy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        return self._store("POST", container, name, content, options, prefer)

    def update_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Give an object new content, type and metadata.

        Parameters
        ----------
        content
            As for ``create_object``.
        storage_policy
            Rule of its placement; the one that the object has if None.
        """
        options = UploadOptions(
            action="update",
            content_type=content_type,
            metadata=dict(metadata or {}),
            storage_policy=storage_policy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        return self._store("PUT", container, name, content, options, prefer)

    def stat_object(self, container: str, name: str, *, wait: int | None = None) -> ObjectStat:
        """What an object is, with every replica of it.

        Parameters
        ----------
        wait
            Seconds, 1 to 25, that the answer may take until the object is settled.
        """
        return self._send(objects.stat_object(container, name, wait=wait))

    def locate_object(self, container: str, name: str) -> ObjectPlacement:
        """Where an object is, where its next version would be, and why. It need not exist."""
        return self._send(objects.locate_object(container, name))

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

        They are in memory; ``download_to``, ``open_object`` and ``stream_object`` are for what
        is large.

        Parameters
        ----------
        range_
            As in HTTP: ``"bytes=0-99"``.

        Raises
        ------
        NotModified
            The object has an ETag that ``if_none_match`` names.
        """
        found = self._send(
            objects.download_object(
                container, name, range_=range_, if_match=if_match, if_none_match=if_none_match
            )
        )
        if isinstance(found, Download):
            return found
        return read_elsewhere(self._connection, container, name, found, range_)

    def delete_object(
        self, container: str, name: str, *, prefer: str | None = None, if_match: str | None = None
    ) -> bool:
        """Remove an object; True if that is done, False if it is taken and under way."""
        return self._send(objects.delete_object(container, name, prefer=prefer, if_match=if_match))

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

    def watch_object(
        self, container: str, name: str, *, timeout: float = 60.0, look: int | None = None
    ) -> Iterator[ObjectStat]:
        """What an object is, each time that it changes, until nothing is under way for it.

        It ends without an object that is settled if there is no such object (any more).

        Parameters
        ----------
        timeout
            Seconds.
        look
            Seconds that one look may wait for the end; changes within them are not seen.

        Raises
        ------
        NotSettled
        """
        deadline = self._clock.now() + timeout
        pause = FIRST_PAUSE
        seen = None
        while True:
            left = max(1, int(deadline - self._clock.now()))
            try:
                stat = self.stat_object(
                    container, name, wait=None if look is None else min(look, left)
                )
            except ObjectNotFound:
                return
            if stat != seen:
                yield stat
                seen = stat
            if stat.settled:
                return
            if self._clock.now() + pause > deadline:
                raise NotSettled(f"Object {name!r} is {stat.state} after {timeout:g} seconds.")
            self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

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
        last = None
        for stat in self.watch_object(container, name, timeout=timeout, look=LONGEST_LOOK):
            last = stat
        return last if last is not None and last.settled else None

    def _send(self, call: Call[Result]) -> Result:
        return self._attempt(call, self._retries)

    def _send_on(self, call: Call[Result]) -> Result:
        """A call of a transfer: much is lost with it, and all of them may be made again."""
        return self._attempt(call, max(self._retries, RETRIES))

    def _attempt(self, call: Call[Result], retries: int) -> Result:
        attempts = Attempts(call, self._entry_points, retries)
        while True:
            try:
                return attempts.read(self._http.send(attempts.request(self.token)))
            except (httpx.TransportError, McosError) as error:
                pause = attempts.pause_after(error)
            if pause:
                self._clock.sleep(pause)
