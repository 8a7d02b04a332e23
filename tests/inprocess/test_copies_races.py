"""Copies at the same time as other calls, in every order of their calls of the catalog."""

from collections.abc import Callable

import pytest

from mcos import limits
from mcos.calls.copy_object import Copied, CopySource, copy_object
from mcos.calls.create_container import create_container
from mcos.calls.create_object import create_object
from mcos.calls.delete_container import delete_container
from mcos.calls.delete_object import delete_object
from mcos.calls.update_metadata import update_metadata
from mcos.calls.update_object import update_object
from mcos.catalog.registry import all_clusters
from mcos.errors import (
    ContainerNotFound,
    McosError,
    ObjectExists,
    ObjectNotFound,
    ObjectNotReady,
)
from mcos.model.conditions import Conditions
from mcos.model.description import DescriptionChange
from mcos.model.digests import digests_of
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.uploads import Action
from mcos.versions.make import Content, Prefer
from tests.support.cloud import Cloud
from tests.support.interleaving import Outcome, Stage, interleavings

ASYNC, SYNC = Prefer("respond-async"), Prefer("wait")
ANY, NO_CHANGE = Conditions(), DescriptionChange()
OLD, NEW = b"what the source has", b"what it has later"


class Race:
    """A new account with an object ``a`` in ``photos``, and an empty container ``more``."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.source = ObjectKey(self.account, "photos", "a")
        self.target = ObjectKey(self.account, "more", "b")
        for container in ("photos", "more"):
            create_container(self.account, container)
        create_object(self.source, Content(OLD, "image/jpeg", {}), SYNC, ANY)

    def copy(self) -> Copied:
        source = CopySource(self.source)
        return copy_object(self.target, source, NO_CHANGE, ASYNC, ANY, action=Action.CREATE)

    def copy_over(self) -> Copied:
        source = CopySource(self.source)
        return copy_object(self.target, source, NO_CHANGE, ASYNC, ANY, action=Action.PUT)

    def copy_and_delete(self) -> Copied:
        copied = self.copy_over()
        delete_object(self.target, SYNC, ANY)
        return copied

    def delete(self) -> None:
        delete_object(self.source, SYNC, ANY)

    def update(self) -> None:
        update_object(self.source, Content(NEW, "image/jpeg", {}), ASYNC, ANY)

    def update_and_delete(self) -> None:
        self.update()
        self.delete()

    def delete_target(self) -> None:
        delete_object(self.target, SYNC, ANY)

    def delete_container(self) -> None:
        delete_container(self.account, "more")

    def describe(self) -> ObjectRecord:
        change = DescriptionChange(metadata={"colour": "red"})
        return update_metadata(self.source, change, ANY)

    def check(self) -> bytes | None:
        """The content of the copy once nothing is left to do; None: there is none."""
        cloud = self.cloud
        with cloud.network.outside():
            cloud.pump()  # what is removed goes before anything is written
            cloud.settle()
        cloud.check_storage(self.account)
        record = cloud.record(*self.target)
        if record is None:
            return None
        assert record.state is State.CREATED, record
        known = {digests_of(one).sha256: one for one in (OLD, NEW)}
        return known[record.shown.sha256]


def every_order(cloud: Cloud, play: Callable[[Race, Stage], list[Outcome]]) -> list[list[Outcome]]:
    ends = []
    with cloud.at("s3"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "REGISTRY_AGE_SECONDS", 10**9)  # the same calls in every order
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


@pytest.mark.parametrize("grace", [0, 24 * 3600])
def test_against_the_deletion_of_the_source(cloud: Cloud, grace: int) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.copy, race.delete)
        assert outcomes[1] is None
        assert race.check() == (OLD if isinstance(outcomes[0], Copied) else None)
        return outcomes

    cloud.grant(grace)
    ends = every_order(cloud, play)
    assert len(ends) > 3
    assert kinds(ends, 0) == {Copied, ObjectNotFound}


def test_against_an_update_of_the_source(cloud: Cloud) -> None:
    """It is a copy of the one content or the other."""
    contents = set()

    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.copy, race.update)
        assert isinstance(outcomes[0], Copied)
        content = race.check()
        assert content is not None
        contents.add(content)
        return outcomes

    assert len(every_order(cloud, play)) > 3
    assert contents == {OLD, NEW}


def test_against_an_update_and_the_deletion_of_the_source(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.copy, race.update_and_delete)
        assert (race.check() is not None) == isinstance(outcomes[0], Copied)
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) <= {Copied, ObjectNotFound, ObjectNotReady}


def test_against_the_deletion_of_its_container(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        copied, _ = outcomes = stage.play(race.copy, race.delete_container)
        assert (race.check() is not None) == isinstance(copied, Copied)
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {Copied, ContainerNotFound}


def test_against_another_copy(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.copy, race.copy)
        assert sum(isinstance(one, Copied) for one in outcomes) == 1
        assert race.check() == OLD
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {Copied, ObjectExists}


def test_against_the_deletion_of_the_copy(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        with race.cloud.network.outside():
            race.copy()
        outcomes = stage.play(race.delete, race.delete_target)
        assert outcomes == [None, None]
        assert race.check() is None
        return outcomes

    every_order(cloud, play)


def test_against_a_change_of_the_description(cloud: Cloud) -> None:
    """The loan and the change are both writes of the source's record; neither is lost."""

    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.copy, race.describe)
        assert [type(one) for one in outcomes] == [Copied, ObjectRecord]
        record = race.cloud.record(*race.source)
        assert record is not None
        assert record.shown.metadata == {"colour": "red"}
        with race.cloud.network.outside():
            race.delete()
        assert race.check() == OLD
        return outcomes

    every_order(cloud, play)
