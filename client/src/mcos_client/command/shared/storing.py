"""Storing content the way that people expect, which is more than one call."""

import mimetypes
from codecs import getincrementaldecoder
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from mcos_client import (
    Client,
    Clock,
    ObjectExists,
    ObjectNotFound,
    ObjectStat,
    PreconditionFailed,
    Written,
)
from mcos_client.api import objects
from mcos_client.api.objects import OCTET_STREAM
from mcos_client.command.names.locations import Location
from mcos_client.command.shared.progress import NO_BAR, Bar
from mcos_client.command.shared.session import Session
from mcos_client.content import as_settled
from mcos_client.transfer.source import Content, FileSource, Source, StreamSource, source_of
from mcos_client.transfer.upload import PARALLEL, Action

WAIT_BYTES_A_SECOND = 5 * 1024**2
"""How fast replicas are taken to be written, at least."""

_MARKS = {"stored": "\N{CHECK MARK}", "writing": "\N{HORIZONTAL ELLIPSIS}"}

LONGEST_DELETE = 30.0
"""Seconds to wait for a delete that is under way to free the name."""

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
Parallel = Annotated[
    int, typer.Option(help="Parts or ranges of one content that go at once.", min=1, max=64)
]


class IfThere(Enum):
    """What to do about the object that has the name."""

    REPLACE = "make the object, or replace it"
    REFUSE = "make the object; refuse if it is there"
    REQUIRE = "replace the object; refuse if it is not there"


_ACTIONS: dict[IfThere, Action] = {
    IfThere.REPLACE: "replace",
    IfThere.REFUSE: "create",
    IfThere.REQUIRE: "update",
}


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

    if_there: IfThere = IfThere.REPLACE
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
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
    McosError, OSError, httpx.TransportError
    ObjectFailed
        It was taken, and could not be stored.
    """
    source = source_of(content)
    try:
        small = source.within(objects.LARGEST_CALL) if storing.resume is None else None
        head = source.head if isinstance(source, StreamSource) else _head(source)
        content_type = storing.content_type or guess_type(
            where.name, head if small is None else small, whole=small is not None
        )
        storing = replace(storing, content_type=content_type)
        again: Content = content if isinstance(source, FileSource) else source
        if small is not None:
            written = _write(client, session.clock, where, small, storing)
            bar.moved(len(small), len(small))
        else:
            written = _upload(session, client, where, again, storing, bar)
    finally:
        source.close()
    if not storing.wait or written.state == "CREATED":
        return written
    return as_settled(written, _wait(client, where, written, storing, bar))


def _head(source: Source) -> bytes:
    if source.size == 0:
        return b""
    return next(iter(source.whole().pieces()))


def _upload(
    session: Session,
    client: Client,
    where: Location,
    content: Content,
    storing: Storing,
    bar: Bar,
) -> Written:
    action = _ACTIONS[storing.if_there]
    if isinstance(content, Path):
        session.hints["the same command goes on where it was; see mcos uploads."] = None

    def send() -> Written:
        return client.upload(
            where.container,
            where.name,
            content,
            action=action,
            content_type=storing.content_type or OCTET_STREAM,
            metadata=storing.metadata,
            storage_policy=storing.storage_policy,
            part_size=storing.part_size,
            parallel=storing.parallel,
            on_progress=bar.on_progress,
            journal=session.journal,
            resume=storing.resume,
        )

    if not isinstance(content, Path) or action != "replace":
        return send()
    deadline = session.clock.now() + LONGEST_DELETE
    while True:
        try:
            return send()
        except (ObjectExists, ObjectNotFound):
            # Another client made or deleted it while it was on its way.
            if session.clock.now() > deadline:
                raise
            session.clock.sleep(1.0)


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


def preference(wait: bool | None) -> str | None:
    """Make the ``prefer`` of a call; 25 seconds are the API's longest wait."""
    if wait is None:
        return None
    return "wait=25" if wait else "respond-async"


def _write(
    client: Client, clock: Clock, where: Location, content: bytes, storing: Storing
) -> Written:
    content_type = storing.content_type or OCTET_STREAM

    # A create with a condition may be repeated after a lost reply, one without may not.
    def create() -> Written:
        return client.create_object(
            where.container,
            where.name,
            content,
            content_type=content_type,
            metadata=storing.metadata,
            prefer=preference(storing.wait),
            if_none_match="*",
            storage_policy=storing.storage_policy,
        )

    def update() -> Written:
        return client.update_object(
            where.container,
            where.name,
            content,
            content_type=content_type,
            metadata=storing.metadata,
            prefer=preference(storing.wait),
            storage_policy=storing.storage_policy,
        )

    if storing.if_there is IfThere.REFUSE:
        return create()
    if storing.if_there is IfThere.REQUIRE:
        return update()
    deadline = clock.now() + LONGEST_DELETE
    while True:
        try:
            return create()
        except (ObjectExists, PreconditionFailed):
            pass  # the update says whether it is there to stay
        try:
            return update()
        except ObjectNotFound:
            if clock.now() > deadline:
                raise
