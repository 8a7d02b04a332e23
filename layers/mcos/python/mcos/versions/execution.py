"""The state machine ``replicate_object``: its input, and the two ways of starting it.

The same definition (``statemachines/replicate_object.asl.json``) serves both modes. No secret and
no signed URL is in an input: a target cluster reads staging with its own rights.
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
from mcos.model.objects import ObjectRecord, Version
from mcos.replicas import repair_queue
from mcos.replicas.source import Source
from mcos.settings import Mode, settings

# How much later than the caller's wait a reply may come, for the network between.
_GRACE_SECONDS = 1


@dataclass(frozen=True)
class Result:
    """What an execution came to, and the clusters whose replica it stored."""

    outcome: Outcome
    stored: frozenset[str]


def execution_input(
    record: ObjectRecord,
    version: Version,
    *,
    mode: Mode,
    source: Source,
    targets: Iterable[str],
) -> dict[str, Any]:
    """Input of an execution.

    Parameters
    ----------
    record
        As it was written last; the commit's guess, which saves it a reading.
    mode
        ``wait``: a replica that fails is told of in the result. ``respond-async``: it is left to
        the target's repair queue.
    source
        Where the bytes are.
    targets
        The clusters whose replicas are to be written; what is not linked is left out.
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
                "put_replica": clusters[name].put_replica,
                "put_parts": clusters[name].put_parts,
                "repair_queue_url": clusters[name].repair_queue_url,
            }
            for name in targets
            if name in clusters
        ],
        "repair": repair_queue.put_message(key, version.id, in_parts=version.part_size > 0),
    }


def replica_of(account: str, version: Version) -> dict[str, Any]:
    """What ``put_replica`` and ``put_parts`` have to know of a replica."""
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


def start(given: dict[str, Any]) -> None:
    """Start an execution and return at once. A second start of the same version is harmless."""
    client("stepfunctions").start_execution(
        stateMachineArn=_machine_of(given),
        # Versions are named once; a restart by the sweeper has to have a name of its own.
        name=f"{given['version_id']}-{clock.new_id()}",
        input=json.dumps(given),
    )


def _machine_of(given: dict[str, Any]) -> str:
    """The state machine that has the time for it: an Express execution ends after minutes."""
    in_parts = given["replica"]["part_size"] > 0
    return settings().large_state_machine_arn if in_parts else settings().state_machine_arn


def under_way(version: Version) -> bool:
    """Whether an execution writes parts of a version at this moment.

    It may take hours, and a second one beside it would only be in its way. Of what is one piece
    nobody needs to know: its executions have ended when anybody looks.
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


def run(given: dict[str, Any], *, wait_seconds: float) -> Result | None:
    """Run an execution to its end.

    Returns
    -------
    What became of the version; None when it is not known because the execution failed or did not
    end in time.
    """
    # A client for each whole second, as connections are kept by client.
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
    output = json.loads(reply["output"])
    return Result(Outcome(output["outcome"]), frozenset(output["stored"]))
