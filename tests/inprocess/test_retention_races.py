"""What is acknowledged is retained, whatever races, although no function knows its container when
it accepts a version: every order of their calls of the catalog."""

from collections.abc import Callable

import pytest

from mcos import limits
from mcos.calls.create_container import create_container
from mcos.calls.create_object import create_object
from mcos.calls.delete_object import delete_object
from mcos.calls.update_object import update_object
from mcos.catalog import containers
from mcos.catalog.registry import all_clusters
from mcos.errors import McosError
from mcos.model.conditions import Conditions
from mcos.model.objects import Container, ObjectKey, ObjectRecord, State
from mcos.versions import retention
from mcos.versions.make import Content, Prefer
from mcos.workers.sweep_pending import sweep_pending
from tests.support.cloud import Cloud
from tests.support.interleaving import Outcome, Stage, interleavings

ASYNC, SYNC = Prefer("respond-async"), Prefer("wait")
NO_CONDITIONS = Conditions()
CONTAINER = "photos"


class Race:
    """A new account with a container that retains, and the calls that race in it."""

    def __init__(self, cloud: Cloud, days: int) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.key = ObjectKey(self.account, CONTAINER, "ledger")
        create_container(self.account, CONTAINER, retention_days=days)

    def create(self, prefer: Prefer = ASYNC) -> ObjectRecord:
        return create_object(self.key, Content(b"1", "a/b", {}), prefer, NO_CONDITIONS)

    def update(self, prefer: Prefer = ASYNC) -> ObjectRecord:
        return update_object(self.key, Content(b"22", "a/b", {}), prefer, NO_CONDITIONS).record

    def delete(self) -> None:
        delete_object(self.key, ASYNC, NO_CONDITIONS)

    def sweep(self) -> None:
        sweep_pending(older_than_seconds=-1, seconds=40)

    def raise_retention(self) -> Container:
        return create_container(self.account, CONTAINER, retention_days=7)[0]

    def raise_and_update(self) -> ObjectRecord:
        self.raise_retention()
        return self.update()

    def end(self) -> ObjectRecord | None:
        with self.cloud.network.outside():
            self.cloud.settle()
        self.cloud.check_storage(self.account)
        record = self.cloud.record(*self.key)
        assert record is None or record.state is State.CREATED, record
        return record

    def check(self, acknowledged: Outcome) -> None:
        """What was acknowledged is what readers see, and is retained."""
        record = self.end()
        assert record is not None
        assert record.current is not None
        assert record.current.id == acknowledged.latest.id
        with self.cloud.network.outside():
            container = containers.get(self.account, CONTAINER)
        assert record.current.retained_until == retention.until(record.current, container)


def every_order(
    cloud: Cloud, play: Callable[[Race, Stage], list[Outcome]], *, days: int = 7
) -> list[list[Outcome]]:
    """Play a race in every order, while no function remembers a container; the outcomes."""
    ends = []
    with cloud.at("s3"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "REGISTRY_AGE_SECONDS", 3600)  # the same calls in every order
        patch.setattr(containers, "seen", lambda account, name: None)
        all_clusters()
        for stage in interleavings(cloud.network):
            with cloud.network.outside():
                race = Race(cloud, days)
            outcomes = play(race, stage)
            for outcome in outcomes:
                if isinstance(outcome, Exception) and not isinstance(outcome, McosError):
                    raise outcome
            ends.append(outcomes)
    return ends


def codes(ends: list[list[Outcome]], position: int) -> set[str]:
    return {getattr(outcomes[position], "code", "done") for outcomes in ends}


@pytest.mark.parametrize("prefer", [ASYNC, SYNC], ids=["async", "sync"])
def test_a_create_against_an_update(cloud: Cloud, prefer: Prefer) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.create, lambda: race.update(prefer))
        done = [one for one in outcomes if isinstance(one, ObjectRecord)]
        assert len(done) == 1, outcomes
        race.check(done[0])
        return outcomes

    ends = every_order(cloud, play)
    assert codes(ends, 0) == {"done", "superseded"}
    assert codes(ends, 1) == {"done", "retained", "object_not_found"}


def test_a_create_against_a_delete(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        created, deleted = stage.play(race.create, race.delete)
        assert isinstance(created, ObjectRecord) == (deleted is not None)
        if isinstance(created, ObjectRecord):
            race.check(created)
        else:
            assert race.end() is None
        return [created, deleted]

    ends = every_order(cloud, play)
    assert codes(ends, 0) == {"done", "superseded"}
    assert codes(ends, 1) == {"done", "retained", "object_not_found"}


def test_a_create_against_the_sweeper(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.create, race.sweep)
        race.check(outcomes[0])
        return outcomes

    assert len(every_order(cloud, play)) > 2


def test_an_update_after_a_raise_against_a_delete(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.create()
            race.cloud.settle()
        updated, deleted = stage.play(race.raise_and_update, race.delete)
        assert isinstance(updated, ObjectRecord) == (deleted is not None)
        if isinstance(updated, ObjectRecord):
            race.check(updated)
        return [updated, deleted]

    ends = every_order(cloud, play, days=0)
    assert codes(ends, 0) >= {"done", "object_not_found"}
    assert codes(ends, 1) >= {"done", "retained"}


def test_a_create_against_a_raise(cloud: Cloud) -> None:
    """It is one or the other, as both were under way."""

    def play(race: Race, stage: Stage) -> list[Outcome]:
        created, raised = stage.play(race.create, race.raise_retention)
        assert isinstance(created, ObjectRecord)
        record = race.end()
        assert record is not None
        assert record.current is not None
        until = record.current.retained_until
        assert until in (None, retention.until(record.current, raised))
        assert created.latest.retained_until == until
        return [until, raised]

    ends = every_order(cloud, play, days=0)
    assert {until is None for until, _ in ends} == {True, False}


def test_of_two_raises_the_longer_one_holds(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        longer = stage.play(
            race.raise_retention,
            lambda: create_container(race.account, CONTAINER, retention_days=9)[0],
        )
        with race.cloud.network.outside():
            held = containers.get(race.account, CONTAINER)
        assert held.retention_days == longer[1].retention_days == 9
        assert longer[0].retention_days in (7, 9)
        return longer

    assert len(every_order(cloud, play, days=0)) > 2
