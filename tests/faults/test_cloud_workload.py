"""Several clients at work on an in-process cloud while things go wrong: nothing is lost, every read
is explained, everything settles, and the services hold exactly what the catalog says.

A failure prints its seed; ``make soak SEED=...`` does the same again.
"""

from typing import Any

import pytest

from mcos.calls import download_object
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Version
from mcos.storage import ByteStream, ReplicaStat
from tests.support.cloud import Cloud
from tests.support.fake_backend import FakeBackend
from tests.support.faults.history import Kind, Result
from tests.support.faults.register import Visibility
from tests.support.faults.run import Report, Shape, run
from tests.support.faults.trouble import TROUBLES, Trouble

SEEDS = range(4)


def made(cloud: Cloud, seed: int, trouble: Trouble) -> Report:
    return run(cloud, seed, trouble, shape=Shape(), visibility=Visibility.AT_ONCE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TROUBLES)
def test_whatever_goes_wrong_nothing_is_lost_and_every_read_is_explained(
    running: Cloud, name: str, seed: int
) -> None:
    report = made(running, seed, TROUBLES[name])
    assert report.complaints == [], str(report)
    assert report.acknowledged > 0
    if not TROUBLES[name].manners:  # no call of a reader's own goes wrong
        reads = [one for one in report.history.operations if one.kind is Kind.READ]
        failed = [one for one in reads if one.result in (Result.NOTHING, Result.UNKNOWN)]
        assert failed == [], report.history.text()


@pytest.mark.parametrize("name", [name for name in TROUBLES if name != "nothing"])
def test_what_is_to_go_wrong_does_go_wrong(running: Cloud, name: str) -> None:
    assert made(running, 0, TROUBLES[name]).faults.total() > 0


def test_a_seed_does_the_same_again(running: Cloud) -> None:
    """Values apart: they are of the seed, and so the same; versions have random ids."""

    def told() -> list[str]:
        report = made(running, 5, TROUBLES["everything"])
        operations = report.history.operations
        lines = [f"{one.invoked} {one.completed} {one.kind} {one.result}" for one in operations]
        return [*lines, str(report.faults), str(report.calls)]

    assert told() == told()


# Faults that were put in are caught


def test_stale_reads_are_caught(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[ObjectKey, tuple[ObjectRecord, Version]] = {}
    readable = download_object.readable

    def read_once(key: ObjectKey) -> tuple[ObjectRecord, Version]:
        if key not in known:
            known[key] = readable(key)
        return known[key]

    monkeypatch.setattr(download_object, "readable", read_once)
    wrong = []
    for seed in SEEDS:  # where the old content is not there any more, it is only lost
        known.clear()
        wrong += made(running, seed, TROUBLES["nothing"]).wrong_reads
    assert wrong
    assert "no order explains" in str(wrong[0])


def test_lost_replicas_are_caught(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    put = FakeBackend.put

    def forget(self: FakeBackend, key: str, content: ByteStream, **facts: Any) -> ReplicaStat:
        """Say that it is stored, and store nothing."""
        stat = put(self, key, content, **facts)
        del self.replicas[key]
        return stat

    monkeypatch.setattr(FakeBackend, "put", forget)
    report = made(running, 0, TROUBLES["nothing"])
    assert report.lost
    assert report.misplaced


def test_what_is_stuck_is_caught(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cloud, "sweep", lambda self, *clusters: None)
    report = run(
        running,
        0,
        Trouble(execution_lost=1.0, swept=0),
        shape=Shape(names=8),
        visibility=Visibility.AT_ONCE,
    )
    assert report.stuck
