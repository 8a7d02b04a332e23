"""Removal of what the journal does not need any more, on one backend."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcos import clock
from mcos.journal.files import log_folder, snapshot_folder
from mcos.model.clusters import Deployment
from mcos.storage import ReplicaNotFound, StorageBackend

_SNAPSHOTS = 2
"""So many complete snapshots are kept, with the segments that make them exact."""

_KEPT = timedelta(days=30)
_FUZZY = timedelta(days=1)  # far more than the ten minutes that a reader goes back
_UNFINISHED = timedelta(days=7)


@dataclass(frozen=True)
class Tidied:
    """What was done.

    Attributes
    ----------
    removed
        Number of files removed.
    newest
        When the newest segment was written; None: there is none.
    problem
        Why nothing was removed; None: all is well.
    """

    removed: int
    newest: datetime | None
    problem: str | None = None


def tidy(backend: StorageBackend, deployment: Deployment) -> Tidied:
    """Remove old segments, old snapshots and those that were never completed.

    Nothing is removed unless the newest snapshot is whole, by the sizes and MD5s of its parts.

    Raises
    ------
    StorageError
    """
    segments = list(_keys(backend, log_folder(deployment.id)))
    written = [at for key in segments if (at := clock.made_at(_name(key))) is not None]
    newest = max(written, default=None)
    complete, unfinished = _snapshots(backend, deployment)
    if not complete:
        return Tidied(0, newest)
    *old, last = sorted(complete)
    if problem := _problem(backend, last):
        return Tidied(0, newest, problem)
    kept = [*old[1 - _SNAPSHOTS :], last]
    going = [prefix for prefix in old if prefix not in kept]
    now = clock.moment()
    going += [one for one in unfinished if _made(one) < min(_made(last), now - _UNFINISHED)]
    until = min(now - _KEPT, _made(kept[0]) - _FUZZY)
    removed = 0
    for prefix in going:
        keys = list(_keys(backend, prefix))
        # Without its last file it is no snapshot: then nothing half is taken for a whole one.
        for key in sorted(keys, key=lambda one: not one.endswith("/complete.json")):
            backend.delete(key)
            removed += 1
    for key in segments:
        at = clock.made_at(_name(key))
        if at is not None and at < until:
            backend.delete(key)
            removed += 1
    return Tidied(removed, newest)


def newest_segment(
    backend: StorageBackend, deployment: Deployment, *, since: str | None
) -> str | None:
    """Return when the newest segment was written, RFC 3339; None: there is none.

    Parameters
    ----------
    since
        When one was written that was the newest before; None: not known.

    Raises
    ------
    StorageError
    """
    folder = log_folder(deployment.id)
    marker = f"{folder}{clock.id_of(since)}" if since else ""
    written = [at for key in _keys(backend, folder, marker) if (at := clock.made_at(_name(key)))]
    return clock.text(max(written)) if written else since


def _snapshots(backend: StorageBackend, deployment: Deployment) -> tuple[list[str], list[str]]:
    """Return the folders of the complete snapshots, and of the others."""
    folder = snapshot_folder(deployment.id)
    found: dict[str, bool] = {}
    for key in _keys(backend, folder):
        name, _, file = key.removeprefix(folder).partition("/")
        if clock.made_at(name) is not None:
            prefix = f"{folder}{name}/"
            found[prefix] = found.get(prefix, False) or file == "complete.json"
    return [one for one, whole in found.items() if whole], [
        one for one, whole in found.items() if not whole
    ]


def _problem(backend: StorageBackend, snapshot: str) -> str | None:
    """Return why a snapshot cannot be relied on; None: the service has every part as it was."""
    with backend.get(f"{snapshot}complete.json") as reader:
        told = json.loads(reader.read())
    for part in told["parts"]:
        try:
            stat = backend.stat(part["key"])
        except ReplicaNotFound:
            return f"{part['key']} is missing"
        if (stat.size, stat.md5) != (part["size"], part["md5"]):
            return f"{part['key']} is damaged"
    return None


def _made(prefix: str) -> datetime:
    made = clock.made_at(prefix.rstrip("/").rpartition("/")[2])
    if made is None:
        raise AssertionError("only folders named by a ULID come here")
    return made


def _name(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


def _keys(backend: StorageBackend, prefix: str, after: str = "") -> Iterator[str]:
    marker: str | None = after
    while marker is not None:
        page = backend.list(prefix, marker)
        yield from (replica.key for replica in page.replicas)
        marker = page.next_marker
