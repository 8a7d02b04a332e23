"""Taking a version back at the same time as another call, in every order of their calls of the
catalog: the version is in one place in the end, and whole, or gone if it was due."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos import limits
from mcos.calls.create_container import create_container
from mcos.calls.create_object import create_object
from mcos.calls.delete_container import delete_container
from mcos.calls.delete_object import delete_object
from mcos.calls.purge_object import purge_object
from mcos.calls.undelete_object import undelete_object
from mcos.calls.update_object import update_object
from mcos.catalog import containers
from mcos.catalog.registry import all_clusters
from mcos.errors import ContainerNotFound, McosError, ObjectExists, ObjectNotFound
from mcos.model.conditions import Conditions
from mcos.model.deleted import DeletedState
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.versions.make import Content, Prefer
from mcos.workers.sweep_deleted import look_at
from tests.support.cloud import Cloud
from tests.support.interleaving import Outcome, Stage, interleavings

ASYNC, SYNC = Prefer("respond-async"), Prefer("wait")
NO_CONDITIONS = Conditions()
CONTAINER = "photos"
GRACE = 30 * 24 * 3600


class Race:
    """A new account with a container and an object that was deleted, and the calls that race."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.key = ObjectKey(self.account, CONTAINER, "sea.jpg")
        create_container(self.account, CONTAINER)
        self.version = self.create(b"what was deleted", SYNC).shown.id
        self.delete()

    def create(self, content: bytes = b"created", prefer: Prefer = ASYNC) -> ObjectRecord:
        return create_object(self.key, Content(content, "image/jpeg", {}), prefer, NO_CONDITIONS)

    def delete(self) -> None:
        delete_object(self.key, SYNC, NO_CONDITIONS)

    def undelete(self) -> ObjectRecord:
        return undelete_object(self.key)

    def undelete_and_delete(self) -> None:
        self.undelete()
        self.delete()

    def undelete_and_update(self) -> None:
        self.undelete()
        update_object(self.key, Content(b"updated", "image/jpeg", {}), ASYNC, NO_CONDITIONS)

    def purge(self) -> list[str]:
        return purge_object(self.key)

    def sweep(self) -> str | None:
        """What the sweeper does when it finds the version in the index."""
        return look_at(f"{self.account}/{CONTAINER}", f"sea.jpg\n{self.version}")

    def delete_container(self) -> None:
        delete_container(self.account, CONTAINER)

    def check(self) -> tuple[ObjectRecord | None, bool]:
        """The object, and whether a deleted version of it is kept, once nothing is left to do."""
        cloud = self.cloud
        with cloud.network.outside():
            cloud.settle()
            cloud.clock.advance(200)
            cloud.sweep_what_is_there("s3")
            cloud.settle()
        cloud.check_storage(self.account)
        record = cloud.record(*self.key)
        assert record is None or record.state is State.CREATED, record
        assert record is None or self.has_container(), "an object in a deleted container"
        return record, any(one.state is DeletedState.KEPT for one in cloud.deleted(self.account))

    def has_container(self) -> bool:
        with self.cloud.network.outside():
            try:
                containers.get(self.account, CONTAINER)
            except ContainerNotFound:
                return False
        return True


def every_order(cloud: Cloud, play: Callable[[Race, Stage], list[Outcome]]) -> list[list[Outcome]]:
    """Play a race in every order; the outcomes of each."""
    ends = []
    cloud.grant(GRACE)
    with cloud.at("s3"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "REGISTRY_AGE_SECONDS", 1000 * GRACE)  # the same calls in every order
        all_clusters()
        for stage in interleavings(cloud.network):
            with cloud.network.outside():
                race = Race(cloud)
            outcomes = play(race, stage)
            for outcome in outcomes:
                if isinstance(outcome, Exception) and not isinstance(outcome, McosError):
                    raise outcome
            ends.append(outcomes)
    return ends


def kinds(ends: list[list[Outcome]], position: int) -> set[type]:
    return {type(outcomes[position]) for outcomes in ends}


def test_an_undelete_against_a_create(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.undelete, race.create)
        record, is_kept = race.check()
        assert record is not None
        assert is_kept == isinstance(outcomes[0], McosError)
        assert (record.shown.size == len(b"created")) == is_kept
        return outcomes

    ends = every_order(cloud, play)
    assert len(ends) > 5
    assert kinds(ends, 0) == {ObjectRecord, ObjectExists}
    assert kinds(ends, 1) == {ObjectRecord, ObjectExists}


def test_an_undelete_against_another(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.undelete, race.undelete)
        record, is_kept = race.check()
        assert record is not None
        assert not is_kept
        return outcomes

    ends = every_order(cloud, play)
    assert len(ends) > 5
    assert kinds(ends, 0) | kinds(ends, 1) == {ObjectRecord}


def test_an_undelete_against_the_removal_that_is_due(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        race.cloud.clock.advance(GRACE + 1)
        undeleted, swept = stage.play(race.undelete, race.sweep)
        record, is_kept = race.check()
        assert not is_kept
        assert (record is not None) == isinstance(undeleted, ObjectRecord)
        return [undeleted, swept]

    ends = every_order(cloud, play)
    assert len(ends) > 5
    assert kinds(ends, 0) == {ObjectRecord, ObjectNotFound}


def test_an_undelete_against_a_purge(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        undeleted, purged = stage.play(race.undelete, race.purge)
        race.sweep()
        record, is_kept = race.check()
        assert not is_kept
        assert (record is not None) == isinstance(undeleted, ObjectRecord)
        return [undeleted, purged]

    ends = every_order(cloud, play)
    assert kinds(ends, 0) <= {ObjectRecord, ObjectNotFound}
    assert kinds(ends, 1) == {list, ObjectNotFound}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each deploys it anew
)
@given(choices=st.lists(st.integers(0, 3), max_size=40))
def test_whatever_races_a_version_is_in_one_place(running: Cloud, choices: list[int]) -> None:
    """All orders of so many calls would take hours."""
    running.deploy()
    running.grant(GRACE)
    with running.at("s3"):
        with running.network.outside():
            race = Race(running)
        running.clock.advance(GRACE + 1)
        outcomes = Stage(running.network, choices).play(
            race.undelete, race.undelete_and_delete, race.sweep, race.undelete_and_update
        )
        for outcome in outcomes:
            assert not isinstance(outcome, Exception) or isinstance(outcome, McosError), outcome
        race.check()


def test_an_undelete_against_the_deletion_of_its_container(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.undelete, race.delete_container)
        record, is_kept = race.check()
        assert (record is None) == is_kept
        assert (record is not None) == isinstance(outcomes[0], ObjectRecord)
        assert race.has_container() == (outcomes[1] is not None)
        return outcomes

    ends = every_order(cloud, play)
    assert len(ends) > 5
    assert kinds(ends, 0) == {ObjectRecord, ContainerNotFound}
    assert type(None) in kinds(ends, 1)
