"""The calls that content of any size goes with, either way."""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from mcos_client.api import objects
from mcos_client.api.calls import UserCalls
from mcos_client.api.method import Sends
from mcos_client.api.models import Download, Downloaded, ObjectStat, Written
from mcos_client.api.writing import OCTET_STREAM, Action, IfThere, Writing, putting
from mcos_client.errors import NotSettled, ObjectFailed, ObjectNotFound
from mcos_client.sending.connection import Connection
from mcos_client.transfer.download import download_to
from mcos_client.transfer.journal import Journal
from mcos_client.transfer.progress import OnProgress, Progress
from mcos_client.transfer.read import ObjectFile, locate, read_elsewhere, read_range
from mcos_client.transfer.source import PIECE, Content, source_of
from mcos_client.transfer.upload import PARALLEL, Uploading


class ContentCalls(UserCalls, Sends):
    """The calls of ``Client``, with content of any size."""

    _connection: Connection

    def put_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        if_there: IfThere = "replace",
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        prefer: str | None = None,
        storage_policy: str | None = None,
        part_size: int | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
        journal: Journal | None = None,
        resume: str | None = None,
    ) -> Written:
        """Store content of any size: by one call if that carries it, else by an upload.

        What goes by an upload is taken asynchronously, whatever ``prefer`` says;
        ``wait_until_settled`` waits for it.

        Parameters
        ----------
        content
            Bytes, the path of a file, a binary file, or an iterable of bytes (of ``AsyncClient``
            also an asynchronous one).
        if_there
            What to do about an object that has the name: ``"replace"`` it, or make one if there is
            none; ``"refuse"``: only make one; ``"require"``: only replace one.
        headers
            Headers of the content, which come back with it: ``Cache-Control``,
            ``Content-Disposition``, ``Content-Encoding`` (of bytes that are encoded),
            ``Content-Language``, ``Expires``.
        storage_policy
            Rule of its placement; that of the object, or of the container, if None.
        part_size, parallel, on_progress, journal, resume
            As for ``upload``.

        Raises
        ------
        ObjectExists, PreconditionFailed
            There is one, which had to be refused.
        ObjectNotFound
            There is none, which was required.
        """
        how = putting(
            if_there,
            content_type=content_type,
            metadata=metadata,
            headers=headers,
            storage_policy=storage_policy,
        )
        return self._store(
            container,
            name,
            content,
            how,
            prefer,
            part_size=part_size,
            parallel=parallel,
            on_progress=on_progress,
            journal=journal,
            resume=resume,
        )

    def create_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Make an object of ``content``.

        Content that is too large for one call goes through an upload (see there), which is taken
        asynchronously: it is waited for only if ``prefer`` is ``"wait=N"``.

        Parameters
        ----------
        content
            Bytes, the path of a file, a binary file, or an iterable of bytes (of ``AsyncClient``
            also an asynchronous one).
        headers
            As for ``put_object``.
        storage_policy
            Rule of its placement; that of the container if None.
        """
        how = Writing(
            action="create",
            content_type=content_type,
            metadata=metadata,
            headers=headers,
            storage_policy=storage_policy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        return self._store(container, name, content, how, prefer, settle=True)

    def update_object(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        prefer: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
    ) -> Written:
        """Replace an object's content with all that describes it.

        Parameters
        ----------
        content
            As for ``create_object``.
        headers
            As for ``put_object``.
        storage_policy
            Rule of its placement; the one that the object has if None.
        """
        how = Writing(
            action="update",
            content_type=content_type,
            metadata=metadata,
            headers=headers,
            storage_policy=storage_policy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        return self._store(container, name, content, how, prefer, settle=True)

    def download_object(
        self,
        container: str,
        name: str,
        *,
        range_: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Download:
        """Get an object's bytes, checked against their SHA-256 if they are whole.

        They are held in memory; ``download_to``, ``open_object`` and ``stream_object`` hold little.

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

    def upload(
        self,
        container: str,
        name: str,
        content: Content,
        *,
        action: Action = "create",
        content_type: str = OCTET_STREAM,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        storage_policy: str | None = None,
        part_size: int | None = None,
        expires_in: int | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
        journal: Journal | None = None,
        resume: str | None = None,
    ) -> Written:
        """Store content of any size; return when it is taken, as ``respond-async`` does.

        It goes to a storage service, never through the API: as one up to 64 MiB, else in parts.
        A part that fails is sent again. Memory is bounded: files are read as they are sent; of
        content that can be read only once, ``parallel`` parts of 16 MiB are held.

        Parameters
        ----------
        content
            As for ``create_object``.
        action
            ``create``, ``update``, or ``replace``: the one or the other.
        headers
            As for ``put_object``.
        part_size
            Bytes of each part but the last, 5 MiB to 5 GiB. There are at most 10,000 parts, so a
            stream of more than 156 GiB needs larger ones than 16 MiB.
        expires_in
            Seconds until an incomplete upload is removed; seven days if left out.
        on_progress
            Called with the bytes that are done and their total (None: unknown), by any thread.
        journal
            Where uploads of paths are noted, so that an interrupted one goes on when the same
            upload is asked for again.
        resume
            Id of an upload to continue.

        Raises
        ------
        SourceChanged
            The content changed meanwhile; nothing was stored.
        StorageUnreachable, StorageRefused
        """
        how = Writing(
            action=action,
            content_type=content_type,
            metadata=metadata,
            headers=headers,
            storage_policy=storage_policy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
        source = source_of(content)
        try:
            return Uploading(
                self._connection,
                container,
                name,
                source,
                how,
                part_size=part_size,
                expires_in=expires_in,
                parallel=parallel,
                on_progress=on_progress,
                journal=journal,
                upload=resume,
            ).run()
        finally:
            source.close()

    def download_to(
        self,
        container: str,
        name: str,
        target: os.PathLike[str] | BinaryIO,
        *,
        if_match: str | None = None,
        parallel: int = PARALLEL,
        on_progress: OnProgress | None = None,
    ) -> Downloaded:
        """Download an object of any size into a file, named or open for writing.

        A file is whole, checked by SHA-256, or untouched: large content arrives in
        ``FILE.mcos-part``, where an interrupted download goes on when it is asked for again. A
        file that is open gets the bytes in order, the last piece after they were checked.

        Raises
        ------
        ObjectChanged
            The version was replaced while it was read (for a named file, only with ``if_match``).
        """
        return download_to(
            self._connection,
            container,
            name,
            target,
            parallel=parallel,
            if_match=if_match,
            on_progress=on_progress,
        )

    def open_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> io.BufferedReader:
        """Open an object of any size as a binary file that can be read and sought.

        It is one version, whatever becomes of the object; when that cannot be read any more,
        ``ObjectChanged`` is raised. A read from the first byte to the last is checked.
        """
        content = locate(self._connection, container, name, if_match=if_match)
        return io.BufferedReader(ObjectFile(content), PIECE)

    def stream_object(
        self, container: str, name: str, *, if_match: str | None = None
    ) -> Iterator[bytes]:
        """Get an object's bytes piece by piece; the last one after all were checked."""
        content = locate(self._connection, container, name, if_match=if_match)
        if isinstance(content, Download):
            yield content.content
        else:
            yield from content.whole()

    def read_range(
        self, container: str, name: str, first: int, end: int, *, etag: str, version: str
    ) -> bytes:
        """Get bytes ``first`` to ``end``, exclusive, of the version that ``stat_object`` showed.

        Raises
        ------
        ObjectChanged
            The object has another version.
        """
        return read_range(self._connection, container, name, first, end, etag=etag, version=version)

    def stop_transfers(self) -> None:
        """Make all transfers of this client end with ``TransferStopped``, in other threads too."""
        self._connection.stop()

    def _store(
        self,
        container: str,
        name: str,
        content: Content,
        how: Writing,
        prefer: str | None,
        *,
        on_progress: OnProgress | None = None,
        resume: str | None = None,
        settle: bool = False,
        **uploading: Any,
    ) -> Written:
        """Store content by one call if that carries it, else by an upload.

        Parameters
        ----------
        settle
            Wait for an upload, too, as ``prefer`` asks.
        uploading
            What only an upload needs, as for ``Uploading``.
        """
        source = source_of(content)
        try:
            small = None if resume is not None else source.within(objects.LARGEST_CALL)
            if small is None:
                written = Uploading(
                    self._connection,
                    container,
                    name,
                    source,
                    how,
                    on_progress=on_progress,
                    upload=resume,
                    **uploading,
                ).run()
                return self._preferred(written, prefer) if settle else written
        finally:
            source.close()
        written = self._send(objects.write_object(container, name, small, how, prefer=prefer))
        Progress(len(small), on_progress).move(len(small))
        return written

    def _preferred(self, written: Written, prefer: str | None) -> Written:
        """Wait as ``prefer`` asks, and give the state after that."""
        if prefer is None or not prefer.startswith("wait="):
            return written
        seconds = float(prefer.removeprefix("wait="))
        try:
            stat = self.wait_until_settled(written.container, written.name, timeout=seconds)
        except NotSettled:
            return written  # that was all the time there was
        return as_settled(written, stat)


def as_settled(written: Written, stat: ObjectStat | None) -> Written:
    """Give a write its state in the end.

    Raises
    ------
    ObjectFailed, ObjectNotFound
    """
    if stat is None:
        raise ObjectNotFound(f"Object {written.name!r} was deleted meanwhile.")
    if stat.state == "FAILED":
        raise ObjectFailed(stat.reason or f"Object {written.name!r} could not be stored.")
    stored = sum(one.state != "writing" for one in stat.replicas)
    return replace(written, state=stat.state, etag=stat.etag, replicas=(stored, len(stat.replicas)))
