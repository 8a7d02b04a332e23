"""No account has more than its quota for long, and none is kept from its own by another one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos import clock, limits
from mcos.catalog import accounts, journaled, newer, objects, registry, usage
from mcos.catalog.tables import AccountItem, UsageItem
from mcos.inbound import fetch_source
from mcos.model.accounts import Role
from mcos.model.objects import ObjectKey
from mcos.model.quotas import Amount, Room
from tests.support.cloud import ASYNC, SYNC, Cloud, arn
from tests.support.copying import copy
from tests.support.environment import CLUSTERS
from tests.support.network import CALL_SECONDS, Died, Manner
from tests.support.paths import object_path
from tests.support.scrubbing import begin, check_health, run_of, scrub, scrub_once
from tests.support.uploads import Sender
from tests.support.user import User

CONTENT = b"0123456789"
HOUR = 3600
LATE = limits.REGISTRY_AGE_SECONDS + 1


@pytest.fixture
def known(cloud: Cloud) -> Cloud:
    """Every backend is marked, and the deployment has an id."""
    check_health(cloud)
    return cloud


def new_user(cloud: Cloud, **quota: float | None) -> User:
    """A user of an account with a quota of its own, which functions know."""
    user = User(cloud)
    with cloud.network.outside():
        assert accounts.create(user.account, "-", quota=quota)
    counted(cloud)
    return user


def counted(cloud: Cloud) -> None:
    """Let what the streams have be counted, and functions read of it."""
    cloud.journal()
    cloud.clock.advance(LATE)


def used(cloud: Cloud, user: User) -> Amount:
    """What a user is told that the account uses."""
    reply = user.call("GET", "/v1/account")
    assert reply.status == 200
    return Amount(**reply.json()["used"])


def refused(reply: Any) -> tuple[str, int]:
    """Of which quota there was too little, and how much was left."""
    assert (reply.status, reply.json()["code"]) == (403, "quota_exceeded")
    return reply.json()["quota"], reply.json()["left"]


def test_usage_and_quota_are_shown_to_the_account_itself(known: Cloud) -> None:
    user = new_user(known, bytes=1000)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert user.create("b", CONTENT, ASYNC).status == 202
    known.settle()
    counted(known)
    told = user.call("GET", "/v1/account").json()
    assert told == {
        "used": {"bytes": 20, "objects": 2, "uploads": 0},
        "quota": {"bytes": 1000, "objects": None, "uploads": None, "writes_per_second": None},
    }


def test_what_has_no_room_is_refused_before_anything_is_changed(known: Cloud) -> None:
    user = new_user(known, bytes=25)
    for name in ("a", "b"):
        assert user.create(name, CONTENT, SYNC).status == 201
    counted(known)
    staged = known.staged()
    with known.network.record() as calls:
        assert refused(user.create("c", CONTENT, ASYNC)) == ("bytes", 5)
    assert {call.name.partition(":")[2] for call in calls} <= {"Scan", "GetSecretValue"}
    assert known.staged() == staged
    assert user.create("c", b"12345", SYNC).status == 201


def test_what_shrinks_and_what_only_reads_or_deletes_is_never_refused(known: Cloud) -> None:
    user = new_user(known, bytes=20, objects=2)
    for name in ("a", "b"):
        assert user.create(name, CONTENT, SYNC).status == 201
    counted(known)
    assert refused(user.update("a", CONTENT + b"!", SYNC)) == ("bytes", 0)
    assert refused(user.create("c", b"", SYNC)) == ("objects", 0)
    put = user.call("PUT", object_path("photos", "c") + "?if_missing=create", b"", SYNC)
    assert refused(put) == ("objects", 0)
    assert user.update("a", CONTENT[::-1], SYNC).status == 200
    assert user.update("a", CONTENT[1:], ASYNC).status == 202
    assert user.download("a").body == CONTENT[1:]
    assert user.call("DELETE", object_path("photos", "b")).status in (202, 204)
    known.settle()
    counted(known)
    assert user.create("c", CONTENT, SYNC).status == 201


def test_a_copy_needs_as_much_room_as_what_it_copies(known: Cloud) -> None:
    user = new_user(known, bytes=25)
    for name, content in (("a", CONTENT), ("b", CONTENT), ("small", b"12345")):
        assert user.create(name, content, SYNC).status == 201
    counted(known)
    staged = known.staged()
    assert refused(copy(user, "a", "c", sent=SYNC)) == ("bytes", 0)
    assert refused(copy(user, "a", "small", method="PUT", sent=SYNC)) == ("bytes", 0)
    assert copy(user, "a", "b", method="PUT", sent=SYNC).status == 200
    assert copy(user, "small", "a", method="PUT", sent=SYNC).status == 200
    assert known.staged() == staged
    known.settle()
    known.check_storage(user.account)


def test_what_was_deleted_counts_until_it_is_removed(known: Cloud) -> None:
    known.grant(24 * HOUR)
    user = new_user(known, bytes=10)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert user.call("DELETE", object_path("photos", "a"), headers=SYNC).status == 204
    known.settle()
    counted(known)
    assert used(known, user) == (10, 1, 0)
    assert refused(user.create("b", b"1", SYNC)) == ("bytes", 0)
    known.clock.advance(25 * HOUR)
    user.token = known.token(user.account)
    check_health(known)
    known.sweep()
    known.settle()
    counted(known)
    assert used(known, user) == (0, 0, 0)
    assert user.create("b", b"1", SYNC).status == 201


def test_an_upload_under_way_has_its_room_and_is_one_of_so_many(known: Cloud) -> None:
    user = new_user(known, bytes=100, uploads=2)
    sender = Sender(user)
    first = sender.begin("a", b"x" * 60)
    with known.network.outside():
        known.journal()  # what is read beside the container is no half minute late
    assert refused(sender.ask("POST", "", wanted("b", 41))) == ("bytes", 40)
    second = sender.begin("b", b"x" * 40)
    known.journal()
    assert refused(sender.ask("POST", "", wanted("c", 0))) == ("uploads", 0)
    assert used(known, user) == (100, 0, 2)
    sender.send(first, b"x" * 60)
    assert sender.complete(first).status == 202
    assert sender.ask("DELETE", f"/{second['upload']}").status == 204
    known.settle()
    counted(known)
    assert used(known, user) == (60, 1, 0)


def wanted(name: str, size: int | None) -> dict[str, Any]:
    """What is asked for to begin an upload."""
    given = {"container": "photos", "object": name, "action": "put"}
    return given if size is None else {**given, "size": size}


@pytest.mark.usefixtures("small_parts")
def test_an_upload_of_unknown_size_is_refused_when_it_is_complete(known: Cloud) -> None:
    user = new_user(known, bytes=2500)
    sender = Sender(user)
    upload = sender.ask("POST", "", wanted("a", None)).json()
    assert user.create("meanwhile", b"x" * 500, SYNC).status == 201
    counted(known)
    sender.send(upload, b"x" * 2500)
    assert refused(sender.complete(upload)) == ("bytes", 2000)
    known.settle()
    assert user.stat("a")["code"] == "object_not_found"
    fits = sender.ask("POST", "", wanted("b", None)).json()
    sender.send({**fits, "parts": fits["parts"][:2]}, b"x" * 2000)
    assert sender.complete(fits).status == 202


def test_what_others_drop_is_refused_where_refusals_go(known: Cloud) -> None:
    user = new_user(known, bytes=15)
    key = f"incoming/{user.account}/photos/dropped"
    drops = (("a", CONTENT), ("b", CONTENT[1:]), ("b", CONTENT), ("a", CONTENT[1:]))
    for name, content in drops:
        assert known.ingest("s3", known.put_into_staging("s3", f"{key}-{name}", content)) == []
        known.settle()
        counted(known)
    codes = [code for code, _ in known.refused("s3")]
    assert codes == ["quota_exceeded", "quota_exceeded"]
    assert used(known, user) == (9, 1, 0)


def test_who_writes_too_fast_waits_until_it_is_paid_and_still_reads_and_deletes(
    known: Cloud,
) -> None:
    user = new_user(known, writes_per_second=0.1)
    for number in range(8):
        assert user.create(str(number), CONTENT, SYNC).status == 201
    counted(known)
    for reply in (
        user.create("more", CONTENT, SYNC),
        user.update("0", b"", ASYNC),
        Sender(user).ask("POST", "", wanted("more", 1)),
    ):
        assert (reply.status, reply.json()["code"]) == (429, "too_many_requests")
    seconds = int(reply.headers["retry-after"])
    assert 0 < seconds <= 50
    assert user.download("0").body == CONTENT
    assert user.call("DELETE", object_path("photos", "1"), headers=SYNC).status == 204
    known.clock.advance(seconds)
    assert user.create("more", CONTENT, SYNC).status == 201


def test_who_tries_to_exhaust_everything_has_no_more_than_is_written_until_functions_know(
    known: Cloud,
) -> None:
    """And others beside it are served as without it, with the same calls."""
    greedy, other = new_user(known, bytes=50, objects=5, uploads=2), User(known)

    def calls_of_the_other(name: str) -> list[str]:
        with known.network.record() as calls:
            assert other.create(name, CONTENT, SYNC).status == 201
        return [str(call) for call in calls]

    alone = calls_of_the_other("alone")
    stored, answers, counts = 0, [], []
    for second in range(120):
        reply = greedy.create(f"object-{second}", CONTENT, SYNC)
        answers.append(reply.status)
        stored += reply.status == 201
        if second % 10 == 9:  # the longest that a stream waits for a batch
            known.journal()
        known.clock.advance(1)
        if second % 30 == 29:
            counts.append(calls_of_the_other(f"beside-{second}"))
    first = answers.index(403)
    assert first <= 10 + limits.REGISTRY_AGE_SECONDS + 1
    assert set(answers[first:]) == {403}
    assert stored == first
    assert all(set(one) <= {*alone, "s3/create_object -> dynamodb:Scan"} for one in counts)
    assert all(len(one) <= len(alone) + 1 for one in counts)


@pytest.mark.parametrize("manner", Manner)
def test_a_fault_at_any_call_of_the_counter_counts_nothing_twice(
    known: Cloud, manner: Manner
) -> None:
    user, other = new_user(known, objects=2), new_user(known)
    for one in (user, other):
        for name in ("a", "b"):
            assert one.create(name, CONTENT, SYNC).status == 201
        assert one.call("DELETE", object_path("photos", "b"), headers=SYNC).status == 204
        assert one.create("c", CONTENT, SYNC).status == 201
    known.settle()
    put_back = known.keep()

    def count() -> None:
        known.invoke(arn(CLUSTERS[0], "write_journal"), {"Records": records})

    with known.network.outside():
        records = known.stream_records("objects")
    with known.network.record() as calls:
        count()
    numbers = [n for n, call in enumerate(calls) if call.name.startswith("dynamodb:")]
    assert len(numbers) >= 6
    for number in numbers:
        put_back()
        with known.network.record((number, manner)), suppress(Died, Exception):
            count()
        for _ in range(2):
            count()
        known.clock.advance(LATE)
        for one in (user, other):
            assert used(known, one) == (20, 2, 0), (manner, calls[number])
        assert refused(user.create("d", b"", SYNC)) == ("objects", 0)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_batches_that_come_in_any_order_and_again_are_counted_once(
    running: Cloud, data: st.DataObject
) -> None:
    running.deploy()
    check_health(running)
    user = User(running)
    for name in data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4)):
        path = object_path("photos", name) + "?if_missing=create"
        assert user.call("PUT", path, name.encode() * 5, SYNC).status in (200, 201)
    assert user.call("DELETE", object_path("photos", name), headers=SYNC).status == 204
    running.settle()
    with running.network.outside():
        records = running.stream_records("objects")
        truth = sum(
            (objects.get(ObjectKey(user.account, "photos", one)) is not None) for one in "abc"
        )
    size = data.draw(st.integers(1, len(records)))
    batches = [records[at : at + size] for at in range(0, len(records), size)]
    told = data.draw(st.permutations([*batches, *data.draw(st.lists(st.sampled_from(batches)))]))
    for batch in told:
        running.invoke(arn(CLUSTERS[0], "write_journal"), {"Records": batch})
    assert used(running, user) == (5 * truth, truth, 0)


def census(cloud: Cloud, cluster: str = "s3") -> None:
    """Let a cluster's scrub come to its end, and put right what accounts use."""
    scrub(cloud, cluster)
    assert run_of(cloud, cluster).read_at is not None
    cloud.clock.advance(limits.SETTLED_SECONDS)
    check_health(cloud)
    scrub_once(cloud, cluster)
    assert run_of(cloud, cluster).read_at is None


@pytest.fixture
def drifted(known: Cloud) -> User:
    """An account of whose usage the streams told once too often, in other batches each time."""
    known.grant(24 * HOUR)
    user = new_user(known, objects=9)
    for name in ("a", "b", "c"):
        assert user.create(name, CONTENT, SYNC).status == 201
    assert user.call("DELETE", object_path("photos", "b"), headers=SYNC).status == 204
    Sender(user).begin("d", CONTENT)
    known.settle(sweep=False)
    counted(known)
    assert used(known, user) == (40, 3, 1)
    with known.network.outside():
        for table in ("objects", "uploads"):
            for record in known.stream_records(table)[:3]:
                known.invoke(arn(CLUSTERS[0], "write_journal"), {"Records": [record]})
    assert used(known, user) != (40, 3, 1)
    return user


def test_what_was_counted_wrong_is_put_right_by_a_scrub(known: Cloud, drifted: User) -> None:
    census(known)
    drifted.token = known.token(drifted.account)
    assert used(known, drifted) == (40, 3, 1)
    with known.network.outside():
        assert {item.entry for item in UsageItem.scan()} == {"now"}


def test_what_was_there_before_anything_was_counted_is_counted_by_a_scrub(known: Cloud) -> None:
    user = User(known)
    assert user.create("a", CONTENT, SYNC).status == 201
    census(known)
    user.token = known.token(user.account)
    assert used(known, user) == (10, 1, 0)


def test_changes_while_a_scrub_counts_are_counted_once(known: Cloud, drifted: User) -> None:
    begin(known, "s3")
    while run_of(known, "s3").leg == "records":
        scrub_once(known, "s3", seconds=1.5 * CALL_SECONDS)  # a page
    assert run_of(known, "s3").leg == "deleted"
    assert drifted.call("DELETE", object_path("photos", "a"), headers=SYNC).status == 204
    assert drifted.create("e", CONTENT, SYNC).status == 201
    known.settle(sweep=False)
    counted(known)
    scrub_once(known, "s3")
    known.clock.advance(limits.SETTLED_SECONDS)
    check_health(known)
    scrub_once(known, "s3")
    drifted.token = known.token(drifted.account)
    assert used(known, drifted).bytes <= 50 + 20  # what has changed meanwhile may still be wrong
    census(known)
    drifted.token = known.token(drifted.account)
    assert used(known, drifted) == (50, 4, 1)


@pytest.mark.parametrize("manner", Manner)
def test_a_fault_at_any_call_of_a_scrub_that_counts_changes_nothing_of_it(
    known: Cloud, drifted: User, manner: Manner
) -> None:
    put_back = known.keep()
    with known.network.record() as calls:
        census(known)
    numbers = [
        number
        for number, call in enumerate(calls)
        if call.function == "scrub_backend" and call.name.startswith("dynamodb:")
    ]
    assert numbers
    for number in numbers:
        put_back()
        with known.network.record((number, manner)), suppress(Died, Exception, AssertionError):
            census(known)
        for _ in range(3):  # the same run goes on, and what it has seen counts
            known.clock.advance(limits.SETTLED_SECONDS)
            check_health(known)
            scrub_once(known, "s3")
        drifted.token = known.token(drifted.account)
        assert used(known, drifted) == (40, 3, 1), (manner, number, calls[number])


def test_operators_give_quotas_and_see_them(known: Cloud) -> None:
    with known.network.outside():
        assert accounts.create("ops", "hash", Role.ADMIN)
    ops = known.token("ops")

    def ask(method: str, name: str, **body: Any) -> Any:
        path = f"/v1/admin/accounts/{name}"
        return known.call("s3", method, path, body=json.dumps(body).encode(), token=ops)

    made = ask("PUT", "ada", password="a good password", quota={"bytes": 5, "objects": None})
    assert (made.status, made.json()["quota"]) == (201, {"bytes": 5, "objects": None})
    assert ask("PATCH", "ada", quota={"uploads": 3}).json()["quota"] == {"uploads": 3}
    assert ask("PATCH", "ada", enabled=True).json()["quota"] == {"uploads": 3}
    for wrong in ({"bytes": -1}, {"bytes": 1.5}, {"what": 1}, {"writes_per_second": 0}, 5):
        reply = ask("PATCH", "ada", quota=wrong)
        assert (reply.status, reply.json()["code"]) == (400, "invalid_body")
    listing = known.call("s3", "GET", "/v1/admin/accounts", token=ops).json()["accounts"]
    assert {one["user_name"]: one["quota"] for one in listing} == {
        "ops": {},
        "ada": {"uploads": 3},
    }
    assert ask("PATCH", "ada", quota={}).json()["quota"] == {}


def test_the_default_is_for_who_has_no_quota_and_a_new_one_holds_within_an_hour(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, own = new_user(known), new_user(known, objects=None)
    for user in (plain, own):
        assert user.create("a", CONTENT, SYNC).status == 201
    counted(known)
    monkeypatch.setenv("MCOS_DEFAULT_QUOTA", '{"objects": 1}')
    known.invoke(arn(CLUSTERS[0], "write_snapshot"), {})
    known.clock.advance(LATE)
    assert refused(plain.create("b", CONTENT, SYNC)) == ("objects", 0)
    assert own.create("b", CONTENT, SYNC).status == 201
    assert plain.call("GET", "/v1/account").json()["quota"]["objects"] == 1
    monkeypatch.setenv("MCOS_DEFAULT_QUOTA", "{}")
    known.invoke(arn(CLUSTERS[0], "write_snapshot"), {})
    known.clock.advance(LATE)
    assert plain.create("b", CONTENT, SYNC).status == 201


def test_what_functions_know_does_not_grow_with_the_accounts(known: Cloud) -> None:
    names = [f"{number:064}" for number in range(3000)]
    rooms = {name: Room(bytes=number) for number, name in enumerate(names)}
    with known.network.outside(), known.at(CLUSTERS[0], "write_journal"):
        usage.tell(rooms)
        told = registry.current_registry(fresh=True).full
    assert sorted(told) == names[: limits.FULL_ACCOUNTS]
    assert len(json.dumps(told)) < 200_000


def test_a_quota_comes_back_from_the_journal(known: Cloud) -> None:
    user = new_user(known, bytes=5)
    with known.network.outside():
        (entry,) = journaled.scan("accounts", None, limit=10, secrets=True).entries
        assert entry.record is not None
        AccountItem(user.account).delete()
        assert newer.write_account(entry.record, revision=entry.revision)
        found = accounts.find(user.account)
    assert found is not None
    assert found.quota == {"bytes": 5}


def test_uploads_that_were_begun_before_they_were_counted_do_not_all_come_in(known: Cloud) -> None:
    """Each had room when it was begun, as far as was known; so no more than twice the quota."""
    user = new_user(known, bytes=100)
    sender = Sender(user)
    begun = [sender.begin(f"large-{number}", b"x" * 60) for number in range(5)]
    counted(known)
    assert used(known, user).bytes == 300
    for upload in begun:
        sender.send(upload, b"x" * 60)
    replies = [sender.complete(upload) for upload in begun]
    assert {refused(reply) for reply in replies} == {("bytes", 0)}
    assert known.ingest("s3", sender.event(begun[0])) == []  # S3's word of it is no way around
    for upload in begun[2:]:
        assert sender.ask("DELETE", f"/{upload['upload']}").status == 204
    known.settle()
    counted(known)
    assert [sender.complete(upload).status for upload in begun[:2]] == [202, 202]
    known.settle()
    counted(known)
    assert used(known, user) == (120, 2, 0)


def test_uploads_are_no_way_around_the_number_of_objects(known: Cloud) -> None:
    user = new_user(known, objects=2)
    sender = Sender(user)
    begun = [sender.begin(name, CONTENT) for name in "abc"]
    for number, upload in enumerate(begun):
        sender.send(upload, CONTENT)
        reply = sender.complete(upload)
        if number < 2:
            assert reply.status == 202
        else:
            assert refused(reply) == ("objects", 0)
        known.settle()
        counted(known)
    again = sender.begin("a", CONTENT, action="update")
    sender.send(again, CONTENT)
    assert sender.complete(again).status == 202


def test_an_upload_that_replaces_as_much_is_taken_of_who_has_no_room_left(known: Cloud) -> None:
    user = new_user(known, bytes=10)
    assert user.create("a", CONTENT, SYNC).status == 201
    counted(known)
    sender = Sender(user)
    upload = sender.begin("a", CONTENT[::-1], action="update")
    sender.send(upload, CONTENT[::-1])
    counted(known)
    assert used(known, user) == (20, 1, 1)
    assert sender.complete(upload).status == 202
    known.settle()
    counted(known)
    assert used(known, user) == (10, 1, 0)


@pytest.mark.usefixtures("small_parts")
def test_content_of_unknown_size_is_sent_no_further_than_there_is_room(known: Cloud) -> None:
    user = new_user(known, bytes=2500)
    sender = Sender(user)
    upload = sender.ask("POST", "", wanted("a", None)).json()
    assert [part["number"] for part in upload["parts"]] == [1, 2, 3]
    path = f"/{upload['upload']}?marker="
    assert [part["number"] for part in sender.ask("GET", path + "1").json()["parts"]] == [2, 3]
    assert refused(sender.ask("GET", path + "3")) == ("bytes", 2500)
    assert user.create("full", b"x" * 2500, SYNC).status == 201
    counted(known)
    assert refused(sender.ask("POST", "", wanted("b", None))) == ("bytes", 0)
    replaces = sender.ask("POST", "", wanted("full", None)).json()
    assert [part["number"] for part in replaces["parts"]] == [1, 2, 3]
    sender.send(replaces, b"y" * 2500)
    assert sender.complete(replaces).status == 202


def test_uploads_that_are_begun_count_as_writes_and_their_versions_do_not(known: Cloud) -> None:
    user = new_user(known, writes_per_second=0.1)
    sender = Sender(user)
    begun = [sender.begin(f"large-{number}", CONTENT) for number in range(4)]
    for upload in begun[1:]:
        assert sender.ask("DELETE", f"/{upload['upload']}").status == 204
    sender.send(begun[0], CONTENT)
    assert sender.complete(begun[0]).status == 202
    known.settle()
    counted(known)
    # It owes nothing: three are paid, and one of them was taken.
    assert user.create("a", CONTENT, SYNC).status == 201
    for number in range(8):
        upload = sender.begin(f"more-{number}", CONTENT)
        assert sender.ask("DELETE", f"/{upload['upload']}").status == 204
    counted(known)
    reply = sender.ask("POST", "", wanted("one", 1))
    assert (reply.status, reply.json()["code"]) == (429, "too_many_requests")


class Source:
    """What plays the Internet: one content, and how often it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(fetch_source, "fetch", self.fetch)

    @contextmanager
    def fetch(self, url: str, rules: object) -> Iterator[Any]:
        self.asked += 1
        stream = BytesIO(CONTENT)
        stream.content_type = "image/tiff"  # type: ignore[attr-defined]
        stream.headers = {}  # type: ignore[attr-defined]
        yield stream


def asks_to_fetch(user: User, name: str, **more: Any) -> dict[str, Any]:
    """A message of another system that names where content is."""
    value = {"account": user.account, "container": "photos", "object": name, "id": name}
    return {**value, "source_url": "https://data.test/a", **more}


def owes(cloud: Cloud, user: User, writes: float) -> None:
    """Let a user have written so much too much just now."""
    at = clock.moment().timestamp()
    with cloud.network.outside():
        usage.change(user.account, lambda one: replace(one, owed=writes, owed_at=at))


def hidden_seconds(cloud: Cloud) -> list[int]:
    """For how long messages that stay in a queue are hidden from now on."""
    told: list[int] = []

    def note(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        told.append(int(json.loads(request.body)["VisibilityTimeout"]))
        return 200, {}, b"{}"

    cloud.network.answers["sqs:ChangeMessageVisibility"] = note
    return told


def test_what_has_no_room_is_not_fetched_and_leaves_nothing_in_staging(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(monkeypatch)
    user, full, other = new_user(known, bytes=15), new_user(known, objects=1), new_user(known)
    for one in (user, full):
        assert one.create("there", CONTENT, SYNC).status == 201
    counted(known)
    staged = known.staged()
    assert known.ingest("s3", asks_to_fetch(full, "a")) == []
    assert source.asked == 0
    assert known.ingest("s3", asks_to_fetch(user, "a")) == []
    assert source.asked == 1  # it had room for something
    assert known.staged() == staged
    assert known.ingest("s3", asks_to_fetch(other, "b", action="update")) == []
    assert known.staged() == staged
    codes = [code for code, _ in known.refused("s3")]
    assert codes == ["quota_exceeded", "quota_exceeded", "object_not_found"]


def test_messages_that_come_too_fast_wait_for_what_is_owed_and_others_do_not(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(monkeypatch)
    user, other = new_user(known, writes_per_second=0.1), new_user(known)
    owes(known, user, 5000)
    hidden = hidden_seconds(known)
    dropped = known.put_into_staging("s3", f"incoming/{user.account}/photos/dropped", CONTENT)
    of_user = (asks_to_fetch(user, "fetched"), dropped)
    assert known.ingest("s3", *of_user, asks_to_fetch(other, "a")) == ["message-1", "message-2"]
    assert source.asked == 1  # for the other
    assert hidden == [HOUR, HOUR]  # of half a day, an hour at a time
    assert known.refused("s3") == []
    known.settle()
    assert other.download("a").body == CONTENT
    known.clock.advance(14 * HOUR)
    user.token = known.token(user.account)
    assert known.ingest("s3", *of_user) == []
    known.settle()
    assert user.download("fetched").body == user.download("dropped").body == CONTENT


def test_a_message_that_would_wait_for_longer_than_a_queue_keeps_it_is_refused(
    known: Cloud,
) -> None:
    user = new_user(known, writes_per_second=0.1)
    owes(known, user, 500_000)
    event = known.put_into_staging("s3", f"incoming/{user.account}/photos/dropped", CONTENT)
    record = known.sqs_event_of(event)
    assert len(known.invoke(arn("s3", "ingest_upload"), record)["batchItemFailures"]) == 1
    known.clock.advance(4 * 24 * HOUR)
    assert known.invoke(arn("s3", "ingest_upload"), record)["batchItemFailures"] == []
    assert [code for code, _ in known.refused("s3")] == ["too_many_requests"]


def test_who_may_write_again_does_not_hide_who_has_no_room(known: Cloud) -> None:
    waited = {f"waited-{number:04}": Room(until=1) for number in range(limits.FULL_ACCOUNTS)}
    with known.network.outside(), known.at(CLUSTERS[0], "write_journal"):
        now = clock.moment().timestamp()
        usage.tell({name: one._replace(until=int(now) + 10) for name, one in waited.items()})
        known.clock.advance(HOUR)
        usage.tell({"full": Room(bytes=5)})
        assert registry.current_registry(fresh=True).full == {"full": {"bytes": 5}}
