"""The state machine ``replicate_object``: its input, and the two ways to start it.

One definition (``statemachines/replicate_object.asl.json``) serves both modes. The input contains
no secrets and no signed URLs: a target cluster reads staging with its own permissions.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mcos import clock, limits
from mcos.aws import client, region_of, without_old_connections
from mcos.catalog.registry import all_clusters, current_registry
from mcos.model.lifecycle import Outcome
from mcos.model.messages import CommitResult, ExecutionInput, RecordJson, ReplicaToPut, Source
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.replicas import identity, repair_queue
from mcos.settings import Mode, settings

# Added to the caller's wait for the network between.
_GRACE_SECONDS = 1

# Before an execution that was throttled is tried again.
_FIRST_PAUSE_SECONDS = 0.25

_NO_REVISION = "0" * 26


class TooManyExecutions(Exception):
    """No further execution may be started now."""


class NoResult(Exception):
    """The result of an execution is not known.

    Attributes
    ----------
    may_be_running
        Whether it may still be running, for ``limits.EXECUTION_SECONDS`` at most.
    is_throttled
        Whether it was not started, and may be soon.
    """

    def __init__(
        self, reason: str, *, may_be_running: bool = False, is_throttled: bool = False
    ) -> None:
        super().__init__(reason)
        self.may_be_running = may_be_running
        self.is_throttled = is_throttled


@dataclass(frozen=True)
class ExecutionResult:
    """The outcome of an execution, and the clusters whose replica it stored."""

    outcome: Outcome
    stored: frozenset[str]


def execution_input(
    record: ObjectRecord,
    version: Version,
    *,
    mode: Mode,
    source: Source,
    targets: Iterable[str],
) -> ExecutionInput:
    """Return the input of an execution.

    Parameters
    ----------
    record
        The record as it was written last; the commit uses it as a guess, which saves a read.
    mode
        ``wait``: whoever runs it looks after the replicas that the result does not report as
        stored. ``respond-async``: those are sent to the repair queues of their targets.
    source
        Where the bytes are.
    targets
        The clusters whose replicas are to be written; clusters that are not linked are ignored.
    """
    clusters = all_clusters()
    given: ExecutionInput = {
        "mode": mode,
        "version_id": version.id,
        "record": {},
        "replica": replica_of(record.key, version),
        "content": source,
        "digests": None,
        "targets": [
            {
                "cluster": name,
                "incarnation": version.replicas[name].incarnation,
                "put_replica": clusters[name].put_replica,
                "put_parts": clusters[name].put_parts,
                "repair_queue_url": clusters[name].repair_queue_url,
            }
            for name in targets
            if name in clusters
        ],
        "repair": repair_queue.put_message(record.key, version.id),
    }
    given["record"] = guess_of(record, version, beside=len(json.dumps(given)))
    return given


def guess_of(record: ObjectRecord, version: Version, *, beside: int) -> RecordJson:
    """Return the record as part of an execution's input, by which the commit saves a read.

    If it is too large, it is one with the version alone, whose revision no record has: then the
    commit reads the record that there is.

    Parameters
    ----------
    beside
        Bytes of what else passes with it, as JSON.
    """
    guess = record.as_json()
    if len(json.dumps(guess)) + beside <= limits.EXECUTION_BYTES:
        return guess
    alone = replace(
        record,
        revision=_NO_REVISION,
        current=None,
        previous=None,
        pending=(version,),
        removals=(),
        unstagings=(),
        kept=(),
        last=None,
    )
    return alone.as_json()


def replica_of(key: ObjectKey, version: Version) -> ReplicaToPut:
    """Return the description of a replica for ``put_replica`` and ``put_parts``."""
    deployment = current_registry().deployment
    return {
        "account": key.account,
        "version": version.id,
        "identity": identity.write(deployment.id, key, version.created_at),
        "size": version.size,
        "digested": version.digested,
        "md5": version.md5,
        "sha256": version.sha256,
        "part_size": version.part_size,
        "parts_md5": version.parts_md5,
        "content_type": version.content_type,
    }


def start(given: ExecutionInput) -> None:
    """Start an execution that writes parts, and return at once.

    A second execution of a version is harmless.

    Raises
    ------
    TooManyExecutions
        The cluster writes as many large contents as it may (``limits.LARGE_EXECUTIONS``).
    BotoCoreError, ClientError
    """
    if sum(1 for _ in _running()) >= limits.LARGE_EXECUTIONS:
        raise TooManyExecutions("as many large contents as there may be are being written")
    machine = settings().large_state_machine_arn
    client("stepfunctions", region=region_of(machine)).start_execution(
        stateMachineArn=machine,
        # The name must be new, because there may be another execution of the version later.
        name=f"{given['version_id']}-{clock.new_id()}",
        input=json.dumps(given),
    )


class Running:
    """The cluster's executions that are writing parts, as they are when it is asked first.

    It may take hours, and a second execution of a version would only interfere. Whoever looks at
    many versions asks one of these: AWS answers few such requests a second.
    """

    def __init__(self) -> None:
        self._versions: frozenset[str] | None = None

    def writes(self, version: Version) -> bool:
        """Whether one is writing parts of a version.

        For a version in one piece the answer is False: whoever runs its executions waits for their
        end.

        Raises
        ------
        BotoCoreError, ClientError
        """
        if version.part_size == 0:
            return False
        if self._versions is None:
            self._versions = frozenset(name.partition("-")[0] for name in _running())
        return version.id in self._versions


def is_running(version: Version) -> bool:
    """Whether an execution is writing parts of a version now: see ``Running``.

    Raises
    ------
    BotoCoreError, ClientError
    """
    return Running().writes(version)


def _running() -> Iterator[str]:
    """The names of the cluster's executions that are writing parts."""
    machine = settings().large_state_machine_arn
    page: dict[str, Any] = {}
    while True:
        found = client("stepfunctions", region=region_of(machine)).list_executions(
            stateMachineArn=machine, statusFilter="RUNNING", **page
        )
        yield from (one["name"] for one in found["executions"])
        if not found.get("nextToken"):
            return
        page = {"nextToken": found["nextToken"]}


def run(
    given: ExecutionInput, *, wait_seconds: float = limits.EXECUTION_SECONDS
) -> ExecutionResult:
    """Run an execution of a version in one piece to its end.

    Parameters
    ----------
    wait_seconds
        How long to wait for the end.

    Raises
    ------
    NoResult
        It failed, or did not end in time. One that is throttled is tried again while there is time.
    """
    until, pause = clock.elapsed() + wait_seconds, _FIRST_PAUSE_SECONDS
    while True:
        try:
            return _run_once(given, wait_seconds=until - clock.elapsed())
        except NoResult as none:
            if not none.is_throttled or clock.elapsed() + 2 * pause > until:
                raise
        clock.sleep(pause)
        pause *= 2


def _run_once(given: ExecutionInput, *, wait_seconds: float) -> ExecutionResult:
    """Run it, as ``run`` does, without another try.

    Raises
    ------
    NoResult
        It failed, or did not end in time.
    """
    # Whole seconds, so that there are few clients: each has its own connections.
    seconds = math.ceil(wait_seconds) + _GRACE_SECONDS
    machine = settings().state_machine_arn
    sfn = client("stepfunctions", region=region_of(machine), read_seconds=seconds, tries=1)
    try:
        reply = without_old_connections(sfn).start_sync_execution(
            stateMachineArn=machine,
            name=f"{given['version_id']}-{clock.new_id()}",
            input=json.dumps(given),
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        throttled = code == "ThrottlingException"
        raise NoResult(f"refused: {code}", is_throttled=throttled) from error
    except BotoCoreError as error:
        raise NoResult(f"no reply: {type(error).__name__}", may_be_running=True) from error
    if reply["status"] != "SUCCEEDED":
        raise NoResult(f"it ended: {reply['status']}")
    output: CommitResult = json.loads(reply["output"])
    return ExecutionResult(Outcome(output["outcome"]), frozenset(output["stored"]))
