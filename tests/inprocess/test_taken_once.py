"""What is in staging is taken once, whoever tries it, wherever a try ends, whatever comes between.

Between any two calls of the catalog, and in place of all that would follow, there is a *whole* life
of the object: another try takes the content, it is stored, deleted and disposed of.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos import limits
from mcos.calls.abort_upload import abort_upload
from mcos.calls.begin_upload import UploadRequest, begin_upload
from mcos.calls.complete_upload import complete_upload
from mcos.calls.create_container import create_container
from mcos.calls.delete_container import delete_container
from mcos.calls.delete_object import delete_object
from mcos.catalog import uploads
from mcos.catalog.registry import all_clusters
from mcos.errors import (
    ContainerNotFound,
    McosError,
    ObjectNotFound,
    Superseded,
    UploadNotFound,
    UploadTaken,
)
from mcos.model.conditions import Conditions
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.uploads import Action, UploadState
from mcos.versions.make import Prefer
from mcos.workers.sweep_uploads import sweep_uploads
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import cluster_environment
from tests.support.interleaving import Outcome, Stage, interleavings
from tests.support.network import Died, Manner
from tests.support.paths import container_path, object_path
from tests.support.uploads import Sender
from tests.support.user import User

CONTENT, NAME = b"what a scanner has put there", "sea.jpg"
PATH = object_path("photos", NAME)


class Taking:
    """Content in staging that is to become an object, and who may try it.

    Attributes
    ----------
    first, again
        A try, and one of somebody else; both return whether it is over.
    """

    def __init__(self, user: User, kind: str) -> None:
        self.user = user
        self.cloud = user.cloud
        self.key: tuple[str, str]
        getattr(self, f"_{kind}")()

    def _upload(self) -> None:
        here, there = Sender(self.user), Sender(self.user, at="swift")
        upload = here.begin(NAME, CONTENT)
        here.send(upload, CONTENT)
        self.first = lambda: here.complete(upload).status < 500
        self.again = lambda: there.complete(upload).status < 500
        self.uploads = [upload["upload"]]

    def _arrival(self) -> None:
        """An upload that S3 tells of."""
        sender = Sender(self.user)
        upload = sender.begin(NAME, CONTENT)
        sender.send(upload, CONTENT)
        event = sender.event(upload)
        self.first = self.again = lambda: self.cloud.ingest("s3", event) == []

    def _drop(self) -> None:
        self.cloud.add_account(self.user.account, "password")
        key = f"incoming/{self.user.account}/photos/{NAME}"
        event = self.cloud.put_into_staging("s3", key, CONTENT)
        self.first = self.again = lambda: self.cloud.ingest("s3", event) == []

    def _message(self) -> None:
        self.cloud.add_account(self.user.account, "password")
        self.cloud.put_into_staging("s3", "inbound/scanner/1", CONTENT)
        message = {
            "id": "one",
            "account": self.user.account,
            "container": "photos",
            "object": NAME,
            "staging_key": "inbound/scanner/1",
        }
        self.first = self.again = lambda: self.cloud.ingest("s3", message) == []

    def try_it(self, fault: tuple[int, Manner] | None = None) -> list[str]:
        """Try it; the calls that it makes."""
        with self.cloud.network.record(fault) as calls:
            with suppress(Died):
                self.first()
            return [call.name for call in calls]

    def live(self) -> None:
        """Let another try take it, and the object live its whole life."""
        assert self.again()
        self.cloud.settle()
        assert self.user.call("GET", PATH).body == CONTENT
        assert self.user.call("DELETE", PATH, b"", SYNC).status == 204
        self.cloud.settle()

    def end(self) -> None:
        """Let all that comes by itself come, late."""
        self.cloud.settle()
        self.cloud.clock.advance(180)
        self.cloud.sweep("s3")
        self.cloud.settle()
        self.user.token = self.cloud.token(self.user.account)

    def check_gone(self) -> None:
        self.end()
        assert self.again()
        self.cloud.settle()
        assert self.user.call("GET", PATH).status == 404
        assert self.user.call("GET", f"{container_path('photos')}/objects").json()["objects"] == []
        self.cloud.check_storage(self.user.account)
        assert self.cloud.staged() == set()

    def check_taken(self) -> None:
        assert self.again()
        self.cloud.settle()
        assert self.user.call("GET", PATH).body == CONTENT
        held = self.cloud.replicas(self.user.account)
        assert len({version for bodies in held.values() for version in bodies}) == 1
        self.cloud.check_storage(self.user.account)
        assert self.cloud.staged() == set()


@pytest.fixture(params=["upload", "arrival", "drop", "message"])
def taking(user: User, request: pytest.FixtureRequest) -> Taking:
    return Taking(user, request.param)


def catalog_calls(taking: Taking) -> list[int]:
    """Numbers of the calls of the catalog that a try makes; all is then as before."""
    begin_again = taking.cloud.keep()
    taking.try_it()  # warm
    begin_again()
    calls = taking.try_it()
    begin_again()
    return [number for number, name in enumerate(calls) if name.startswith("dynamodb:")]


def before_call(cloud: Cloud, number: int, do: Callable[[], object]) -> None:
    """Let ``do`` happen right before the call of that number."""
    count = -1

    def before(_: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            cloud.network.before = None
            with cloud.network.outside():
                do()

    cloud.network.before = before


def test_a_whole_life_between_two_steps_is_not_lived_twice(taking: Taking) -> None:
    numbers = catalog_calls(taking)
    begin_again = taking.cloud.keep()
    assert len(numbers) > 5
    for number in numbers:
        begin_again()
        before_call(taking.cloud, number, taking.live)
        taking.first()
        assert taking.cloud.network.before is None
        taking.check_gone()


def test_a_whole_life_after_a_try_that_died_is_not_lived_twice(taking: Taking) -> None:
    numbers = catalog_calls(taking)
    begin_again = taking.cloud.keep()
    for number in numbers:
        begin_again()
        taking.try_it((number, Manner.DIES))
        taking.live()
        taking.check_gone()


def test_what_was_accepted_by_a_try_that_died_and_deleted_since_does_not_come_back(
    taking: Taking,
) -> None:
    """Nobody else has tried: it is the disposal that tells the upload of it."""
    numbers = catalog_calls(taking)
    begin_again = taking.cloud.keep()
    accepted = 0
    for number in numbers:
        begin_again()
        taking.try_it((number, Manner.DIES))
        taking.cloud.settle()
        if taking.user.call("DELETE", PATH, b"", SYNC).status == 204:
            accepted += 1
            taking.check_gone()
    assert accepted >= 2


def test_a_try_that_died_is_taken_up_by_the_sweeper(taking: Taking) -> None:
    """As soon as it is marked; before, nothing has happened."""
    numbers = catalog_calls(taking)
    begin_again = taking.cloud.keep()
    swept = 0
    for number in numbers:
        begin_again()
        taking.try_it((number, Manner.DIES))
        taking.end()
        reply = taking.user.call("GET", PATH)
        if reply.status == 200:
            swept += 1
            assert reply.body == CONTENT
        else:
            assert not swept, "an earlier step was enough for the sweeper"
        taking.check_taken()
    assert swept >= 2


class Race:
    """An upload whose content is there, of a new account, and the calls that race for it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.key = ObjectKey(self.account, "photos", NAME)
        create_container(self.account, "photos")
        wanted = UploadRequest("photos", NAME, Action.PUT, "image/jpeg", {}, size=len(CONTENT))
        self.id = begin_upload(self.account, wanted, Conditions()).id
        bucket = cluster_environment("s3")["MCOS_STAGING_BUCKET"]
        cloud.client("s3").put_object(
            Bucket=bucket, Key=f"uploads/{self.account}/{self.id}", Body=CONTENT
        )

    def complete(self) -> ObjectRecord:
        return complete_upload(self.account, self.id)

    def die_marked(self) -> None:
        """Let a try mark it and die."""
        cloud, seen = self.cloud, 0

        def die(name: str) -> None:
            nonlocal seen
            seen += name == "dynamodb:PutItem"
            if seen == 3:  # after the name was reserved and the upload marked
                raise Died(name)

        cloud.network.before = die
        with suppress(Died):
            self.complete()
        cloud.network.before = None
        assert self.state() == "TAKING"

    def abort(self) -> None:
        abort_upload(self.account, self.id)

    def delete(self) -> None:
        delete_object(self.key, Prefer("wait"), Conditions())

    def delete_container(self) -> None:
        delete_container(self.account, "photos")

    def sweep(self) -> dict[str, int]:
        return sweep_uploads(limit=9)

    def state(self) -> str | None:
        with self.cloud.network.outside():
            found = uploads.get(self.account, self.id)
        return str(found.state) if found else None

    def check(self) -> ObjectRecord | None:
        """What is so in the end, whoever won; the object."""
        with self.cloud.network.outside():
            self.cloud.settle()
            self.cloud.clock.advance(180)
            self.cloud.sweep()
            self.cloud.settle()
        record = self.cloud.record(*self.key)
        assert record is None or record.state is State.CREATED, record
        self.cloud.check_storage(self.account)
        assert self.cloud.staged() == set()
        assert self.state() in ("TAKEN", None)
        return record


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


def kinds(ends: list[list[Outcome]], position: int) -> set[Any]:
    return {type(outcomes[position]) for outcomes in ends}


def test_two_completions_in_every_order_make_one_version(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.complete, race.complete)
        assert all(isinstance(one, ObjectRecord) for one in outcomes), outcomes
        record = race.check()
        assert record is not None
        assert record.current is not None
        assert record.current.id == race.id
        return outcomes

    assert len(every_order(cloud, play)) > 5


def test_a_completion_and_an_abort_in_every_order_agree(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.complete, race.abort)
        completed, aborted = outcomes
        record = race.check()
        assert (record is None) == (aborted is None)
        assert (record is not None) == isinstance(completed, ObjectRecord)
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) <= {ObjectRecord, UploadNotFound, UploadTaken, ObjectNotFound}
    assert kinds(ends, 1) == {type(None), UploadTaken}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each deploys it anew
)
@given(choices=st.lists(st.integers(0, 2), max_size=40))
def test_whoever_completes_it_a_deleted_object_stays_deleted(
    running: Cloud, choices: list[int]
) -> None:
    """Three try it, and one of them deletes what has become of it."""
    running.deploy()

    def complete_and_delete(race: Race) -> None:
        race.complete()
        race.delete()

    with running.at("s3"):
        with running.network.outside():
            race = Race(running)
        outcomes = Stage(running.network, choices).play(
            race.complete, lambda: complete_and_delete(race), race.complete
        )
        assert outcomes[1] is None
        for outcome in outcomes[::2]:
            assert isinstance(outcome, ObjectRecord | ObjectNotFound | Superseded), outcome
        assert race.check() is None
        assert race.state() == "TAKEN"


def test_a_completion_against_the_deletion_of_its_container_in_every_order(cloud: Cloud) -> None:
    def play(race: Race, stage: Stage) -> list[Outcome]:
        outcomes = stage.play(race.complete, race.delete_container)
        completed, deleted = outcomes
        record = race.check()
        assert (record is not None) == isinstance(completed, ObjectRecord)
        assert record is None or deleted is not None
        return outcomes

    ends = every_order(cloud, play)
    assert kinds(ends, 0) == {ObjectRecord, ContainerNotFound}


def test_a_completion_that_is_slow_against_the_sweeper_in_every_order(cloud: Cloud) -> None:
    """It was marked by a try that died, and its time is over."""

    def play(race: Race, stage: Stage) -> list[Outcome]:
        race.die_marked()
        cloud.clock.advance(180)
        outcomes = stage.play(race.complete, race.sweep)
        record = race.check()
        assert record is not None
        return outcomes

    every_order(cloud, play)


def test_what_is_refused_while_it_is_marked_can_be_aborted(cloud: Cloud, user: User) -> None:
    """Another call has made the object after the upload was marked, and the try has died."""
    sender = Sender(user)
    upload = sender.begin(NAME, CONTENT)
    sender.send(upload, CONTENT)
    marked = 0

    def die(name: str) -> None:
        nonlocal marked
        marked += name == "dynamodb:PutItem"
        if marked == 3:
            cloud.network.before = None
            raise Died(name)

    cloud.network.before = die
    assert sender.complete(upload).died
    with cloud.network.outside():
        found = uploads.get(user.account, upload["upload"])
    assert found is not None
    assert found.state is UploadState.TAKING
    told = sender.ask("GET", f"/{upload['upload']}").json()
    assert (told["state"], told["version"], told["put"]) == ("OPEN", None, None)
    cloud.settle()  # the name is free again
    assert user.create(NAME, b"another", SYNC).status == 201
    reply = sender.complete(upload)
    assert (reply.status, reply.code) == (409, "object_exists")
    assert sender.ask("DELETE", f"/{upload['upload']}").status == 204
    assert sender.ask("GET", f"/{upload['upload']}").status == 404
    cloud.settle()
    assert user.download(NAME).body == b"another"
    cloud.check_storage_of_all()


def test_a_taken_upload_is_forgotten_after_two_weeks_and_a_day(cloud: Cloud, user: User) -> None:
    sender = Sender(user)
    upload = sender.begin(NAME, CONTENT)
    sender.send(upload, CONTENT)
    assert sender.complete(upload).status == 202
    cloud.settle()
    cloud.clock.advance(14 * 24 * 3600)
    cloud.sweep()
    user.token = cloud.token(user.account)
    assert sender.ask("GET", f"/{upload['upload']}").json()["state"] == "TAKEN"
    cloud.clock.advance(24 * 3600)
    user.token = cloud.token(user.account)
    # Nobody has removed it yet, and nobody trusts it any more.
    assert sender.ask("GET", f"/{upload['upload']}").status == 404
    assert sender.ask("GET", "").json()["uploads"] == []
    assert len(_upload_rows(cloud)) == 1
    cloud.sweep()
    assert _upload_rows(cloud) == []
    assert user.create("later", b"bytes", ASYNC).status == 202


def _upload_rows(cloud: Cloud) -> list[Any]:
    with cloud.network.outside():
        found: list[Any] = cloud.client("dynamodb").scan(
            TableName=uploads.UploadItem.Meta.table_name
        )["Items"]
    return found
