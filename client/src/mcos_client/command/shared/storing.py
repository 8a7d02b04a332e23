"""Storing content the way that people expect, which is more than one call."""

import mimetypes
from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from mcos_client import Client, IfThere, ObjectStat, Written
from mcos_client.api import objects
from mcos_client.api.writing import OCTET_STREAM, check_headers
from mcos_client.command.names.locations import Location
from mcos_client.command.shared.progress import NO_BAR, Bar
from mcos_client.command.shared.session import Session
from mcos_client.content import as_settled
from mcos_client.transfer.source import FileSource, StreamSource, source_of
from mcos_client.transfer.upload import PARALLEL

WAIT_BYTES_A_SECOND = 5 * 1024**2
"""How fast replicas are taken to be written, at least."""

_MARKS = {"stored": "\N{CHECK MARK}", "writing": "\N{HORIZONTAL ELLIPSIS}"}

Wait = Annotated[
    bool | None,
    typer.Option(
        "--wait/--no-wait",
        help="Return when it is done, or when it is taken; the cluster's default if left out.",
    ),
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait, at most.", min=0)]
WaitTimeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        help="Seconds that --wait may take; a minute and one for each 5 MiB if left out.",
        min=0,
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="NAME=VALUE",
        help="A header that comes back with the content, such as Cache-Control; may be repeated.",
    ),
]
Parallel = Annotated[
    int, typer.Option(help="Parts or ranges of one content that go at once.", min=1, max=64)
]
Transfers = Annotated[int, typer.Option(help="Files that go at once.", min=1, max=64)]


@dataclass(frozen=True)
class Storing:
    """How to store.

    Attributes
    ----------
    content_type
        Guessed from the name if None.
    wait
        True: until every replica is stored; False: until the request is durable; None: as the
        cluster does by default.
    timeout
        Seconds that ``wait`` may take; None: more for what is larger.
    parallel, part_size, resume
        As for ``Client.upload``.
    """

    if_there: IfThere = "replace"
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    storage_policy: str | None = None
    wait: bool | None = None
    timeout: float | None = None
    parallel: int = PARALLEL
    part_size: int | None = None
    resume: str | None = None


def store(
    session: Session,
    client: Client,
    where: Location,
    content: Path | BinaryIO | StreamSource,
    storing: Storing,
    bar: Bar = NO_BAR,
) -> Written:
    """Store an object of any size, and give its state in the end.

    Raises
    ------
    McosError, OSError
    ObjectFailed
        It was taken, and could not be stored.
    """
    source = source_of(content)
    try:
        content_type = storing.content_type
        if content_type is None:
            whole = source.within(objects.LARGEST_CALL)
            content_type = guess_type(
                where.name, source.head if whole is None else whole, whole=whole is not None
            )
        if isinstance(source, FileSource) and source.size > objects.LARGEST_CALL:
            session.hints["the same command goes on where it was; see mcos uploads."] = None
        written = client.put_object(
            where.container,
            where.name,
            source,
            if_there=storing.if_there,
            content_type=content_type,
            metadata=storing.metadata,
            headers=storing.headers,
            prefer=preference(storing.wait),
            storage_policy=storing.storage_policy,
            part_size=storing.part_size,
            parallel=storing.parallel,
            on_progress=bar.on_progress,
            journal=session.journal,
            resume=storing.resume,
        )
    finally:
        source.close()
    return settled(client, where, written, storing, bar)


def settled(
    client: Client, where: Location, written: Written, storing: Storing, bar: Bar
) -> Written:
    """Wait for what was taken, if that is wanted, and give its state then.

    Raises
    ------
    McosError
    ObjectFailed
        It was taken, and could not be stored.
    """
    if not storing.wait or written.state == "CREATED":
        return written
    return as_settled(written, _wait(client, where, written, storing, bar))


def _wait(
    client: Client, where: Location, written: Written, storing: Storing, bar: Bar
) -> ObjectStat | None:
    """Wait until every replica is stored, and show them."""
    timeout = storing.timeout
    if timeout is None:
        timeout = 60.0 + written.size / WAIT_BYTES_A_SECOND
    if not bar.shown:
        return client.wait_until_settled(where.container, where.name, timeout=timeout)
    last = None
    for last in client.watch_object(where.container, where.name, timeout=timeout, look=1):
        replicas = last.pending[-1].replicas if last.pending else last.replicas
        bar.tell(" ".join(f"{one.cluster} {_MARKS.get(one.state, one.state)}" for one in replicas))
    return last if last is not None and last.settled else None


def guess_type(name: str, content: bytes, *, whole: bool = True) -> str:
    """Guess a media type from a name, for content or (not ``whole``) its first bytes.

    Bytes that are not text are not called text: a gateway may take that word and replace them.
    """
    guessed, encoding = mimetypes.guess_type(name, strict=False)
    if guessed is None or encoding is not None:
        return OCTET_STREAM
    if guessed.startswith(("image/", "audio/", "video/", "font/")) and "xml" not in guessed:
        return guessed
    try:
        getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError:
        return OCTET_STREAM
    return guessed


def pairs_of(given: list[str] | None) -> dict[str, str]:
    """Read ``KEY=VALUE`` of an option that may be repeated; the value is all behind the first =.

    Raises
    ------
    typer.BadParameter
    """
    pairs: dict[str, str] = {}
    for pair in given or ():
        key, equals, value = pair.partition("=")
        if not key or not equals or not pair.isascii() or not pair.isprintable():
            raise typer.BadParameter(f"{pair!r} must be KEY=VALUE in printable ASCII.")
        pairs[key] = value
    return pairs


def headers_of(given: list[str] | None) -> dict[str, str]:
    """Read the headers of content that were given.

    Raises
    ------
    typer.BadParameter, InvalidHeader
    """
    return check_headers(pairs_of(given))


def preference(wait: bool | None) -> str | None:
    """Make the ``prefer`` of a call; 25 seconds are the API's longest wait."""
    if wait is None:
        return None
    return "wait=25" if wait else "respond-async"
