"""The state machine ``replicate_object``: its input, and the two ways of starting it.

The same definition (``statemachines/replicate_object.asl.json``) serves both modes. No secret and
no signed URL is in an input: a target cluster reads staging with its own rights.
"""

import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from mcos import clock, repair_queue, staging
from mcos.aws import AWS_ERRORS, client
from mcos.catalog.clusters import all_clusters
from mcos.model import Cluster, ObjectRecord, Version
from mcos.settings import Mode, settings

# How much later than the caller's wait a reply may come, for the network between.
_GRACE_SECONDS = 1


def execution_input(
    record: ObjectRecord,
    version: Version,
    *,
    mode: Mode,
    content: bytes | None,
    targets: Iterable[Cluster],
) -> dict[str, Any]:
    """Input of an execution.

    Parameters
    ----------
    record
        As it was accepted; the commit's guess, which saves it a reading.
    mode
        ``wait``: a replica that fails is told of in the result. ``respond-async``: it is left to
        the target's repair queue.
    content
        The bytes where they are small and nowhere else; None when they are staged.
    targets
        The clusters whose replicas are to be written.
    """
    key = (record.account, record.container, record.name)
    if content is not None:
        where: dict[str, str] = {"inline": b64encode(content).decode("ascii")}
    else:
        if version.staged_at is None:
            raise AssertionError("a version without inline content is staged")
        where = {
            "staging_bucket": all_clusters()[version.staged_at].staging_bucket
            if version.staged_at != settings().cluster
            else settings().staging_bucket,
            "staging_key": staging.key_of(version.id),
        }
    return {
        "mode": mode,
        "version_id": version.id,
        "record": record.as_json(),
        "replica": {
            "account": record.account,
            "version": version.id,
            "size": version.size,
            "md5": version.md5,
            "sha256": version.sha256,
            "content_type": version.content_type,
        },
        "content": where,
        "targets": [
            {
                "cluster": target.name,
                "put_replica": target.put_replica,
                "repair_queue_url": target.repair_queue_url,
            }
            for target in targets
        ],
        "repair": repair_queue.put_message(key, version.id),
    }


def start(execution: dict[str, Any]) -> None:
    """Start an execution and return at once. A second start of the same version is harmless."""
    client("stepfunctions").start_execution(
        stateMachineArn=settings().state_machine_arn,
        # Versions are named once; a restart by the sweeper has to have a name of its own.
        name=f"{execution['version_id']}-{clock.new_id()}",
        input=json.dumps(execution),
    )


def run(execution: dict[str, Any], *, wait_seconds: int) -> str | None:
    """Run an execution to its end.

    Returns
    -------
    What became of the version, a ``lifecycle.Outcome``; None when it is not known because the
    execution failed or did not end in time.
    """
    sfn = client("stepfunctions", read_seconds=wait_seconds + _GRACE_SECONDS, tries=1)
    try:
        reply = sfn.start_sync_execution(
            stateMachineArn=settings().state_machine_arn,
            name=f"{execution['version_id']}-{clock.new_id()}",
            input=json.dumps(execution),
        )
    except AWS_ERRORS:
        return None
    if reply["status"] != "SUCCEEDED":
        return None
    outcome: str = json.loads(reply["output"])["outcome"]
    return outcome
