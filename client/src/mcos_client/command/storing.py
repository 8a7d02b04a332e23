"""Storing content the way that people expect, which is more than one call."""

import mimetypes
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated

import typer

from mcos_client import (
    Client,
    Clock,
    ContentTooLarge,
    ObjectBeingDeleted,
    ObjectExists,
    ObjectFailed,
    ObjectNotFound,
    PreconditionFailed,
    Written,
)
from mcos_client.client import OCTET_STREAM
from mcos_client.command.locations import Location

LARGEST_CONTENT = 4_500_000
"""Bytes that one call carries."""

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


class IfThere(Enum):
    """What to do about the object that has the name."""

    REPLACE = "make the object, or replace it"
    REFUSE = "make the object; refuse if it is there"
    REQUIRE = "replace the object; refuse if it is not there"


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
        Seconds that ``wait`` may take.
    """

    if_there: IfThere = IfThere.REPLACE
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    storage_policy: str | None = None
    wait: bool | None = None
    timeout: float = 60.0


def store(
    client: Client, clock: Clock, where: Location, content: bytes, storing: Storing
) -> Written:
    """Store an object; what was written, as it is in the end.

    Raises
    ------
    McosError
    ObjectFailed
        It was taken, and then nothing could be stored.
    """
    written = _write(client, clock, where, content, storing)
    if not storing.wait or written.state == "CREATED":
        return written
    stat = client.wait_until_settled(where.container, where.name, timeout=storing.timeout)
    if stat is None:
        raise ObjectNotFound(f"Object {where.name!r} was deleted meanwhile.")
    if stat.state == "FAILED":
        raise ObjectFailed(stat.reason or f"Object {where.name!r} could not be stored.")
    stored = sum(one.state != "writing" for one in stat.replicas)
    return replace(written, state=stat.state, replicas=(stored, len(stat.replicas)))


def checked_size(content: bytes, name: str) -> bytes:
    """``content``, if a call carries it.

    Raises
    ------
    ContentTooLarge
    """
    if len(content) > LARGEST_CONTENT:
        raise ContentTooLarge(f"{name} holds more than {LARGEST_CONTENT:,} bytes.")
    return content


def guessed_type(name: str, content: bytes) -> str:
    """Media type that a name suggests.

    Bytes that are not text are not called text: a gateway may take that word and replace them.
    """
    guessed, encoding = mimetypes.guess_type(name, strict=False)
    if guessed is None or encoding is not None:
        return OCTET_STREAM
    if guessed.startswith(("image/", "audio/", "video/", "font/")) and "xml" not in guessed:
        return guessed
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return OCTET_STREAM
    return guessed


def preference(wait: bool | None) -> str | None:
    """The ``prefer`` of a call; 25 seconds are the API's longest wait."""
    if wait is None:
        return None
    return "wait=25" if wait else "respond-async"


def _write(
    client: Client, clock: Clock, where: Location, content: bytes, storing: Storing
) -> Written:
    content_type = storing.content_type or guessed_type(where.name, content)

    # A create under a condition may be sent again after a lost reply, one without it may not.
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
        except (ObjectExists, PreconditionFailed, ObjectBeingDeleted):
            pass  # whether it is there to stay is what the update says
        try:
            return update()
        except ObjectNotFound:
            if clock.now() > deadline:
                raise
        except ObjectBeingDeleted as error:
            if clock.now() > deadline:
                raise
            clock.sleep(error.retry_after or 1.0)
