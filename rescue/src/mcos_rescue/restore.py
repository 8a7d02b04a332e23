"""Writing every object into a file, and going on where that was interrupted."""

import errno
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, TextIO

from mcos_rescue import copies, names
from mcos_rescue.entries import canonical
from mcos_rescue.errors import NotThere, RescueError
from mcos_rescue.inventory import Found, Inventory
from mcos_rescue.stores.contract import Store

Say = Callable[[str], None]
"""Shows a line to a person; it escapes what a terminal could take for a command."""

_WORK = ".mcos-rescue"
_WORKERS = 8
_AHEAD = 64
_FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass
class Summary:
    """How many objects, or contents, had which end.

    Attributes
    ----------
    good
        Written now, or read and right.
    kept
        There and right before.
    recovered
        Contents below ``recovered/``.
    unproven
        Of those that are good or recovered, how many have no digest to compare.
    missing, bad
        Not here; here and damaged, or unreadable.
    """

    good: int = 0
    kept: int = 0
    recovered: int = 0
    unproven: int = 0
    missing: int = 0
    bad: int = 0
    size: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every object is there."""
        return not (self.missing or self.bad or self.unproven)


@dataclass(frozen=True)
class _Task:
    found: Found
    path: str
    why: str | None = None


def restore(
    store: Store, inventory: Inventory, folder: Path, *, with_metadata: bool, say: Say
) -> Summary:
    """Write every object into a file below a folder, and a listing of them.

    A file has its name only once its content was verified; one that is there already and right is
    left alone.

    Raises
    ------
    OSError
        Nothing can be written any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / _WORK
    _empty(work)
    files = names.Files(inventory.database, inventory.names())
    numbers = count()

    def do(task: _Task) -> bool:
        """Write one file; False: it was there."""
        path = folder / task.path
        found = task.found
        written = not (found.expected.is_exact and copies.is_there(path, found.expected))
        if written:
            copies.save(
                store,
                found.keys,
                found.expected,
                path,
                partial=work / f"{next(numbers)}",
                at=found.created_at,
            )
        if with_metadata:
            text = json.dumps(_description(found), ensure_ascii=False, indent=2) + "\n"
            path.with_name(f"{path.name}{names.ADDED}metadata.json").write_text(text, "utf-8")
        return written

    def tasks() -> Iterator[_Task]:
        for found in inventory.seen():
            yield _Task(found, files.give(found.account, found.container, found.name))
        for one in inventory.unseen():
            of = one.found
            path = names.recovered(of.account, of.container, of.name, of.version)
            yield _Task(of, path, one.why)

    with (work / "listing").open("w", encoding="utf-8") as listing:
        summary = _done(tasks(), do, say, listing)
    (work / "listing").replace(folder / names.LISTING)
    _empty(work)
    work.rmdir()
    return summary


def verify(store: Store, inventory: Inventory, *, say: Say) -> Summary:
    """Read every object and compare it with its digest."""

    def do(task: _Task) -> bool:
        copies.verify(store, task.found.keys, task.found.expected)
        return True

    tasks = (_Task(found, found.path) for found in inventory.seen())
    return _done(tasks, do, say, None)


def _done(
    tasks: Iterable[_Task], do: Callable[[_Task], bool], say: Say, listing: TextIO | None
) -> Summary:
    summary = Summary()
    source = iter(tasks)
    waiting: deque[tuple[_Task, Future[bool]]] = deque()
    with ThreadPoolExecutor(_WORKERS) as workers:
        try:
            while True:
                for task in islice(source, _AHEAD - len(waiting)):
                    waiting.append((task, workers.submit(do, task)))
                if not waiting:
                    return summary
                task, future = waiting.popleft()
                end = _end(summary, task, future, say)
                if listing is not None:
                    line = {"path": task.path, "end": end, **_description(task.found)}
                    listing.write(canonical(line) + "\n")
        finally:
            workers.shutdown(wait=True, cancel_futures=True)


def _end(summary: Summary, task: _Task, future: Future[bool], say: Say) -> str:
    """Count how a task ended, say what a person must know, and name it."""
    found = task.found
    try:
        written = future.result()
    except NotThere:
        where = f"on {', '.join(found.elsewhere)}" if found.elsewhere else "nowhere"
        if task.why is None:
            summary.missing += 1
            say(f"missing here: {found.path} ({where})")
        return "missing"
    except RescueError as error:
        summary.bad += 1
        say(f"bad: {found.path}: {error}")
        return "bad"
    except OSError as error:
        if error.errno in _FATAL:
            raise
        summary.bad += 1
        say(f"bad: {found.path}: {error.strerror}")
        return "bad"
    summary.size += found.expected.size
    summary.unproven += not found.expected.is_exact and not found.expected.md5
    if task.why is not None:
        summary.recovered += 1
        say(f"recovered: {task.path}: {task.why}")
        return "recovered"
    if written:
        summary.good += 1
        return "restored"
    summary.kept += 1
    return "kept"


def _description(found: Found) -> dict[str, Any]:
    return {
        "account": found.account,
        "container": found.container,
        "name": found.name,
        "version": found.version,
        "content_type": found.content_type,
        "metadata": found.metadata,
        "headers": found.headers,
        "created_at": found.created_at,
        "last_modified": found.last_modified,
        **asdict(found.expected),
    }


def _empty(work: Path) -> None:
    """Make the folder of unfinished files, without those of a run that was interrupted."""
    work.mkdir(exist_ok=True)
    for one in work.iterdir():
        one.unlink()
