"""digest_content: compute the digests of staged content, as far as the time allows."""

from contextlib import closing, suppress
from dataclasses import replace

from mcos import clock
from mcos.catalog import objects
from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.messages import DigestResult, RunningDigestsJson, Source
from mcos.model.objects import ObjectRecord
from mcos.model.running_digests import RunningDigests
from mcos.model.versions import Version
from mcos.replicas.source import READ_ERRORS, SourceMissing, open_part
from mcos.versions import dispose
from mcos.versions.execution import guess_of, replica_of

_PIECE_BYTES = 1024 * 1024

_BESIDE_BYTES = 60_000
"""More than there is beside the record in an execution's input without inline content."""


def digest_content(
    guess: ObjectRecord,
    version: Version,
    content: Source,
    digests: RunningDigestsJson | None,
    *,
    seconds: float,
) -> DigestResult:
    """Continue the digests of a version, and record them once they are complete.

    Harmless to repeat. A version whose content is missing, or does not have the digests that its
    sender gave, is abandoned: the object becomes FAILED, or keeps its current version.

    Parameters
    ----------
    guess
        The record as it was when the version was accepted, or as it was read.
    content
        Where the bytes are staged: see ``mcos.replicas.source``.
    digests
        The ``digests`` of the previous call's result; None: this is the first call.
    seconds
        Time after which this call stops reading.

    Returns
    -------
    Changes to the execution's input: ``digests`` for the next call; ``record`` and ``replica`` with
    the complete digests; or an ``outcome`` that ends the execution.

    Raises
    ------
    NotRead
        No byte could be read now.
    """
    running = (
        RunningDigests(version.part_size) if digests is None else RunningDigests.from_json(digests)
    )
    try:
        _read(guess.account, version, content, running, until=clock.elapsed() + seconds)
    except SourceMissing:
        return _refuse(guess, version, "The staged content is missing.")
    if running.position < version.size:
        return {"digests": running.as_json()}
    found = running.finish()
    if version.md5 not in ("", found.md5) or version.sha256 not in ("", found.sha256):
        return _refuse(guess, version, "The content does not have the digest that its sender gave.")
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
        "record": guess_of(record, accepted, beside=_BESIDE_BYTES),
        "replica": replica_of(record.key, accepted),
        "digests": None,
    }


def _read(
    account: str, version: Version, content: Source, running: RunningDigests, *, until: float
) -> None:
    """Read until the end of the content or of the time.

    Errors after the first byte are ignored: the next call continues.
    """
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
        raise NotRead("no byte of the staged content could be read")


class NotRead(Exception):
    """The staged content cannot be read now; the state machine will try again."""


def _refuse(guess: ObjectRecord, version: Version, reason: str) -> DigestResult:
    def transition(found: ObjectRecord | None) -> ObjectRecord | None:
        following, _ = lifecycle.abandon(found, version.id, reason=reason, forget=False)
        return following

    dispose.dispose(objects.change_guessed(guess.key, transition, guess))
    return {"outcome": Outcome.REFUSED.value}
