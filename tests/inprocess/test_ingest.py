"""What others put into staging, or tell of in the inbound queue, becomes objects, each once."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest

from mcos.inbound import fetch_source
from mcos.inbound.fetch import FetchFailed, FetchRefused
from mcos.model.objects import State
from tests.support.cloud import SYNC, Cloud, arn
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path
from tests.support.user import User

CONTENT, OTHER = b"what a scanner has put there", b"and another one"
NAME = "2026/scan ä+1.tiff"


@pytest.fixture
def owner(user: User) -> User:
    """A user whose account is there, as messages name it."""
    user.cloud.add_account(user.account, "password")
    return user


def key_of(user: User, name: str = NAME) -> str:
    return f"incoming/{user.account}/photos/{name}"


def content_of(user: User, name: str = NAME) -> bytes | None:
    """What readers of an object get, which is settled; None if there is none."""
    user.cloud.settle()
    record = user.cloud.record(user.account, "photos", name)
    if record is None:
        return None
    assert record.state is State.CREATED, record
    return user.download(name).body


def versions(user: User) -> int:
    """How many versions of anything the services hold."""
    held = user.cloud.replicas(user.account)
    return len({version for bodies in held.values() for version in bodies})


def test_a_file_dropped_into_incoming_becomes_an_object(owner: User) -> None:
    event = owner.cloud.put_into_staging(
        "s3", key_of(owner), CONTENT, ContentType="image/tiff", Metadata={"origin": "scanner"}
    )
    assert owner.cloud.ingest("s3", event) == []
    assert content_of(owner) == CONTENT
    stat = owner.stat(NAME)
    assert (stat["content_type"], stat["metadata"]) == ("image/tiff", {"origin": "scanner"})
    owner.cloud.check_storage_of_all()


def test_the_same_event_three_times_makes_one_version(owner: User) -> None:
    event = owner.cloud.put_into_staging("s3", key_of(owner), CONTENT)
    assert owner.cloud.ingest("s3", event, event) == []
    assert content_of(owner) == CONTENT
    version = owner.stat(NAME)["version"]
    assert owner.cloud.ingest("s3", event) == []
    assert content_of(owner) == CONTENT
    assert owner.stat(NAME)["version"] == version
    assert versions(owner) == 1
    owner.cloud.check_storage_of_all()


def test_an_event_that_comes_again_later_does_not_bring_the_old_content_back(owner: User) -> None:
    event = owner.cloud.put_into_staging("s3", key_of(owner), CONTENT)
    owner.cloud.ingest("s3", event)
    assert content_of(owner) == CONTENT
    owner.update(NAME, OTHER, SYNC)
    assert owner.cloud.ingest("s3", event) == []
    assert content_of(owner) == OTHER


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the later one first"])
def test_of_two_drops_the_later_one_wins(owner: User, order: tuple[int, int]) -> None:
    events = [
        owner.cloud.put_into_staging("s3", key_of(owner), content) for content in (OTHER, CONTENT)
    ]
    for number in order:
        assert owner.cloud.ingest("s3", events[number]) == []
        owner.cloud.settle()
    assert content_of(owner) == CONTENT
    assert owner.cloud.ingest("s3", *events) == []
    assert content_of(owner) == CONTENT
    owner.cloud.check_storage_of_all()


def test_a_drop_while_the_one_before_is_on_its_way_is_not_lost(owner: User) -> None:
    for content in (CONTENT, CONTENT, OTHER, OTHER):
        event = owner.cloud.put_into_staging("s3", key_of(owner), content)
        assert owner.cloud.ingest("s3", event) == []
    assert content_of(owner) == OTHER
    owner.cloud.check_storage_of_all()


def test_a_message_makes_an_object_of_what_is_in_staging(owner: User) -> None:
    owner.cloud.put_into_staging("s3", "inbound/scanner/1", CONTENT)
    message = {
        "account": owner.account,
        "container": "photos",
        "object": NAME,
        "staging_key": "inbound/scanner/1",
        "content_type": "image/tiff",
        "metadata": {"Origin": "scanner"},
    }
    assert owner.cloud.ingest("s3", {"id": "one", **message}, {"id": "one", **message}) == []
    assert content_of(owner) == CONTENT
    stat = owner.stat(NAME)
    assert (stat["content_type"], stat["metadata"]) == ("image/tiff", {"origin": "scanner"})
    assert owner.cloud.ingest("s3", {"id": "one", **message}) == []
    assert versions(owner) == 1
    owner.cloud.check_storage_of_all()


def message(user: User, **more: Any) -> dict[str, Any]:
    value = {"account": user.account, "container": "photos", "object": NAME}
    return {**value, "source_url": "https://data.test/a", **more}


class Source:
    """What plays the Internet: one content, or a failure."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.asked: list[str] = []

    @contextmanager
    def fetch(self, url: str, rules: object) -> Iterator[Any]:
        self.asked.append(url)
        if self.failure is not None:
            raise self.failure
        stream = BytesIO(CONTENT)
        stream.content_type = "image/tiff"  # type: ignore[attr-defined]
        stream.headers = {"content-encoding": "gzip"}  # type: ignore[attr-defined]
        yield stream


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    source = Source()
    monkeypatch.setattr(fetch_source, "fetch", source.fetch)
    return source


@pytest.mark.parametrize("part", [1000, 5], ids=["one piece", "parts"])
def test_a_message_has_content_fetched(
    owner: User, source: Source, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_source, "_PART_BYTES", part)
    one = message(owner, id="one")
    assert owner.cloud.ingest("s3", one, one) == []
    assert content_of(owner) == CONTENT
    stat = owner.stat(NAME)
    assert (stat["content_type"], stat["headers"]) == ("image/tiff", {"Content-Encoding": "gzip"})
    assert owner.cloud.ingest("s3", one) == []
    assert source.asked == ["https://data.test/a"]
    assert versions(owner) == 1
    owner.cloud.check_storage_of_all()


def test_a_fetch_that_failed_is_tried_again_and_one_that_is_refused_is_not(
    owner: User, source: Source
) -> None:
    source.failure = FetchFailed("503")
    assert owner.cloud.ingest("s3", message(owner)) == ["message-1"]
    assert owner.cloud.refused("s3") == []
    source.failure = FetchRefused("not an address that is reached")
    assert owner.cloud.ingest("s3", message(owner)) == []
    assert [code for code, _ in owner.cloud.refused("s3")] == ["source_refused"]
    assert content_of(owner) is None


BAD = {
    "no JSON object": ("not_understood", []),
    "no fields": ("not_understood", {"a": 1}),
    "no content": ("not_understood", {"source_url": None}),
    "two contents": ("not_understood", {"staging_key": "inbound/a"}),
    "an unknown field": ("not_understood", {"surprise": 1}),
    "an unknown action": ("not_understood", {"action": "delete"}),
    "metadata of another type": ("not_understood", {"metadata": {"a": 1}}),
    "an account that is not there": ("account_not_found", {"account": "nobody"}),
    "an account that cannot be": ("account_not_found", {"account": ""}),
    "half a character": ("not_understood", {"id": "\ud800"}),
    "a container that is not there": ("container_not_found", {"container": "none"}),
    "a container that cannot be": ("invalid_name", {"container": "a/b"}),
    "metadata that cannot be": ("invalid_metadata", {"metadata": {"a": "\n"}}),
    "headers that cannot be": ("invalid_header", {"headers": {"Content-Type": "a/b"}}),
    "a policy that is not there": ("unknown_storage_policy", {"storage_policy": "none"}),
    "an update of nothing": ("object_not_found", {"action": "update"}),
}


@pytest.mark.parametrize(("code", "change"), BAD.values(), ids=BAD.keys())
def test_a_bad_message_goes_to_the_dead_letter_queue_with_a_reason_and_others_pass(
    owner: User, source: Source, code: str, change: Any
) -> None:
    bad = change
    if isinstance(change, dict):
        bad = {k: v for k, v in message(owner, **change).items() if v is not None}
        if change == {"a": 1}:
            bad = change
    good = message(owner, object="good")
    assert owner.cloud.ingest("s3", bad, good) == []
    assert owner.cloud.refused("s3") == [(code, bad)]
    assert content_of(owner, "good") == CONTENT
    assert content_of(owner) is None


@pytest.mark.parametrize(
    "key",
    [
        "incoming/{account}/photos",
        "incoming/{account}/none/a",
        "incoming/nobody/photos/a",
        "incoming//photos/a",
    ],
)
def test_a_file_that_cannot_become_an_object_stays_and_is_told_of(owner: User, key: str) -> None:
    key = key.format(account=owner.account)
    event = owner.cloud.put_into_staging("s3", key, CONTENT)
    assert owner.cloud.ingest("s3", event) == []
    ((_, refused),) = owner.cloud.refused("s3")
    assert refused == event
    assert owner.cloud.staged() == {key}


def test_a_refused_file_becomes_an_object_when_its_event_is_sent_again(owner: User) -> None:
    key = f"incoming/{owner.account}/later/a"
    event = owner.cloud.put_into_staging("s3", key, CONTENT)
    owner.cloud.ingest("s3", event)
    assert len(owner.cloud.refused("s3")) == 1
    assert owner.call("PUT", container_path("later")).status == 201
    assert owner.cloud.ingest("s3", event) == []
    owner.cloud.settle()
    record = owner.cloud.record(owner.account, "later", "a")
    assert record is not None
    assert record.state is State.CREATED


def test_what_is_put_elsewhere_and_s3s_test_of_the_queue_are_nothing(owner: User) -> None:
    event = owner.cloud.put_into_staging("s3", "inbound/a", CONTENT)
    assert owner.cloud.ingest("s3", event, {"Event": "s3:TestEvent"}) == []
    assert owner.cloud.refused("s3") == []


def test_a_drop_need_not_wait_for_the_end_of_a_deletion(owner: User) -> None:
    owner.create(NAME, OTHER, SYNC)
    event = owner.cloud.put_into_staging("s3", key_of(owner), CONTENT)
    path = object_path("photos", NAME)
    assert owner.call("DELETE", path, b"", {"prefer": "respond-async"}).status == 202
    assert owner.cloud.ingest("s3", event) == []
    owner.cloud.settle()
    assert content_of(owner) == CONTENT
    owner.cloud.check_storage(owner.account)


def _story(cloud: Cloud, event: Any, fault: tuple[int, Manner] | None) -> list[NetworkCall]:
    """The event of a dropped file comes until that is taken."""
    with cloud.network.record(fault) as calls:
        cloud.try_to_invoke(arn("s3", "ingest_upload"), cloud.sqs_event_of(event))
        cloud.run_executions()
        cloud.settle()
    assert cloud.ingest("s3", event) == []
    return calls


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_whatever_goes_wrong_once_a_drop_becomes_one_version(owner: User, manner: Manner) -> None:
    cloud = owner.cloud
    event = cloud.put_into_staging("s3", key_of(owner), CONTENT)
    begin_again = cloud.keep()
    _story(cloud, event, None)
    begin_again()
    calls = _story(cloud, event, None)
    wrong, seen = [], set()
    for number, call in enumerate(calls):
        if call.cluster != "s3" and (call.function, call.name) in seen:
            continue
        seen.add((call.function, call.name))
        begin_again()
        try:
            _story(cloud, event, (number, manner))
            assert content_of(owner) == CONTENT
            assert versions(owner) == 1
            cloud.check_storage(owner.account)
            assert cloud.staged() == set()
            assert cloud.refused("s3") == []
        except AssertionError as error:
            wrong.append(f"{call}, number {number}: {str(error) or repr(error)}")
    assert not wrong, "\n\n".join(wrong)


def test_what_no_try_can_take_is_refused_before_the_queue_gives_it_up(cloud: Cloud) -> None:
    """So it carries a reason, and no signature of its URL."""
    url = "https://data.example/a?X-Amz-Signature=5ec7e7"
    message = {"account": "ada", "container": "photos", "object": "a", "source_url": url}
    event = cloud.sqs_event_of(message)
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "91"
    answer = cloud.invoke(arn("s3", "ingest_upload"), event)
    assert answer == {"batchItemFailures": []}
    left = {**message, "source_url": "https://data.example/a"}
    assert cloud.refused("s3") == [("tried_too_often", left)]
