"""What Step Functions does with ``statemachines/replicate_object.asl.json``, in Python."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from tests.support.network import Died

Result = TypeVar("Result")

Invoke = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Invokes a function by its ARN with an event; raises what the function raised."""

Send = Callable[[str, str], None]
"""Sends a text to a queue by its URL."""


class ExecutionFailed(Exception):
    """The execution ended without an output."""


def execute(
    execution: dict[str, Any],
    *,
    invoke: Invoke,
    send: Send,
    commit_version: str,
    digest_content: str,
) -> dict[str, Any]:
    """Run an execution from its input to its output.

    Raises
    ------
    ExecutionFailed
    """
    while "outcome" not in execution and not execution["replica"]["digested"]:
        digest = {name: execution[name] for name in ("record", "version_id", "content", "digests")}
        execution = {**execution, **_tried(4, partial(invoke, digest_content, digest))}
    if "outcome" in execution:
        return {"outcome": execution["outcome"], "stored": []}
    results = []
    for target in execution["targets"]:
        replica = dict(execution["replica"])
        if "incarnation" in target:
            replica["incarnation"] = target["incarnation"]
        event = {"replica": replica, "content": execution["content"]}
        one_piece = execution["replica"]["part_size"] == 0
        put = target["put_replica" if one_piece else "put_parts"]
        result: dict[str, Any] = {"unfinished": True}
        try:
            while "unfinished" in result:
                result = _tried(2 if one_piece else 6, partial(invoke, put, event))
        except ExecutionFailed as error:
            result = {"cluster": target["cluster"], "stored": False, "reason": str(error)}
        if not result["stored"] and execution["mode"] == "respond-async":
            queue, message = target["repair_queue_url"], json.dumps(execution["repair"])
            with suppress(ExecutionFailed):  # sweep_pending finds the object
                _tried(3, partial(send, queue, message))
        results.append(result)
    commit = {name: execution[name] for name in ("record", "version_id")}
    return _tried(4, partial(invoke, commit_version, {**commit, "results": results}))


def _tried(times: int, do: Callable[[], Result]) -> Result:
    for left in reversed(range(times)):
        try:
            return do()
        except (Died, Exception) as error:
            if not left:
                raise ExecutionFailed(type(error).__name__) from error
    raise AssertionError("at least one try")
