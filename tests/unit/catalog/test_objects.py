"""One conditional write for a change, whatever races and whatever reply is lost."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from pynamodb.exceptions import PynamoDBException

from mcos import clock
from mcos.catalog import objects
from mcos.errors import Conflict, ObjectExists, ObjectNotFound, OutcomeUnknown
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey, ObjectRecord, State
from tests.support.builders import CLUSTERS, KEY, record, version
from tests.support.network import Manner, Network

pytestmark = pytest.mark.usefixtures("network")


def create(found: ObjectRecord | None) -> ObjectRecord:
    return lifecycle.accept_create(found, version(1), key=KEY, cluster="s3")


def noting(text: str) -> objects.Transition:
    """Adds to the reason: what was added is what was not lost."""

    def transition(found: ObjectRecord | None) -> ObjectRecord:
        assert found is not None
        return replace(found, reason=(found.reason or "") + text)

    return transition


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is not one that was idle for long, whatever other tests have left."""
    monkeypatch.setattr(objects, "_used_at", None)


def meanwhile(network: Network, name: str, do: Callable[[], object]) -> None:
    """Let ``do`` happen just before the next call of that name."""

    def before(called: str) -> None:
        if called == name:
            network.before = None
            with network.outside():
                do()

    network.before = before


def names(calls: list[object]) -> list[str]:
    return [str(call).rpartition(":")[2] for call in calls]


def test_a_record_comes_back_as_it_was_written() -> None:
    written = replace(
        record(
            State.UPDATING,
            current=version(1, stored=CLUSTERS, metadata={"a": "é"}),
            pending=(version(2), version(3, "wait")),
            removals=version(4).removals(),
            last=version(5),
            reason="why",
        ),
        name="日本/..//\n",
    )
    key = written.key
    made = objects.change(key, lambda found: written)
    assert made is not None
    assert made == replace(written, revision=made.revision)
    assert objects.get(key) == made


def test_every_write_has_a_greater_revision_even_where_the_clock_is_behind(
    network: Network,
) -> None:
    first = objects.change(KEY, create)
    network.clock.freeze(-3600)
    second = objects.change(KEY, lifecycle.touch)
    third = objects.change_guessed(KEY, noting("x"), second)
    found = objects.get(KEY)
    assert first is not None
    assert second is not None
    assert third is not None
    assert "" < first.revision < second.revision < third.revision
    assert found == third


def test_what_is_not_there_is_none(network: Network) -> None:
    assert objects.get(KEY) is None
    with network.record() as calls:
        assert objects.change(KEY, lambda found: None) is None
    assert names(list(calls)) == ["GetItem"]


def test_a_change_costs_two_calls_and_one_that_is_guessed_right_costs_one(
    network: Network,
) -> None:
    with network.record() as calls:
        first = objects.change_guessed(KEY, create, None)
    assert names(list(calls)) == ["PutItem"]
    with network.record() as calls:
        second = objects.change(KEY, noting("x"))
    assert names(list(calls)) == ["GetItem", "PutItem"]
    assert first != second
    with network.record() as calls:
        third = objects.change_guessed(KEY, noting("y"), second)
    assert names(list(calls)) == ["PutItem"]
    assert objects.get(KEY) == third


def test_a_wrong_guess_is_corrected_by_a_reading() -> None:
    objects.change(KEY, create)
    stale = objects.get(KEY)
    objects.change(KEY, noting("x"))
    changed = objects.change_guessed(KEY, noting("y"), stale)
    assert changed is not None
    assert changed.reason == "xy"
    changed = objects.change_guessed(KEY, noting("z"), replace(record(), revision=clock.new_id()))
    assert changed is not None
    assert changed.reason == "xyz"


def test_a_refusal_that_rests_on_a_guess_is_made_sure_of() -> None:
    guess = create(None)
    with pytest.raises(ObjectNotFound):
        objects.change_guessed(
            KEY, lambda found: lifecycle.accept_update(found, version(2), cluster="s3"), None
        )
    # Guessed to be there and so to be refused, but it is not there.
    created = objects.change_guessed(
        KEY,
        lambda found: lifecycle.accept_create(found, version(2), key=KEY, cluster="s3"),
        guess,
    )
    assert created is not None
    assert created.current == version(2)


def test_nothing_to_change_that_rests_on_a_guess_is_made_sure_of() -> None:
    written = objects.change(KEY, create)
    assert objects.change_guessed(KEY, lambda found: found, None) == written


def test_a_refusal_changes_nothing() -> None:
    written = objects.change(KEY, create)
    with pytest.raises(ObjectExists):
        objects.change(
            KEY,
            lambda found: lifecycle.accept_create(found, version(2), key=KEY, cluster="s3"),
        )
    assert objects.get(KEY) == written


@pytest.mark.parametrize("guessed", [False, True])
def test_a_change_in_between_is_not_lost(network: Network, guessed: bool) -> None:
    written = objects.change(KEY, create)
    meanwhile(network, "dynamodb:PutItem", lambda: objects.change(KEY, noting("x")))
    if guessed:
        changed = objects.change_guessed(KEY, noting("y"), written)
    else:
        changed = objects.change(KEY, noting("y"))
    assert changed is not None
    assert changed.reason == "xy"
    assert objects.get(KEY) == changed


def test_a_deletion_in_between_is_seen(network: Network) -> None:
    objects.change(KEY, create)
    meanwhile(network, "dynamodb:PutItem", lambda: objects.change(KEY, lambda found: None))
    with pytest.raises(ObjectNotFound):
        objects.change(KEY, lambda found: lifecycle.accept_update(found, version(2), cluster="s3"))


def test_what_was_changed_in_between_is_not_deleted(network: Network) -> None:
    written = objects.change(KEY, create)
    meanwhile(network, "dynamodb:DeleteItem", lambda: objects.change(KEY, noting("x")))

    def forget(found: ObjectRecord | None) -> ObjectRecord | None:
        return None if found and not found.reason else found

    kept = objects.change_guessed(KEY, forget, written)
    assert kept is not None
    assert kept.reason == "x"


def test_two_creates_at_the_same_time_make_one(network: Network) -> None:
    mine = create(None)
    meanwhile(network, "dynamodb:PutItem", lambda: objects.change(KEY, create))
    with pytest.raises(ObjectExists):
        objects.change_guessed(
            KEY,
            lambda found: lifecycle.accept_create(found, version(2), key=KEY, cluster="s3"),
            None,
        )
    found = objects.get(KEY)
    assert found is not None
    assert found.pending == mine.pending


def test_many_at_once_lose_nothing() -> None:
    objects.change(KEY, create)
    together = Barrier(4)

    def work(text: str) -> None:
        together.wait()
        for _ in range(3):
            objects.change(KEY, noting(text))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, "abcd"))
    found = objects.get(KEY)
    assert found is not None
    assert sorted(found.reason or "") == sorted("abcd" * 3)


def test_a_record_that_others_change_again_and_again_is_a_conflict(network: Network) -> None:
    objects.change(KEY, create)

    def before(name: str) -> None:
        if name == "dynamodb:PutItem":
            with network.outside():
                objects.change(KEY, noting("x"))

    network.before = before
    with pytest.raises(Conflict):
        objects.change(KEY, noting("y"))
    network.before = None
    found = objects.get(KEY)
    assert found is not None
    assert "y" not in (found.reason or "")


# A reply that is lost


@pytest.mark.parametrize("number", [0, 1])
def test_a_change_whose_reply_was_lost_is_made_once(network: Network, number: int) -> None:
    objects.change(KEY, create)
    with network.record((number, Manner.LOST)):
        changed = objects.change(KEY, noting("x"))
    assert changed is not None
    assert changed.reason == "x"
    assert objects.get(KEY) == changed


def test_a_create_whose_reply_was_lost_is_a_create(network: Network) -> None:
    with network.record((0, Manner.LOST)) as calls:
        created = objects.change_guessed(KEY, create, None)
    assert names(list(calls)) == ["PutItem", "GetItem"]
    assert created is not None
    assert objects.get(KEY) == created


def test_a_deletion_whose_reply_was_lost_is_a_deletion(network: Network) -> None:
    written = objects.change(KEY, create)
    with network.record((0, Manner.LOST)):
        assert objects.change_guessed(KEY, lambda found: None, written) is None
    assert objects.get(KEY) is None


@pytest.mark.parametrize("mode", ["wait", "respond-async"])
def test_a_write_whose_reply_was_lost_is_known_again_though_others_wrote_in_between(
    network: Network, mode: str
) -> None:
    """It is sent once; what is there then is not what was written, but shows that it was."""
    assert mode in ("wait", "respond-async")
    taken = version(1, "wait" if mode == "wait" else "respond-async")

    def accept(found: ObjectRecord | None) -> ObjectRecord:
        return lifecycle.accept_create(found, taken, key=KEY, cluster="s3")

    written = 0

    def before(name: str) -> None:
        nonlocal written
        written += name == "dynamodb:GetItem"
        if written == 1:
            network.before = None
            with network.outside():
                objects.change(KEY, lifecycle.touch)

    with network.record((0, Manner.LOST)):
        network.before = before
        created = objects.accept_guessed(KEY, accept, None)
    assert created.find(taken.id) is not None
    assert not created.owes
    found = objects.get(KEY)
    assert found is not None
    assert found.sweeps == 1  # what others did since is there, and not in what was accepted
    assert replace(found, sweeps=0, revision=created.revision) == created


@pytest.mark.parametrize("call", ["dynamodb:GetItem", "dynamodb:PutItem"])
def test_a_service_that_does_not_answer_is_an_error(
    network: Network, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.change(KEY, create)

    def break_off(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        raise ConnectionClosedError(endpoint_url=request.url)

    with monkeypatch.context() as broken:
        broken.setitem(network.answers, call, break_off)
        with pytest.raises(PynamoDBException):
            objects.change(KEY, noting("x"))
    found = objects.get(KEY)
    assert found is not None
    assert found.reason is None


def test_a_write_that_was_throttled_is_sent_again_after_a_while(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.change(KEY, create)
    told = {"__type": "ProvisionedThroughputExceededException", "message": "slow down"}
    refusals: list[tuple[int, dict[str, str], bytes]] = [(400, {}, json.dumps(told).encode())] * 2

    def refuse(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        reply = refusals.pop()
        if not refusals:
            network.answers.pop("dynamodb:PutItem")
        return reply

    monkeypatch.setitem(network.answers, "dynamodb:PutItem", refuse)
    before = list(network.clock.pauses)
    changed = objects.accept(KEY, noting("x"))
    assert changed.reason == "x"
    assert len(network.clock.pauses) == len(before) + 2


def test_what_is_accepted_once_is_not_accepted_again_when_it_may_have_come_and_gone(
    network: Network,
) -> None:
    with network.record((0, Manner.LOST)):
        meanwhile(network, "dynamodb:GetItem", lambda: objects.change(KEY, lambda found: None))
        with pytest.raises(OutcomeUnknown):
            objects.accept_guessed(KEY, create, None)
    assert objects.get(KEY) is None


# Pages, and what is unsettled


def write(written: ObjectRecord) -> None:
    """Write a record as it is."""

    def transition(found: ObjectRecord | None) -> ObjectRecord:
        return written

    objects.change(written.key, transition)


def fill(*names: str) -> None:
    for name in names:
        write(replace(record(last=version(1)), name=name))


def page(**asked: object) -> tuple[list[str], str | None]:
    arguments = {"prefix": "", "after": None, "first": None, "limit": 100, **asked}
    found = objects.page("ada", "photos", **arguments)  # type: ignore[arg-type]
    return [one.name for one in found.records], found.more_after


def test_a_page_is_in_the_order_of_utf_8() -> None:
    fill("b", "a", "é", "\ue000", "\U00010000", "Z", "a/b", "a!")
    assert page()[0] == ["Z", "a", "a!", "a/b", "b", "é", "\ue000", "\U00010000"]


def test_a_page_begins_where_it_is_told_to_and_says_where_the_next_begins(
    network: Network,
) -> None:
    fill("a", "b/1", "b/2", "b/3", "c")
    with network.record() as calls:
        assert page(limit=2) == (["a", "b/1"], "b/1")
        assert page(after="b/1", limit=2) == (["b/2", "b/3"], "b/3")
        assert page(after="b/3", limit=2) == (["c"], None)
        assert page(prefix="b/", after="b/2") == (["b/3"], None)
        assert page(prefix="b/", limit=1) == (["b/1"], "b/1")
        assert page(first="b0") == (["c"], None)
        assert page(prefix="x") == ([], None)
    assert names(list(calls)) == ["Query"] * 7


def test_a_page_holds_one_container_of_one_account() -> None:
    fill("a")
    for account, container in (("ada", "photo"), ("ad", "a/photos"), ("bob", "photos")):
        found = objects.page(account, container, prefix="", after=None, first=None, limit=10)
        assert found.records == []


def test_only_what_is_unsettled_is_swept_and_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter(f"2026-01-01T00:00:0{number}.000Z" for number in range(9))
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    states = {"d": State.CREATING, "c": State.UPDATING, "b": State.DELETING, "a": State.CREATED}
    for name, state in states.items():
        write(replace(record(state, last=version(1)), name=name))
    write(replace(record(State.CREATING, last=version(1)), name="e", sweeper="ceph"))
    assert [key[2] for key in objects.find_unsettled("s3", before="2027", limit=10)] == [
        "d",
        "c",
        "b",
    ]
    assert objects.find_unsettled("s3", before="2027", limit=2) == [
        (*KEY[:2], "d"),
        (*KEY[:2], "c"),
    ]
    assert objects.find_unsettled("s3", before="2026-01-01T00:00:01.000Z", limit=9) == [
        (*KEY[:2], "d")
    ]
    assert [key[2] for key in objects.find_unsettled("ceph", before="2027", limit=10)] == ["e"]


def test_what_is_settled_leaves_the_sweepers_index() -> None:
    fill("a")
    key = ObjectKey(*KEY[:2], "a")
    objects.change(key, lambda found: found and replace(found, state=State.UPDATING))
    assert objects.find_unsettled("s3", before="9999", limit=10) == [key]
    objects.change(key, lambda found: found and replace(found, state=State.CREATED))
    assert objects.find_unsettled("s3", before="9999", limit=10) == []


def test_the_names_of_account_and_container_come_apart_again() -> None:
    made = replace(record(last=version(1)), account="a-b", container="c d", name="e/f")
    written = objects.change(made.key, lambda found: made)
    assert objects.get(made.key) == written
    assert written is not None
    assert written.key == ("a-b", "c d", "e/f")
