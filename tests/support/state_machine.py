"""What Step Functions does with ``statemachines/replicate_object.asl.json``, in Python.

The tries of each task are those of the definition, and so are the pauses between them, the longest
of each, though no time passes. An execution ends as on AWS if it takes too long, if what passes
from one state to the next is too large, or if its history has too many events.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from clouds.servers.rules.limits import EXECUTION_BYTES
from tests.support.network import Died

Result = TypeVar("Result")

Invoke = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Invokes a function by its ARN with an event; raises what the function raised."""

Send = Callable[[str, str], None]
"""Sends a text to a queue by its URL."""

EVENTS = 25_000
"""Most events of a Standard execution's history."""

_DEFINITION = Path(__file__).parents[2] / "statemachines" / "replicate_object.asl.json"

# A state that is entered and left, and in a task scheduled, started and succeeded: five; a choice
# has two. A try that failed has three.
_TASK_EVENTS = 5
_CHOICE_EVENTS = 2
_TRY_EVENTS = 3


class ExecutionFailed(Exception):
    """The execution ended without an output."""


class Throttled(Exception):
    """Lambda turned a call away: too many were running."""


class _Ended(Exception):
    """The execution as a whole ended, whatever its tasks would do."""


@cache
def states() -> dict[str, dict[str, Any]]:
    """The states of the definition, those inside the map among them."""
    outer: dict[str, dict[str, Any]] = json.loads(_DEFINITION.read_text())["States"]
    inner = outer["WriteReplicas"]["ItemProcessor"]["States"]
    return {**outer, **inner}


def execute(
    execution: dict[str, Any],
    *,
    invoke: Invoke,
    send: Send,
    commit_version: str,
    digest_content: str,
    seconds: float,
) -> dict[str, Any]:
    """Run an execution from its input to its output.

    Parameters
    ----------
    seconds
        How long all its pauses may take: the state machine's timeout.

    Raises
    ------
    ExecutionFailed
    """
    run = _Run(seconds)
    try:
        while "outcome" not in execution and not execution["replica"]["digested"]:
            digest = {
                name: execution[name] for name in ("record", "version_id", "content", "digests")
            }
            answer = run.task("DigestContent", partial(invoke, digest_content, digest))
            execution = run.passed({**execution, **answer})
            run.count(_CHOICE_EVENTS)
        if "outcome" in execution:
            return {"outcome": execution["outcome"], "stored": []}
        # The targets are written side by side: their pauses are those of the longest.
        began, longest = run.paused, run.paused
        results = []
        for target in execution["targets"]:
            run.paused = began
            results.append(_write(run, execution, target, invoke, send))
            longest = max(longest, run.paused)
        run.paused = longest
        commit = {name: execution[name] for name in ("record", "version_id")}
        commit = run.passed({**commit, "results": results})
        return run.task("CommitVersion", partial(invoke, commit_version, commit))
    except _Ended as error:
        raise ExecutionFailed(str(error)) from error


def _write(
    run: "_Run", execution: dict[str, Any], target: dict[str, Any], invoke: Invoke, send: Send
) -> dict[str, Any]:
    """Write a replica to a target; its result."""
    replica = dict(execution["replica"])
    if "incarnation" in target:
        replica["incarnation"] = target["incarnation"]
    event = run.passed({"replica": replica, "content": execution["content"]})
    one_piece = execution["replica"]["part_size"] == 0
    put, state = ("put_replica", "PutReplica") if one_piece else ("put_parts", "PutParts")
    result: dict[str, Any] = {"unfinished": True}
    try:
        while "unfinished" in result:
            result = run.task(state, partial(invoke, target[put], event))
            run.count(_CHOICE_EVENTS)
    except ExecutionFailed as error:
        result = {"cluster": target["cluster"], "stored": False, "reason": str(error)}
    if not result["stored"] and execution["mode"] == "respond-async":
        queue, message = target["repair_queue_url"], json.dumps(execution["repair"])
        with suppress(ExecutionFailed):  # sweep_pending finds the object
            run.task("QueueRepair", partial(send, queue, message))
    return result


class _Run:
    """An execution under way.

    Attributes
    ----------
    events
        Length of its history.
    paused
        Seconds that it has paused between tries.
    """

    def __init__(self, seconds: float) -> None:
        self.events = 0
        self.paused = 0.0
        self._seconds = seconds

    def count(self, events: int) -> None:
        """Lengthen the history."""
        self.events += events
        if self.events > EVENTS:
            raise _Ended("the history has too many events")

    def passed(self, value: dict[str, Any]) -> dict[str, Any]:
        """Pass a value from one state to the next."""
        if len(json.dumps(value).encode()) > EXECUTION_BYTES:
            raise _Ended("States.DataLimitExceeded")
        return value

    def task(self, name: str, do: Callable[[], Result]) -> Result:
        """Do a task, as often as its definition says; raises ``ExecutionFailed`` in the end."""
        retriers = states()[name].get("Retry", [])
        made = [0] * len(retriers)
        self.count(_TASK_EVENTS)
        while True:
            try:
                return do()
            except (Died, Exception) as error:
                number = _retrier(retriers, error)
                if number is None or made[number] == retriers[number]["MaxAttempts"]:
                    raise ExecutionFailed(type(error).__name__) from error
                self._pause(retriers[number], made[number])
                made[number] += 1
                self.count(_TRY_EVENTS)

    def _pause(self, retrier: dict[str, Any], made: int) -> None:
        pause = retrier["IntervalSeconds"] * retrier.get("BackoffRate", 2) ** made
        self.paused += min(pause, retrier.get("MaxDelaySeconds", pause))
        if self.paused > self._seconds:
            raise _Ended("States.Timeout")


def _retrier(retriers: list[dict[str, Any]], error: BaseException) -> int | None:
    """Which of the retriers an error belongs to: the first that names it."""
    throttled = isinstance(error, Throttled)
    name = "Lambda.TooManyRequestsException" if throttled else "States.TaskFailed"
    for number, retrier in enumerate(retriers):
        if {name, "States.TaskFailed", "States.ALL"} & set(retrier["ErrorEquals"]):
            return number
    return None
