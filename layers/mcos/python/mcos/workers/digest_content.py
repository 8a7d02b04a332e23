"""digest_content: compute the digests of a staged content, as much of it as there is time for."""

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from mcos import clock
from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord, Version
from mcos.model.running_digests import RunningDigests
from mcos.replicas.source import READ_ERRORS, Source, SourceMissing, open_part
from mcos.versions import dispose
from mcos.versions.execution import replica_of

_PIECE_BYTES = 1024 * 1024


def digest_content(
    guess: ObjectRecord,
    version: Version,
    content: Source,
    digests: Mapping[str, Any] | None,
    *,
    seconds: float,
) -> dict[str, Any]:
    """Go on with the digests of a version; when they are known, record them.

    Harmless to repeat. What turns out not to be what its user said it is, or to be gone, is given
    up: the object is FAILED and says why, or keeps the version that it has.

    Parameters
    ----------
    guess
        The record as it was when the version was accepted, or as read.
    content
        Where the bytes are staged: see ``mcos.replicas.source``.
    digests
        What the call before has returned; None: this is the first.
    seconds
        After which this call comes to its end.

    Returns
    -------
    Changes of the execution's input: ``{"digests"}``, to go on with; ``{"record", "replica"}``, as
    they are when the digests are known; or ``{"outcome"}``, an ``Outcome`` that ends the execution.
    """
    running = (
        RunningDigests(version.part_size) if digests is None else RunningDigests.from_json(digests)
    )
    try:
        _read(guess.account, version, content, running, until=clock.elapsed() + seconds)
    except SourceMissing:
        return _refuse(guess, version, "The staged content is gone.")
    if running.position < version.size:
        return {"digests": running.as_json()}
    found = running.finish()
    if version.md5 not in ("", found.md5) or version.sha256 not in ("", found.sha256):
        return _refuse(guess, version, "The content is not what its digest says.")
    known = replace(
        version, md5=found.md5, sha256=found.sha256, parts_md5=found.parts_md5, digested=True
    )
    record = objects.change_guessed(
        guess.key, lambda record: lifecycle.record_digests(record, known), guess
    )
    accepted = record.find(version.id) if record else None
    if record is None or accepted is None:
        return {"outcome": Outcome.SUPERSEDED.value}
    return {
        "record": record.as_json(),
        "replica": replica_of(record.account, accepted),
        "digests": None,
    }


def _read(
    account: str, version: Version, content: Source, running: RunningDigests, *, until: float
) -> None:
    """Read on until the end, or until time is up; what breaks after a beginning is no failure."""
    began = running.position
    if began == version.size:
        return
    with suppress(*READ_ERRORS), closing(open_part(account, content, began)) as stream:
        while running.position < version.size and clock.elapsed() < until:
            left = version.size - running.position
            piece = stream.read(min(_PIECE_BYTES, left))
            if not piece:
                break
            running.update(piece)
    if running.position == began:
        raise NotRead("no byte of the staged content came")


class NotRead(Exception):
    """The staged content cannot be read now; the state machine tries again."""


def _refuse(guess: ObjectRecord, version: Version, reason: str) -> dict[str, Any]:
    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        following, _ = lifecycle.abandon(found, version.id, reason=reason, forget=False)
        return following

    dispose.dispose(objects.change_guessed(guess.key, transition, guess))
    return {"outcome": Outcome.REFUSED.value}
