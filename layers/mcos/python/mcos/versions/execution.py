"""The state machine ``replicate_object``: its input, and the two ways to start it.

One definition (``statemachines/replicate_object.asl.json``) serves both modes. The input contains
no secrets and no signed URLs: a target cluster reads staging with its own permissions.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcos import clock
from mcos.aws import AWS_ERRORS, client
from mcos.catalog.registry import all_clusters
from mcos.model.lifecycle import Outcome
from mcos.model.messages import CommitResult, ExecutionInput, ReplicaToPut, Source
from mcos.model.objects import ObjectRecord, Version
from mcos.replicas import repair_queue
from mcos.settings import Mode, settings

# Added to the caller's wait for the network between.
_GRACE_SECONDS = 1


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
        ``wait``: the result reports replicas that failed. ``respond-async``: they are sent to the
        repair queues of their targets.
    source
        Where the bytes are.
    targets
        The clusters whose replicas are to be written; clusters that are not linked are ignored.
    """
    key = record.key
    clusters = all_clusters()
    return {
        "mode": mode,
        "version_id": version.id,
        "record": record.as_json(),
        "replica": replica_of(record.account, version),
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
        "repair": repair_queue.put_message(key, version.id, in_parts=version.part_size > 0),
    }


def replica_of(account: str, version: Version) -> ReplicaToPut:
    """Return the description of a replica for ``put_replica`` and ``put_parts``."""
    return {
        "account": account,
        "version": version.id,
        "size": version.size,
        "digested": version.digested,
        "md5": version.md5,
        "sha256": version.sha256,
        "part_size": version.part_size,
        "parts_md5": version.parts_md5,
        "content_type": version.content_type,
    }


def start(given: ExecutionInput) -> None:
    """Start an execution and return at once. A second execution of a version is harmless.

    Raises
    ------
    BotoCoreError, ClientError
    """
    client("stepfunctions").start_execution(
        stateMachineArn=_machine_of(given),
        # The name must be new, because the sweeper may start another execution of the version.
        name=f"{given['version_id']}-{clock.new_id()}",
        input=json.dumps(given),
    )


def _machine_of(given: ExecutionInput) -> str:
    """Return the ARN of the state machine with enough time: Express ends after five minutes."""
    in_parts = given["replica"]["part_size"] > 0
    return settings().large_state_machine_arn if in_parts else settings().state_machine_arn


def is_running(version: Version) -> bool:
    """Whether an execution is writing parts of a version now.

    It may take hours, and a second execution would only interfere. For a version in one piece the
    answer is False: its executions end long before the sweeper looks.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if version.part_size == 0:
        return False
    running: dict[str, Any] = {"nextToken": None}
    while "nextToken" in running:
        page = {"nextToken": running["nextToken"]} if running["nextToken"] else {}
        running = client("stepfunctions").list_executions(
            stateMachineArn=settings().large_state_machine_arn, statusFilter="RUNNING", **page
        )
        if any(one["name"].startswith(f"{version.id}-") for one in running["executions"]):
            return True
    return False


def run(given: ExecutionInput, *, wait_seconds: float) -> ExecutionResult | None:
    """Run an execution to its end.

    Parameters
    ----------
    wait_seconds
        How long to wait for the end.

    Returns
    -------
    The result; None if it is not known because the execution failed or did not end in time.
    """
    # Whole seconds, so that there are few clients: each has its own connections.
    sfn = client("stepfunctions", read_seconds=math.ceil(wait_seconds) + _GRACE_SECONDS, tries=1)
    try:
        reply = sfn.start_sync_execution(
            stateMachineArn=settings().state_machine_arn,
            name=f"{given['version_id']}-{clock.new_id()}",
            input=json.dumps(given),
        )
    except AWS_ERRORS:
        return None
    if reply["status"] != "SUCCEEDED":
        return None
    output: CommitResult = json.loads(reply["output"])
    return ExecutionResult(Outcome(output["outcome"]), frozenset(output["stored"]))
