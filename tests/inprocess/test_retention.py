"""What a container retains is neither deleted nor replaced before its time, whoever asks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mcos import clock
from mcos.catalog import containers
from mcos.catalog.journaled import TABLES, scan
from mcos.catalog.newer import write_container
from mcos.catalog.tables import ContainerItem
from mcos.model.clusters import PolicyPart, StoragePolicy
from mcos.model.digests import digests_of
from mcos.model.objects import State
from tests.support.cloud import ASYNC, SYNC, Cloud, arn
from tests.support.gateway import Reply
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path, undelete_path
from tests.support.uploads import Sender
from tests.support.user import User

DAYS = 7
DAY = 24 * 3600
CONTENT, OTHER = b"what must stay", b"what would replace it"
NAME = "ledger"
PATH = object_path("photos", NAME)
TWO = StoragePolicy("two", (PolicyPart(2),), readable=1)


@pytest.fixture
def keeper(user: User) -> User:
    """A user whose container retains for a week; every function has forgotten the container."""
    user.cloud.add_account(user.account, "password")
    assert retain(user, DAYS).status == 200
    containers.forget()
    return user


def retain(user: User, days: int, container: str = "photos") -> Reply:
    headers = {"x-retention-days": str(days)}
    return user.call("PUT", container_path(container), headers=headers)


def after(moment: str, days: int = DAYS) -> str:
    return clock.text(datetime.fromisoformat(moment) + timedelta(days=days))


def pass_time(user: User, seconds: int) -> None:
    user.cloud.clock.advance(seconds)
    user.token = user.cloud.token(user.account)


def is_retained(user: User, name: str = NAME) -> bool:
    """Whether the version that readers see has the time that its container says."""
    record = user.cloud.record(user.account, "photos", name)
    assert record is not None
    assert record.current is not None
    return record.current.retained_until == after(record.current.created_at)


def check_refused(user: User, reply: Reply) -> None:
    """It was refused with the time, and the object is as it was."""
    assert (reply.status, reply.code) == (409, "retained"), reply
    assert "retry-after" not in reply.headers
    assert reply.json()["retained_until"] == user.stat(NAME)["retained_until"]
    assert user.download(NAME).body == CONTENT


def delete(user: User, how: dict[str, str]) -> Reply:
    return user.call("DELETE", PATH, headers=how)


WRITES: dict[str, Callable[[User], Reply]] = {
    "sync update": lambda user: user.update(NAME, OTHER, SYNC),
    "async update": lambda user: user.update(NAME, OTHER, ASYNC),
    "sync delete": lambda user: delete(user, SYNC),
    "async delete": lambda user: delete(user, ASYNC),
    "upload": lambda user: begin(user),
}


def begin(user: User) -> Reply:
    wanted = {"container": "photos", "object": NAME, "action": "update", "size": len(OTHER)}
    return Sender(user).ask("POST", "", wanted)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("how", [SYNC, ASYNC], ids=["sync", "async"])
def test_what_would_delete_or_replace_is_refused_until_the_time_has_come(
    keeper: User, how: dict[str, str], write: Callable[[User], Reply]
) -> None:
    assert keeper.create(NAME, CONTENT, how).status in (201, 202)
    staged = keeper.cloud.staged()
    check_refused(keeper, write(keeper))
    assert keeper.cloud.staged() == staged
    keeper.cloud.settle()
    check_refused(keeper, write(keeper))
    assert is_retained(keeper)
    pass_time(keeper, DAYS * DAY - 60)
    check_refused(keeper, write(keeper))
    keeper.cloud.settle()
    keeper.cloud.check_storage(keeper.account)
    pass_time(keeper, 120)
    assert write(keeper).status in (200, 201, 202, 204)


def test_what_has_replaced_it_is_retained_anew(keeper: User) -> None:
    keeper.create(NAME, CONTENT, SYNC)
    pass_time(keeper, DAYS * DAY + 1)
    for how in (SYNC, ASYNC):
        containers.forget()
        assert keeper.update(NAME, OTHER, how).status in (200, 202)
        assert is_retained(keeper)
        assert delete(keeper, SYNC).code == "retained"
        pass_time(keeper, DAYS * DAY + 1)
        keeper.cloud.settle()
    assert delete(keeper, SYNC).status == 204


def test_an_upload_that_was_begun_before_replaces_nothing_that_is_retained(keeper: User) -> None:
    sender = Sender(keeper)
    keeper.create(NAME, b"the first content", SYNC)
    pass_time(keeper, DAYS * DAY + 1)
    upload = sender.begin(NAME, OTHER, action="update")
    sender.send(upload, OTHER)
    keeper.update(NAME, CONTENT, SYNC)
    check_refused(keeper, sender.complete(upload))
    assert keeper.cloud.ingest("s3", sender.event(upload)) == []
    check_refused(keeper, sender.complete(upload))
    keeper.cloud.settle()
    keeper.cloud.check_storage(keeper.account)


def test_an_upload_that_creates_is_told_that_the_object_exists(keeper: User) -> None:
    sender = Sender(keeper)
    upload = sender.begin(NAME, OTHER)
    sender.send(upload, OTHER)
    keeper.create(NAME, CONTENT, SYNC)
    assert sender.complete(upload).code == "object_exists"


def test_an_upload_is_retained_from_its_completion_but_not_if_its_content_is_refused(
    keeper: User,
) -> None:
    sender = Sender(keeper)
    for said, end in ((CONTENT, State.CREATED), (OTHER, State.FAILED)):
        digest = {"sha-256": digests_of(said).sha256}
        upload = sender.begin(end, CONTENT, part_size=5 * 1024**2)
        sender.send(upload, CONTENT)
        assert sender.complete(upload, digest=digest).status in (200, 202)
        containers.forget()
        assert keeper.update(end, OTHER, SYNC).code == "retained", "it was taken"
        keeper.cloud.settle()
        record = keeper.cloud.record(keeper.account, "photos", end)
        assert record is not None
        assert record.state is end
    assert is_retained(keeper, State.CREATED)
    assert keeper.call("DELETE", object_path("photos", State.FAILED), headers=SYNC).status == 204


def test_a_file_or_a_message_that_would_replace_goes_to_the_dead_letter_queue(
    keeper: User,
) -> None:
    cloud = keeper.cloud
    key = f"incoming/{keeper.account}/photos/{NAME}"
    assert cloud.ingest("s3", cloud.put_into_staging("s3", key, CONTENT)) == []
    assert cloud.ingest("s3", cloud.put_into_staging("s3", key, OTHER)) == []
    cloud.settle()
    assert is_retained(keeper)
    cloud.put_into_staging("s3", "inbound/a", OTHER)
    message = {
        "account": keeper.account,
        "container": "photos",
        "object": NAME,
        "staging_key": "inbound/a",
    }
    assert cloud.ingest("s3", message) == []
    assert [code for code, _ in cloud.refused("s3")] == ["retained", "retained"]
    cloud.settle()
    assert keeper.download(NAME).body == CONTENT


def test_what_was_deleted_when_it_could_be_comes_back_and_can_be_deleted(keeper: User) -> None:
    keeper.cloud.grant(30 * DAY)
    keeper.create(NAME, CONTENT, SYNC)
    pass_time(keeper, DAYS * DAY + 1)
    assert delete(keeper, SYNC).status == 204
    retain(keeper, 100)
    undelete = undelete_path("photos", NAME)
    assert keeper.call("POST", undelete).status == 200
    assert delete(keeper, SYNC).status == 204


def test_a_retention_is_raised_and_never_lowered_and_holds_from_then_on(user: User) -> None:
    user.create("before", CONTENT, SYNC)
    assert user.call("PUT", container_path("photos")).json()["retention_days"] == 0
    for asked, holds in ((3, 3), (2, 3), (0, 3), (DAYS, DAYS), (DAYS, DAYS)):
        reply = retain(user, asked)
        assert (reply.status, reply.json()["retention_days"]) == (200, holds)
    listed = user.call("GET", "/v1/containers").json()["containers"]
    assert [one["retention_days"] for one in listed] == [DAYS]
    assert user.call("PUT", container_path("photos")).json()["retention_days"] == DAYS
    assert "retained_until" not in user.stat("before")
    assert user.call("DELETE", object_path("photos", "before"), headers=SYNC).status == 204
    user.create(NAME, CONTENT, SYNC)
    retain(user, 2 * DAYS)
    assert is_retained(user)
    made = retain(user, 5, "others")
    assert (made.status, made.json()["retention_days"]) == (201, 5)


def test_a_refusal_for_another_policy_raises_nothing(user: User) -> None:
    user.cloud.write_policy(TWO)
    headers = {"x-storage-policy": TWO.name, "x-retention-days": "5"}
    refused = user.call("PUT", container_path("photos"), headers=headers)
    assert (refused.status, refused.code) == (409, "conflict")
    assert containers.get(user.account, "photos").retention_days == 0


@pytest.mark.parametrize("days", ["-1", "36501", "1.5", "x", "", "100000"])
def test_what_is_no_retention_is_refused(user: User, days: str) -> None:
    headers = {"x-retention-days": days}
    reply = user.call("PUT", container_path("more"), headers=headers)
    assert (reply.status, reply.code) == (400, "invalid_header")
    assert user.call("GET", f"{container_path('more')}/objects").status == 404


def test_a_warm_function_makes_no_call_more_for_a_retention(keeper: User) -> None:
    keeper.create("cold", CONTENT, SYNC)
    with keeper.cloud.network.record() as calls:
        assert keeper.create("warm", CONTENT, SYNC).status == 201
    assert [one.name for one in calls] == [
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "sfn:StartSyncExecution",
        *["backend:put"] * 3,
        "dynamodb:PutItem",
    ]
    with keeper.cloud.network.record() as calls:
        keeper.stat("warm")
    assert len(calls) == 1


def test_an_object_whose_container_is_lost_can_be_updated(keeper: User) -> None:
    """A restore of the table can take the container's item away for a while."""
    keeper.create(NAME, CONTENT, SYNC)
    pass_time(keeper, DAYS * DAY + 1)
    ContainerItem(keeper.account, "photos").delete()
    assert keeper.update(NAME, OTHER, ASYNC).status == 202
    keeper.cloud.settle()
    assert keeper.download(NAME).body == OTHER


def test_the_journal_and_an_import_keep_a_retention(keeper: User) -> None:
    def entry() -> Any:
        found = scan("containers", None, limit=100, secrets=False).entries
        return next(one for one in found if one.key == (keeper.account, "photos"))

    before = entry()
    retain(keeper, 2 * DAYS)
    raised = entry()
    assert (before.record["retention_days"], raised.record["retention_days"]) == (DAYS, 2 * DAYS)
    assert raised.revision > before.revision
    TABLES["containers"](keeper.account, "photos").delete()
    for one in (raised, before):
        write_container(one.record, revision=one.revision)
    assert containers.get(keeper.account, "photos").retention_days == 2 * DAYS


STORIES: dict[str, tuple[str, dict[str, str]]] = {
    "sync create": ("POST", SYNC),
    "async create": ("POST", ASYNC),
    "sync update": ("PUT", SYNC),
    "async update": ("PUT", ASYNC),
}


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_whatever_goes_wrong_once_what_is_there_is_retained(
    cloud: Cloud, user: User, story: tuple[str, dict[str, str]], manner: Manner
) -> None:
    method, how = story
    if method == "PUT":
        user.create(NAME, CONTENT, SYNC)
    retain(user, DAYS)
    begin_again = cloud.keep()

    def tell(fault: tuple[int, Manner] | None) -> tuple[Reply, list[NetworkCall]]:
        begin_again()
        containers.forget()  # so the guess is wrong
        with cloud.network.record(fault) as calls:
            reply = user.call(method, PATH, OTHER, how)
            cloud.settle()
        return reply, list(calls)

    reply, calls = tell(None)
    assert reply.status < 300
    assert is_retained(user)
    there = 0
    for number, call in enumerate(calls):
        if call.name.startswith("backend:"):
            continue
        reply, _ = tell((number, manner))
        record = cloud.record(user.account, "photos", NAME)
        if record is not None and record.current is not None and record.current.size == len(OTHER):
            there += 1
            assert is_retained(user), call
            assert delete(user, SYNC).code == "retained", call
        else:
            assert reply.died or reply.status >= 500, call
    assert there


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_whatever_goes_wrong_once_what_was_uploaded_is_retained(
    cloud: Cloud, keeper: User, manner: Manner
) -> None:
    key = f"incoming/{keeper.account}/photos/{NAME}"
    event = cloud.put_into_staging("s3", key, CONTENT)
    begin_again = cloud.keep()

    def tell(fault: tuple[int, Manner] | None) -> list[NetworkCall]:
        begin_again()
        containers.forget()
        with cloud.network.record(fault) as calls:
            cloud.try_to_invoke(arn("s3", "ingest_upload"), cloud.sqs_event_of(event))
            cloud.settle()
        if cloud.record(keeper.account, "photos", NAME) is None:
            cloud.ingest("s3", event)  # it comes again
            cloud.settle()
        return list(calls)

    for number, call in enumerate(tell(None)):
        if call.function == "ingest_upload":
            tell((number, manner))
            assert is_retained(keeper), call
            assert delete(keeper, SYNC).code == "retained", call
