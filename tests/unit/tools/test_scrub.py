"""When ``make scrub`` is content, and how long it goes on."""

from dataclasses import replace

import pytest

from mcos_client import Scrub
from tests.unit.client.test_scrubs import RUN
from tools import scrub as tool

DONE = replace(
    Scrub.from_json({**RUN, "seen": 5, "healthy": 5, "waits": None}),
    state="DONE",
    leg=None,
    repairs_waiting=0,
)


class FakeOperator:
    """Has a list of what each look at the run of its one cluster shows."""

    def __init__(self, *looks: Scrub) -> None:
        self.started: list[bool] = []
        self._looks = list(looks)

    def clusters(self) -> list[str]:
        return ["ceph"]

    def start(self, cluster: str, *, full: bool) -> None:
        self.started.append(full)

    def run_of(self, cluster: str) -> Scrub:
        return self._looks.pop(0)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_LOOK_SECONDS", 0.0)


def test_a_run_is_waited_for_and_what_it_sent_to_repair_too() -> None:
    looks = (replace(DONE, state="RUNNING"), replace(DONE, repairs_waiting=2), DONE)
    operator = FakeOperator(*looks)
    assert tool.scrub(operator, full=True) == {"ceph": DONE}
    assert operator.started == [True]


def test_a_run_that_makes_no_headway_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_STUCK_SECONDS", -1.0)
    running = replace(DONE, state="RUNNING")
    assert tool.scrub(FakeOperator(running), full=False) == {"ceph": running}
    assert not tool.is_whole(running)


def test_only_a_run_that_has_nothing_to_do_is_content() -> None:
    assert tool.is_whole(DONE)
    assert not tool.is_to_be_followed(DONE)
    for name in ("repaired", "unreadable", "moving"):
        ill = Scrub(**{**vars(DONE), name: 1})
        assert not tool.is_whole(ill)
        assert tool.is_to_be_followed(ill)
    assert tool.is_to_be_followed(replace(DONE, handed=1))  # large ones are read by others
    lost = replace(DONE, unrepairable=1)
    assert not tool.is_whole(lost)
    assert not tool.is_to_be_followed(lost)  # the next one would find the same
    assert not tool.is_whole(replace(DONE, state="STOPPED"))
