"""The definition of the state machine, as a document."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mcos import limits
from tools.terraform import ROOT

TEXT = (ROOT / "statemachines" / "replicate_object.asl.json").read_text()
DEFINITION: dict[str, Any] = json.loads(TEXT)
SECONDS_A_TARGET = 20
THROTTLED = ["Lambda.TooManyRequestsException"]


def machines(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The state machine and those inside it."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def tasks() -> dict[str, dict[str, Any]]:
    return {
        name: state
        for machine in machines(DEFINITION)
        for name, state in machine["States"].items()
        if state["Type"] == "Task"
    }


def test_terraform_fills_in_what_it_knows() -> None:
    assert set(re.findall(r"[$%]\{(.*?)\}", TEXT)) == {"commit_version", "digest_content"}


@pytest.mark.parametrize("machine", list(machines(DEFINITION)), ids=lambda one: one["StartAt"])
def test_every_state_is_reached_and_leads_somewhere(machine: dict[str, Any]) -> None:
    states = machine["States"]
    reached = {machine["StartAt"]}
    for state in states.values():
        following = [state.get("Next"), state.get("Default")]
        following += [other["Next"] for key in ("Choices", "Catch") for other in state.get(key, [])]
        reached |= {name for name in following if name}
        assert state.get("End") or any(following)
    assert reached == set(states)


def test_no_task_waits_for_ever() -> None:
    # Express; Terraform gives Standard its own.
    assert DEFINITION["TimeoutSeconds"] == limits.EXECUTION_SECONDS <= 300
    assert all("TimeoutSeconds" in task for task in tasks().values())


def pauses(retry: dict[str, Any]) -> float:
    """The longest that the pauses of a retrier take in all."""
    grown: list[float] = [
        retry["IntervalSeconds"] * retry.get("BackoffRate", 2) ** made
        for made in range(retry["MaxAttempts"])
    ]
    longest: float = retry.get("MaxDelaySeconds", max(grown))
    return sum(min(pause, longest) for pause in grown)


def test_a_target_holds_up_its_caller_for_a_bounded_time() -> None:
    put = tasks()["PutReplica"]
    throttled, retry = put["Retry"]
    # A try that timed out is not repeated, so at most one of them takes the whole time; the others
    # failed before it.
    assert retry["ErrorEquals"] == ["States.TaskFailed"]
    assert put["TimeoutSeconds"] * (1 + retry["MaxAttempts"]) + pauses(retry) <= SECONDS_A_TARGET
    # What Lambda turns away takes no time itself.
    assert throttled["ErrorEquals"] == THROTTLED
    assert pauses(throttled) + SECONDS_A_TARGET < limits.EXECUTION_SECONDS


@pytest.mark.parametrize("name", ["DigestContent", "PutParts", "CommitVersion"])
def test_what_has_taken_hours_outlasts_an_hour_of_throttling(name: str) -> None:
    throttled, *others = tasks()[name]["Retry"]
    assert throttled["ErrorEquals"] == THROTTLED
    assert pauses(throttled) > 3600
    assert [one["ErrorEquals"] for one in others] == [["States.ALL"]]


def test_what_goes_wrong_at_a_target_is_a_value() -> None:
    for name in ("PutReplica", "QueueRepair"):
        assert tasks()[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
