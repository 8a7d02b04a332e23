"""Calls at the same time, in every order in which their calls of the catalog can follow each other.

Promise 5: a container that is deleted has no objects, and an object never appears in a deleted
container, whatever races.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos import limits
from mcos.calls.create_container import create_container
from mcos.calls.create_object import create_object
from mcos.calls.delete_container import delete_container
from mcos.calls.delete_object import delete_object
from mcos.calls.update_object import update_object
from mcos.catalog import containers
from mcos.catalog.registry import all_clusters
from mcos.errors import (
    Conflict,
    ContainerNotEmpty,
    ContainerNotFound,
    McosError,
    ObjectExists,
    ObjectNotFound,
)
from mcos.model.conditions import Conditions
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.versions.make import Content, Prefer
from mcos.workers.sweep_pending import sweep_pending
from tests.support.cloud import Cloud
from tests.support.interleaving import Outcome, Stage, interleavings

ASYNC = Prefer("respond-async")
NO_CONDITIONS = Conditions()
CONTAINER, NAME = "photos", "sea.jpg"


class Race:
    """A new account with the container, and the calls that race in it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.key = ObjectKey(self.account, CONTAINER, NAME)
        create_container(self.account, CONTAINER)

    def create(self, content: bytes = b"created") -> ObjectRecord:
        body = Content(content, "image/jpeg", {})
        return create_object(self.key, body, ASYNC, NO_CONDITIONS)

    def update(self, content: bytes = b"updated") -> ObjectRecord:
        body = Content(content, "image/jpeg", {})
        return update_object(self.key, body, ASYNC, NO_CONDITIONS).record

    def put(self, content: bytes = b"put") -> ObjectRecord:
        body = Content(content, "image/jpeg", {})
        return update_object(self.key, body, ASYNC, NO_CONDITIONS, create=True).record

    def delete(self) -> None:
        delete_object(self.key, ASYNC, NO_CONDITIONS)

    def delete_container(self) -> None:
        delete_container(self.account, CONTAINER)

    def create_container(self) -> None:
        create_container(self.account, CONTAINER)

    def has_container(self) -> bool:
        with self.cloud.network.outside():
            try:
                containers.get(self.account, CONTAINER)
            except ContainerNotFound:
                return False
        return True

    def check(self) -> ObjectRecord | None:
        """What the promises say of the end, whoever won; the object."""
        with self.cloud.network.outside():
            self.cloud.settle()
        record = self.cloud.record(*self.key)
        assert record is None or record.state is State.CREATED, record
        assert record is None or self.has_container(), "an object in a deleted container"
        self.cloud.check_storage(self.account)
        assert self.cloud.staged() == set()
        return record


def every_order(
    cloud: Cloud, play: Callable[[Race, Stage], list[Outcome]]
) -> list[tuple[Race, list[Outcome]]]:
    """Play a race in every order; the outcomes of each, and its end is checked."""
    ends = []
    with cloud.at("s3"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "REGISTRY_AGE_SECONDS", 3600)  # the same calls in every order
        all_clusters()
        for stage in interleavings(cloud.network):
            with cloud.network.outside():
                race = Race(cloud)
            outcomes = play(race, stage)
            for outcome in outcomes:
                if isinstance(outcome, Exception) and not isinstance(outcome, McosError):
                    raise outcome
            ends.append((race, outcomes))
    return ends


def kinds(ends: list[tuple[Race, list[Outcome]]], position: int) -> set[type]:
    return {type(outcomes[position]) for _, outcomes in ends}


@pytest.mark.parametrize("create", [Race.create, Race.put])
def test_a_create_against_the_deletion_of_its_container(
    cloud: Cloud, create: Callable[[Race], ObjectRecord]
) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(lambda: create(race), race.delete_container)
        created, deleted = outcomes
        record = race.check()
        assert (record is not None) == isinstance(created, ObjectRecord)
        assert race.has_container() == (deleted is not None)
        return outcomes

    ends = every_order(cloud, play)
    assert len(ends) > 5
    assert kinds(ends, 0) == {ObjectRecord, ContainerNotFound}
    assert kinds(ends, 1) <= {type(None), ContainerNotEmpty, Conflict}
    assert not all(isinstance(created, McosError) for _, (created, _) in ends)


def test_the_deletion_of_a_container_against_its_creation(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.delete_container, race.create_container)
        deleted, made = outcomes
        assert made is None
        # It was there before, and its creator was told that it is there: so it has to be there,
        # unless the deletion came after.
        assert race.has_container() or deleted is None
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {type(None), Conflict}


def test_two_creates_of_one_object_make_one(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(lambda: race.create(b"one"), lambda: race.create(b"other"))
        won = [one for one in outcomes if isinstance(one, ObjectRecord)]
        assert len(won) == 1
        record = race.check()
        assert record is not None
        assert record.current is not None
        assert record.current.id == won[0].latest.id
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == kinds(ends, 1) == {ObjectRecord, ObjectExists}


def test_two_puts_of_one_object_are_both_taken_and_one_wins_whole(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(lambda: race.put(b"one"), lambda: race.put(b"the other"))
        accepted = {one.latest.id for one in outcomes}
        assert len(accepted) == 2
        record = race.check()
        assert record is not None
        assert record.current is not None
        assert record.current.id in accepted
        return outcomes

    every_order(cloud, play)


def test_a_put_against_a_delete(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.create()
            race.cloud.settle()
        outcomes = stage.play(race.put, race.delete)
        assert isinstance(outcomes[0], ObjectRecord)
        assert outcomes[1] is None
        race.check()
        return outcomes

    every_order(cloud, play)


def test_of_two_updates_one_wins_whole(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.create()
            race.cloud.settle()
        outcomes = stage.play(lambda: race.update(b"one"), lambda: race.update(b"the other"))
        accepted = {one.latest.id for one in outcomes}
        assert len(accepted) == 2
        record = race.check()
        assert record is not None
        assert record.current is not None
        assert record.current.id in accepted
        assert record.current.id == record.shown.id
        return outcomes

    every_order(cloud, play)


def test_an_update_against_a_delete(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.create()
            race.cloud.settle()
        outcomes = stage.play(race.update, race.delete)
        assert outcomes[1] is None
        assert race.check() is None
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {ObjectRecord, ObjectNotFound}


def test_a_create_in_a_container_that_is_not_there_against_an_update_of_the_object(
    cloud: Cloud,
) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.delete_container()
        outcomes = stage.play(race.create, race.update)
        assert all(isinstance(outcome, McosError) for outcome in outcomes), outcomes
        assert race.check() is None
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {ContainerNotFound}
    assert kinds(ends, 1) <= {ContainerNotFound, ObjectNotFound}


def test_the_sweeper_against_a_create_that_is_slow(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.create, lambda: sweep_pending(older_than_seconds=-1, seconds=40))
        assert isinstance(outcomes[0], ObjectRecord)
        record = race.check()
        assert record is not None
        return outcomes

    every_order(cloud, play)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each deploys it anew
)
@given(choices=st.lists(st.integers(0, 5), max_size=30))
def test_whatever_races_no_object_is_in_a_deleted_container(
    running: Cloud, choices: list[int]
) -> None:
    running.deploy()
    with running.at("s3"):
        with running.network.outside():
            race = Race(running)
        outcomes = Stage(running.network, choices).play(
            race.create,
            race.delete_container,
            race.create_container,
            race.update,
            race.put,
            race.delete,
        )
        for outcome in outcomes:
            assert not isinstance(outcome, Exception) or isinstance(outcome, McosError), outcome
        race.check()
