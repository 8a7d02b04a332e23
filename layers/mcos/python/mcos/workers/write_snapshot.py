"""write_snapshot: write all of the catalog to every backend, part by part.

A snapshot is fuzzy: it is read while the catalog changes, and is exact together with the journal's
segments since a few minutes before it was begun. Its state is an item of the registry, so that any
call continues where the one before ended.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from mcos import clock
from mcos.catalog import journaled, registry
from mcos.catalog.journaled import TABLES, Entry
from mcos.catalog.registry import current_registry
from mcos.journal import deliver
from mcos.journal.files import ACCOUNT, complete_key, pack, part_key
from mcos.journal.tool import digest_of, tool
from mcos.model.clusters import Cluster, Deployment
from mcos.model.digests import digests_of
from mcos.model.journal import Part, Snapshot, Snapshots
from mcos.model.versions import Removal
from mcos.replicas import repair_queue
from mcos.replicas.sealing import is_sealing

_log = logging.getLogger(__name__)

_EVERY = timedelta(days=7)
# Until a cluster that could not take the last one is tried again.
_AGAIN = timedelta(hours=6)

_PART_RECORDS = 20_000
# A page has a megabyte at most. More of them, of large records, do not fit into the memory.
_PART_PAGES = 40
# What one call of put_replica carries, in base64.
_PART_BYTES = 4_000_000
_PAGE = 500
# With more parts the state would not fit into an item, of 400 KB: others have those before.
_PARTS = 500
_NOTED = timedelta(days=30)

_SHRUNK = 0.8
"""A table with fewer of its records than this share of the last snapshot's has lost some."""

_COME_AND_GO = {"deleted", "registry"}
"""Tables whose records go by themselves: what is deleted once it is due, revocations of tokens."""

# Until one is written again after one that was refused, if no operator gives a word.
_AFTER_REFUSAL = timedelta(days=1)


def write_snapshot(*, seconds: float, now: bool = False, accept_smaller: bool = False) -> str:
    """Begin a snapshot if one is due, or continue the one that was begun.

    Parameters
    ----------
    seconds
        Time after which no further part is begun.
    now
        Whether to begin one although none is due.
    accept_smaller
        An operator's word: the catalog is right although it has many fewer records than before.

    Returns
    -------
    ``not due``, ``begun``, ``complete``, ``refused`` or ``interrupted``.
    """
    until = clock.elapsed() + seconds
    given = current_registry(fresh=True)
    document = registry.read(registry.JOURNAL, registry.SNAPSHOT)
    state = Snapshots.from_json(document or {})
    if not given.deployment.id:
        return "not due"
    if state.running is None:
        if not now and not _is_due(state, deliver.receivers()):
            _lay_tool_beside(state, before=document)
            return "not due"
        if not (now or accept_smaller) and _is_refused(state):
            return "refused"  # all of it would be written in vain, every hour
        begun = Snapshot(id=clock.new_id(), begun_at=clock.now(), tables=tuple(TABLES))
        state = replace(state, running=begun, refused=None, refused_at=None)
    running = state.running
    assert running is not None
    while running.tables:
        if clock.elapsed() > until:
            return "begun"
        running = _noted(_next_part(running, given.deployment))
        state = replace(state, running=running)
        if not registry.replace(
            registry.JOURNAL, registry.SNAPSHOT, following := state.as_json(), before=document
        ):
            return "interrupted"  # another call works on it
        document = following
    outcome, state = _completed(state, running, given.deployment, accept_smaller=accept_smaller)
    if not registry.replace(registry.JOURNAL, registry.SNAPSHOT, state.as_json(), before=document):
        return "interrupted"
    _forget_parts(running)
    _lay_tool_beside(state, before=state.as_json())
    return outcome


def _is_due(state: Snapshots, clusters: list[Cluster]) -> bool:
    last, now = state.last, clock.moment()
    if last is None:
        return True
    age = now - datetime.fromisoformat(last.begun_at)
    if age > _EVERY:
        return True
    up = [one for one in clusters if one.is_up]
    if any((one.health.returned_at or "") > last.begun_at for one in up):
        return True  # it was away for long, or has lost the journal
    return age > _AGAIN and any(
        one.name not in last.complete_on or registry.missed_at(one.name) > last.begun_at
        for one in up
    )


def _is_refused(state: Snapshots) -> bool:
    since = clock.text(clock.moment() - _AFTER_REFUSAL)
    return state.refused is not None and (state.refused_at or "") > since


def _next_part(running: Snapshot, deployment: Deployment) -> Snapshot:
    """Read and deliver the next part, or two if it is too large for one call."""
    table = running.tables[0]
    entries: list[Entry] = []
    cursor = running.cursor
    for _ in range(_PART_PAGES):
        page = journaled.scan(table, cursor, limit=_PAGE, secrets=is_sealing())
        entries += page.entries
        cursor = page.cursor
        if cursor is None or len(entries) >= _PART_RECORDS:
            break
    tables = running.tables if cursor is not None else running.tables[1:]
    parts = list(running.parts)
    missed = set(running.missed)
    for packed, records in _packed(entries, deployment):
        number = len(running.noted) * _PARTS + len(parts)
        key = part_key(deployment.id, running.id, table, number)
        digest = sha256(packed).hexdigest()
        parts.append(Part(key, table, records, digest, digests_of(packed).md5, len(packed)))
        missed |= {
            one.name
            for one in deliver.receivers()
            if one.name not in missed and not deliver.deliver(one, key, packed)
        }
    return replace(
        running,
        parts=tuple(parts),
        missed=tuple(sorted(missed)),
        cursor=cursor,
        tables=tables,
        # Now, not when the last file is delivered, so that this is the same each time.
        completed_at=None if tables else clock.now(),
        generation=deployment.generation,
    )


def _noted(running: Snapshot) -> Snapshot:
    """Note parts in an item of their own, if there are too many for that of the state."""
    if len(running.parts) < _PARTS:
        return running
    name = f"{registry.SNAPSHOT}/{running.id}/{clock.new_id()}"
    document = {"parts": [list(one) for one in running.parts]}
    until = clock.moment() + _NOTED
    registry.write(registry.JOURNAL, name, document, expires=int(until.timestamp()))
    return replace(running.without_parts(), noted=(*running.noted, name))


def _all_parts(running: Snapshot) -> list[Part] | None:
    """Return all parts of a snapshot; None: it took so long that some are not noted any more."""
    found: list[Part] = []
    for name in running.noted:
        document = registry.read(registry.JOURNAL, name)
        if document is None:
            return None
        found += (Part(*one) for one in document["parts"])
    return [*found, *running.parts]


def _forget_parts(running: Snapshot) -> None:
    """Have the items go that have the parts of a snapshot that is over."""
    for name in running.noted:
        registry.write(registry.JOURNAL, name, {"parts": []}, expires=0)


def _packed(entries: list[Entry], deployment: Deployment) -> Iterator[tuple[bytes, int]]:
    packed = pack(entries, deployment, kind="snapshot", written_at=clock.now())
    if len(packed) <= _PART_BYTES or len(entries) < 2:
        yield packed, len(entries)
        return
    middle = len(entries) // 2
    yield from _packed(entries[:middle], deployment)
    yield from _packed(entries[middle:], deployment)


def _completed(
    state: Snapshots, running: Snapshot, deployment: Deployment, *, accept_smaller: bool
) -> tuple[str, Snapshots]:
    """Complete a snapshot whose parts are all delivered, unless the catalog has shrunk."""
    counts = running.counts
    before: Mapping[str, int] = state.last.counts if state.last else {}
    shrunk = sorted(
        name
        for name, number in before.items()
        if name not in _COME_AND_GO and counts.get(name, 0) < _SHRUNK * number
    )
    if shrunk and not accept_smaller:
        reason = ", ".join(f"{name}: {before[name]} to {counts.get(name, 0)}" for name in shrunk)
        _log.error("a snapshot is refused, because the catalog has shrunk: %s", reason)
        return "refused", replace(state, running=None, refused=reason, refused_at=clock.now())
    parts = _all_parts(running)
    if parts is None:
        _log.error("a snapshot took too long: it is begun anew")
        return "interrupted", replace(state, running=None)
    last = _complete(running, parts, deployment)
    done = replace(
        running,
        complete_on=tuple(
            sorted(
                one.name
                for one in deliver.receivers()
                if one.name not in running.missed
                and deliver.deliver(one, complete_key(deployment.id, running.id), last)
            )
        ),
    )
    # The tool is written again with each snapshot: the backend may have lost it too.
    return "complete", Snapshots(last=replace(done.without_parts(), noted=()))


def _lay_tool_beside(state: Snapshots, *, before: Mapping[str, Any] | None) -> None:
    """Have every backend keep the rescue tool of this release beside the journal.

    A key is written once, so an older release's tool is removed first, and this one is written by a
    later call.
    """
    files = tool()
    digest = digest_of(files)
    done = set(state.tool_on) if state.tool == digest else set()
    lacking = [one for one in deliver.receivers() if one.is_up and one.name not in done]
    if not files or not lacking:
        return
    for cluster in lacking:
        missing = [key for key in files if not deliver.deliver(cluster, key, files[key])]
        for key in missing:
            old = Removal(cluster.name, key.removeprefix(f"{ACCOUNT}/"))
            message = repair_queue.remove_message(ACCOUNT, old)
            repair_queue.send(cluster.repair_queue_url, message)
        if not missing:
            done.add(cluster.name)
    following = replace(state, tool=digest, tool_on=tuple(sorted(done)))
    registry.replace(registry.JOURNAL, registry.SNAPSHOT, following.as_json(), before=before)


def _complete(running: Snapshot, parts: list[Part], deployment: Deployment) -> bytes:
    """Return the last file of a snapshot; the same each time, because a key is written once."""
    document = {
        "format": 1,
        "deployment": deployment.id,
        "generation": running.generation,
        "begun_at": running.begun_at,
        "completed_at": running.completed_at,
        "parts": [one._asdict() for one in parts],
        "counts": running.counts,
    }
    return json.dumps(document, indent=1).encode() + b"\n"
