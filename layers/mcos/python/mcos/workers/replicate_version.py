"""replicate_version: write the replicas of a version that waits in the cluster's replicate queue.

A message stays with its reader until its execution has ended. So at most as many executions are at
work as the queue has readers, however many versions wait. What takes hours is started and looked
at again from time to time; ``mcos.versions.execution`` limits how many of these there are.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mcos import clock, limits
from mcos.catalog import objects
from mcos.catalog.registry import all_clusters
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.replicas import repair_queue
from mcos.replicas.source import SourceMissing, source_of
from mcos.versions import execution, loans
from mcos.workers.later import TryLater

_LARGE_SECONDS = 900
"""How long a message is hidden while its execution writes parts: ten days are 960 times that."""

_LEASE_SECONDS = 120

_HANGING_SECONDS = 9
"""A target that has not answered for so long is given up by the state machine."""

_AVOIDED_SECONDS = 60

_hanging: dict[str, datetime] = {}
"""When a cluster kept an execution waiting in vain, as far as this process has seen."""


def forget() -> None:
    """Forget which clusters kept an execution waiting."""
    _hanging.clear()


def replicate_version(message: Mapping[str, Any]) -> str:
    """Process a message.

    Returns
    -------
    What was done, for the log. Replicas that are still missing are owed by the repair queues of
    their clusters.

    Raises
    ------
    TryLater, StorageError, BotoCoreError, ClientError
        A later try may succeed.
    ValueError
        The message is malformed; it ends in the dead-letter queue.
    """
    match message:
        case {"account": account, "container": container, "object": name, "version": version_id}:
            key = ObjectKey(account, container, name)
        case _:
            raise ValueError("a message names an account, a container, an object and a version")
    record = objects.get(key)
    version = record.find(version_id) if record else None
    if record is None or version is None:
        return "not wanted any more"
    if not version.missing:
        return "stored already"
    if version.part_size > 0:
        return _replicate_in_parts(record, version)
    return _replicate(record, version)


def _replicate(record: ObjectRecord, version: Version) -> str:
    up = _up(version)
    if not up:
        return "left to the sweeper"  # which waits until one of them is back
    targets = _answering(up)
    if not targets:
        if version.is_readable:
            _owe(record, version)
            return Outcome.INCOMPLETE.value
        raise TryLater("its clusters kept others waiting", seconds=_AVOIDED_SECONDS)
    given = execution.execution_input(
        record, version, mode="wait", source=_source(record, version), targets=targets
    )
    began = clock.elapsed()
    try:
        result = execution.run(given)
    except execution.NoResult as none:
        seconds = limits.EXECUTION_SECONDS if none.may_be_running else None
        raise TryLater(str(none), seconds=seconds) from none
    _note_hanging(set(targets) - result.stored, clock.elapsed() - began)
    if result.outcome is Outcome.INCOMPLETE:
        following = version.with_stored(version.copies(result.stored))
        if not following.is_readable:
            raise TryLater("too few replicas could be stored")
        _owe(record, following)
    return result.outcome.value


def _replicate_in_parts(record: ObjectRecord, version: Version) -> str:
    if execution.is_running(version):
        raise TryLater("an execution writes parts of it", seconds=_LARGE_SECONDS)
    if version.is_readable:
        return "readable"  # its execution has left the others to the repair queues
    given = execution.execution_input(
        record,
        version,
        mode="respond-async",
        source=_source(record, version),
        targets=version.missing,
    )
    try:
        execution.start(given)
    except execution.TooManyExecutions as error:
        raise TryLater(str(error), seconds=_LEASE_SECONDS) from error
    raise TryLater("begun", seconds=_LARGE_SECONDS)


def _source(record: ObjectRecord, version: Version) -> Any:
    try:
        return source_of(loans.refreshed(record.account, version))
    except SourceMissing as error:
        raise TryLater(str(error)) from error


def _owe(record: ObjectRecord, version: Version) -> None:
    """Leave what is missing of a version that readers see to the repair queues.

    A cluster that is DOWN finds it in the catalog when it is back.
    """
    message = repair_queue.put_message(record.key, version.id)
    for name in _up(version):
        repair_queue.send(all_clusters()[name].repair_queue_url, message)


def _up(version: Version) -> list[str]:
    """Return the clusters that lack their replica and are not DOWN."""
    clusters = all_clusters()
    return [name for name in version.missing if name in clusters and clusters[name].is_up]


def _answering(names: Iterable[str]) -> list[str]:
    """Leave out clusters that have just kept an execution waiting.

    They would keep the others of the queue waiting as well.
    """
    since = clock.moment() - timedelta(seconds=_AVOIDED_SECONDS)
    return [name for name in names if not (name in _hanging and _hanging[name] > since)]


def _note_hanging(failed: Iterable[str], seconds: float) -> None:
    if seconds >= _HANGING_SECONDS:
        _hanging.update(dict.fromkeys(failed, clock.moment()))
