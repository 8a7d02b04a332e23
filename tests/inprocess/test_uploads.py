"""Uploads: from signed URLs to three replicas, resumed, repeated, ended, and cut off anywhere."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5, sha256
from typing import Any

import pytest

from chalicelib.workers import digest_content as digest_content_function
from chalicelib.workers import put_parts as put_parts_function
from mcos import limits
from mcos.catalog import uploads
from mcos.model.conditions import Conditions
from mcos.model.objects import ObjectKey, State
from mcos.replicas.repair_queue import verify_message
from mcos.versions.execution import replica_of
from mcos.workers import digest_content as digest_content_worker
from mcos.workers import put_parts as put_parts_worker
from mcos.workers import repair_replica as repair_replica_worker
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, arn
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path, stat_path
from tests.support.tags import etag, sent_tag
from tests.support.uploads import PART, Sender
from tests.support.user import User

pytestmark = pytest.mark.usefixtures("small_parts")

SMALL = b"what fits into one part"
LARGE = bytes(range(256)) * 14  # four parts, the last one shorter
NAME = "may/sea.jpg"


def said(content: bytes) -> dict[str, str]:
    return {"sha-256": b64encode(sha256(content).digest()).decode()}


@pytest.fixture
def sender(user: User) -> Sender:
    return Sender(user)


def current(user: User, name: str = NAME) -> bytes:
    """What all three services hold of an object, which is CREATED; it is the same everywhere."""
    record = user.cloud.record(user.account, "photos", name)
    assert record is not None
    assert record.state is State.CREATED
    assert record.current is not None
    held = user.cloud.replicas(user.account)
    bodies = {held[cluster][record.current.id] for cluster in record.current.replicas}
    assert len(record.current.replicas) == 3
    assert len(bodies) == 1
    return bodies.pop()


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_an_upload_becomes_an_object_with_three_replicas(sender: Sender, content: bytes) -> None:
    upload = sender.begin(NAME, content, content_type="image/jpeg", metadata={"Origin": "phone"})
    assert upload["method"] == ("parts" if len(content) > PART else "put")
    sender.send(upload, content)
    reply = sender.complete(upload)
    assert (reply.status, reply.json()["state"]) == (202, "CREATING")
    assert reply.json()["version"] == upload["upload"]
    sender.cloud.settle()
    assert current(sender.user) == content
    stat = sender.user.stat(NAME)
    assert stat["etag"] == sent_tag(content, upload["part_size"] or 0)
    assert reply.headers["etag"] == stat["etag"]
    assert stat["digest"] == said(content)
    assert (stat["content_type"], stat["metadata"]) == ("image/jpeg", {"origin": "phone"})
    sender.cloud.check_storage_of_all()


def test_an_upload_of_unknown_size_takes_as_many_parts_as_come(sender: Sender) -> None:
    reply = sender.ask("POST", "", {"container": "photos", "object": NAME, "action": "create"})
    upload = reply.json()
    assert (upload["size"], upload["part_size"], len(upload["parts"])) == (None, PART, 100)
    assert upload["next_marker"] == "100"
    sender.send({**upload, "parts": upload["parts"][:4]}, LARGE)
    assert sender.complete(upload).status == 202
    sender.cloud.settle()
    assert current(sender.user) == LARGE


def any_sizes(sender: Sender, sizes: dict[int, int]) -> tuple[str, list[dict[str, Any]], bytes]:
    """An upload with parts of these sizes, by their numbers; its id, the list, the content."""
    wanted = {"container": "photos", "object": NAME, "action": "put", "part_size": PART}
    upload = sender.ask("POST", "", wanted).json()
    contents = {number: bytes([number]) * size for number, size in sizes.items()}
    for number, content in contents.items():
        sender.put(upload["parts"][number - 1]["url"], content)
    named = [{"number": number, "etag": etag(one)} for number, one in sorted(contents.items())]
    return upload["upload"], named, b"".join(one for _, one in sorted(contents.items()))


def test_parts_that_are_named_may_have_any_size_and_gaps(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 100)
    upload, named, content = any_sizes(sender, {2: 100, 7: 3000, 9: 7, 40: 1})
    told = sender.ask("GET", f"/{upload}?limit=9").json()["parts"]
    assert [(one["number"], one["size"]) for one in told if one["etag"]] == [
        (2, 100),
        (7, 3000),
        (9, 7),
    ]
    assert sender.complete({"upload": upload}).code == "upload_incomplete"
    reply = sender.complete({"upload": upload}, parts=named[:3])
    assert reply.status == 202, reply
    assert sender.complete({"upload": upload}, parts=named[:3]).status == 202
    sender.cloud.settle()
    assert current(sender.user) == content[:-1]
    tags = b"".join(bytes.fromhex(one["etag"].strip('"')) for one in named[:3])
    joined = md5(tags, usedforsecurity=False).hexdigest()
    assert reply.headers["etag"] == f'"{joined}-3"' == sender.user.stat(NAME)["etag"]
    sender.cloud.check_storage_of_all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda named: [*named, {"number": 5, "etag": etag(b"5")}], "upload_incomplete"),
        (lambda named: [{**named[0], "etag": etag(b"other")}], "upload_incomplete"),
        (lambda named: [{**named[0], "etag": named[0]["etag"].strip('"')}], "upload_incomplete"),
        (lambda named: named[::-1], "invalid_body"),
        (lambda named: [named[0], named[0]], "invalid_body"),
        (lambda named: [], "invalid_body"),
        (lambda named: [{**named[0], "number": 0}], "invalid_body"),
        (lambda named: [{**named[0], "number": 10_001}], "invalid_body"),
        (lambda named: [{"number": 1}], "invalid_body"),
    ],
)
def test_a_list_of_parts_that_is_not_what_came_is_refused(
    sender: Sender, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], code: str
) -> None:
    upload, named, content = any_sizes(sender, {1: 1000, 2: 10})
    assert sender.complete({"upload": upload}, parts=change(named)).code == code
    assert sender.complete({"upload": upload}, parts=named).status == 202
    sender.cloud.settle()
    assert current(sender.user) == content


def test_a_part_that_is_named_and_not_the_last_may_not_be_too_small(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, named, _ = any_sizes(sender, {1: 99, 2: 10})
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 100)
    assert sender.complete({"upload": upload}, parts=named).code == "upload_incomplete"
    assert sender.complete({"upload": upload}, parts=named[:1]).status == 202


def test_conditions_of_a_completion_leave_the_upload_open_while_they_do_not_hold(
    sender: Sender,
) -> None:
    sender.user.create(NAME, b"old", SYNC)
    upload, named, content = any_sizes(sender, {1: 10})
    body = {"parts": named}
    target = f"/{upload}/complete"
    for other in ({"if-none-match": "*"}, {"if-match": etag(b"another")}):
        reply = sender.ask("POST", target, body, **other)
        assert (reply.status, reply.code) == (412, "precondition_failed")
    assert sender.ask("POST", target, body, **{"if-match": etag(b"old")}).status == 202
    sender.cloud.settle()
    assert current(sender.user) == content


def test_a_condition_of_a_completion_holds_when_the_upload_is_taken(sender: Sender) -> None:
    """What is created after the condition was looked at makes the completion fail too."""
    upload, named, _ = any_sizes(sender, {1: 10})
    found = uploads.get(sender.user.account, upload)
    assert found is not None
    guarded = found.with_conditions(Conditions(if_none_match=("*",)))
    with sender.cloud.at("s3"), sender.cloud.network.outside():
        assert uploads.update_open(guarded)
    sender.user.create(NAME, b"meanwhile", SYNC)
    reply = sender.complete({"upload": upload}, parts=named)
    assert (reply.status, reply.code) == (412, "precondition_failed")
    assert sender.user.download(NAME).body == b"meanwhile"


def test_what_is_sent_in_one_piece_has_neither_parts_nor_conditions_at_its_end(
    sender: Sender,
) -> None:
    upload = sender.begin(NAME, SMALL)
    sender.send(upload, SMALL)
    named = [{"number": 1, "etag": etag(SMALL)}]
    assert sender.complete(upload, parts=named).code == "invalid_body"
    target = f"/{upload['upload']}/complete"
    assert sender.ask("POST", target, {}, **{"if-none-match": "*"}).code == "invalid_body"
    assert sender.complete(upload).status == 202


def test_an_interrupted_upload_tells_what_is_there_and_goes_on(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE, but=2)
    refused = sender.complete(upload)
    assert (refused.status, refused.code) == (409, "upload_incomplete")
    found = sender.ask("GET", f"/{upload['upload']}").json()
    there = {part["number"]: part["etag"] for part in found["parts"]}
    assert there[2] is None
    assert there[3] == etag(LARGE[2 * PART : 3 * PART])
    missing = [part for part in found["parts"] if part["etag"] is None]
    sender.send({**found, "parts": missing}, LARGE)
    assert sender.complete(upload).status == 202
    sender.cloud.settle()
    assert current(sender.user) == LARGE


def test_an_upload_goes_on_at_any_entry_point(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE, but=2)
    elsewhere = Sender(sender.user, at="ceph")
    found = elsewhere.ask("GET", f"/{upload['upload']}").json()
    assert [part["number"] for part in found["parts"] if part["etag"] is None] == [2]
    sender.send({**found, "parts": [found["parts"][1]]}, LARGE)
    assert elsewhere.complete(upload).status == 202
    sender.cloud.settle()
    assert current(sender.user) == LARGE
    another = sender.begin("another", LARGE)
    assert elsewhere.ask("DELETE", f"/{another['upload']}").status == 204
    assert sender.cloud.multipart_uploads() == []
    sender.cloud.check_storage_of_all()


def test_parts_are_told_page_by_page(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    target, numbers = f"/{upload['upload']}?limit=3", []
    page = sender.ask("GET", target).json()
    numbers += [part["number"] for part in page["parts"]]
    page = sender.ask("GET", f"{target}&marker={page['next_marker']}").json()
    numbers += [part["number"] for part in page["parts"]]
    assert numbers == [1, 2, 3, 4]
    assert page["next_marker"] is None


def test_it_may_be_completed_again_and_s3_may_tell_of_it_too(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    first = sender.complete(upload)
    event = sender.event(upload)
    assert sender.complete(upload).json() == first.json()
    assert sender.cloud.ingest("s3", event, event) == []
    sender.cloud.settle()
    assert sender.complete(upload).json()["version"] == upload["upload"]
    assert sender.cloud.ingest("s3", event) == []
    sender.cloud.settle()
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


def test_a_single_put_needs_no_completion(sender: Sender) -> None:
    upload = sender.begin(NAME, SMALL)
    sender.send(upload, SMALL)
    assert sender.cloud.ingest("s3", sender.event(upload)) == []
    assert sender.ask("GET", f"/{upload['upload']}").json()["state"] == "TAKEN"
    sender.cloud.settle()
    assert current(sender.user) == SMALL


def test_an_upload_updates_what_is_there_and_nothing_else(sender: Sender) -> None:
    reply = sender.ask(
        "POST", "", {"container": "photos", "object": NAME, "action": "update", "size": 3}
    )
    assert (reply.status, reply.code) == (404, "object_not_found")
    sender.user.create(NAME, b"old", SYNC)
    reply = sender.ask(
        "POST", "", {"container": "photos", "object": NAME, "action": "create", "size": 3}
    )
    assert (reply.status, reply.code) == (409, "object_exists")
    upload = sender.begin(NAME, LARGE, action="update")
    sender.send(upload, LARGE)
    assert sender.complete(upload).json()["state"] == "UPDATING"
    assert sender.user.download(NAME).body == b"old"
    sender.cloud.settle()
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


@pytest.mark.parametrize("by_time", [False, True], ids=["by tag", "by time"])
def test_conditions_hold_when_the_upload_is_completed(sender: Sender, by_time: bool) -> None:
    sender.user.create(NAME, b"old", SYNC)
    wanted = {"container": "photos", "object": NAME, "action": "update", "size": len(SMALL)}
    other, holds = {"if-match": etag(b"another")}, {"if-match": etag(b"old")}
    if by_time:
        other = {"if-unmodified-since": "Sun, 22 Nov 2015 10:00:00 GMT"}
        holds = {"if-unmodified-since": sender.user.download(NAME).headers["last-modified"]}
    reply = sender.ask("POST", "", wanted, **other)
    assert (reply.status, reply.code) == (412, "precondition_failed")
    upload = sender.ask("POST", "", wanted, **holds).json()
    sender.cloud.clock.advance(1)
    sender.user.update(NAME, b"changed meanwhile", SYNC)
    sender.send(upload, SMALL)
    reply = sender.complete(upload)
    assert (reply.status, reply.code) == (412, "precondition_failed")
    assert sender.user.download(NAME).body == b"changed meanwhile"


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_an_upload_that_is_refused_has_displaced_nothing(sender: Sender, content: bytes) -> None:
    """Neither what readers see, nor an update that was acknowledged and is on its way."""
    user = sender.user
    assert user.create(NAME, b"old", SYNC).status == 201
    assert user.update(NAME, b"acknowledged", ASYNC).status == 202
    upload = sender.begin(NAME, content, action="update", digest=said(b"another content"))
    sender.send(upload, content)
    assert sender.complete(upload).status == 202
    sender.cloud.settle()
    assert user.download(NAME).body == b"acknowledged"
    assert user.stat(NAME)["state"] == "CREATED"
    sender.cloud.check_storage_of_all()


def test_changes_of_an_object_that_may_be_refused_are_bounded(sender: Sender) -> None:
    assert sender.user.create(NAME, b"old", SYNC).status == 201
    replies = []
    for _ in range(10):
        upload = sender.begin(NAME, SMALL, action="update")
        sender.send(upload, SMALL)
        replies.append(sender.complete(upload))
    assert [reply.status for reply in replies] == [202] * 8 + [409] * 2
    assert replies[-1].code == "conflict"
    sender.cloud.settle()
    assert current(sender.user) == SMALL
    sender.cloud.check_storage(sender.user.account)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("when", ["begun", "completed"])
def test_content_that_is_not_what_was_said_becomes_no_object(
    sender: Sender, content: bytes, when: str
) -> None:
    wrong = said(b"another content")
    if when == "completed" and len(content) <= PART:
        upload = sender.begin(NAME, content)
        sender.send(upload, content)
        reply = sender.complete(upload, digest=wrong)
        assert (reply.status, reply.code) == (400, "invalid_body")
        return
    upload = sender.begin(NAME, content, **({"digest": wrong} if when == "begun" else {}))
    sender.send(upload, content)
    more = {"digest": wrong} if when == "completed" else {}
    assert sender.complete(upload, **more).status == 202
    sender.cloud.settle()
    stat = sender.user.stat(NAME)
    assert (stat["state"], stat["reason"]) == (
        "FAILED",
        "The content does not have the digest that its sender gave.",
    )
    sender.cloud.check_storage_of_all()


@pytest.mark.parametrize("step", range(3), ids=["reserving", "marking", "accepting"])
def test_what_was_said_holds_also_where_s3s_event_is_faster(sender: Sender, step: int) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    waited_for = ["s3:CompleteMultipartUpload", *["dynamodb:PutItem"] * (step + 1)]

    def overtake(call: str) -> None:
        if waited_for and call == waited_for[0]:
            waited_for.pop(0)
            if not waited_for:
                assert sender.cloud.ingest("s3", sender.event(upload)) == []

    sender.cloud.network.before = overtake
    assert sender.complete(upload, digest=said(b"another content")).status == 202
    sender.cloud.network.before = None
    assert not waited_for
    sender.cloud.settle()
    assert sender.user.stat(NAME)["state"] == "FAILED"
    sender.cloud.check_storage_of_all()


@pytest.mark.parametrize("before", ["s3:HeadObject", "dynamodb:GetItem"])
def test_of_two_completions_at_the_same_time_one_makes_a_version(
    sender: Sender, before: str
) -> None:
    sender.user.create(NAME, b"old", SYNC)
    upload = sender.begin(NAME, LARGE, action="update")
    sender.send(upload, LARGE)
    # Before the first one looks at what S3 has, or before it looks at the object.
    waited_for = [before] if before == "s3:HeadObject" else ["s3:CompleteMultipartUpload", before]

    def overtake(call: str) -> None:
        if waited_for and call == waited_for[0]:
            waited_for.pop(0)
            if not waited_for:
                assert sender.complete(upload).status == 202
                sender.cloud.settle()
                assert sender.user.update(NAME, b"later", SYNC).status == 200

    sender.cloud.network.before = overtake
    reply = sender.complete(upload)
    sender.cloud.network.before = None
    assert (reply.status, reply.code) == (409, "superseded")
    sender.cloud.settle()
    assert current(sender.user) == b"later"


def test_what_was_said_of_content_and_is_so_is_kept(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    md5 = b64encode(bytes.fromhex(etag(LARGE).strip('"'))).decode()
    reply = sender.complete(upload, digest={**said(LARGE), "md5": md5})
    assert reply.headers["etag"] == sent_tag(LARGE, PART)
    sender.cloud.settle()
    assert current(sender.user) == LARGE


def test_an_aborted_upload_leaves_nothing(sender: Sender) -> None:
    for content in (SMALL, LARGE):
        upload = sender.begin(NAME, content)
        sender.send(upload, content)
        event = sender.event(upload) if upload["put"] else None
        assert sender.ask("DELETE", f"/{upload['upload']}").status == 204
        for method, target in (("GET", ""), ("POST", "/complete"), ("DELETE", "")):
            reply = sender.ask(method, f"/{upload['upload']}{target}")
            assert (reply.status, reply.code) == (404, "upload_not_found")
        if event is not None:
            # A URL that is still out brings it once more.
            sender.send(upload, content)
            assert sender.cloud.ingest("s3", sender.event(upload)) == []
    assert sender.ask("GET", "").json() == {"uploads": [], "next_marker": None}
    sender.cloud.check_storage_of_all()
    assert sender.cloud.multipart_uploads() == []


def test_what_has_become_a_version_cannot_be_aborted(sender: Sender) -> None:
    upload = sender.begin(NAME, SMALL)
    sender.send(upload, SMALL)
    sender.complete(upload)
    reply = sender.ask("DELETE", f"/{upload['upload']}")
    assert (reply.status, reply.code) == (409, "upload_taken")
    sender.cloud.settle()
    assert current(sender.user) == SMALL


def test_an_upload_that_is_never_completed_expires_and_leaves_nothing(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_SECONDS_MIN", -1)
    for content in (SMALL, LARGE):
        upload = sender.begin(NAME, content, expires_in=-1)
        sender.send(upload, content)
        reply = sender.complete(upload)
        assert (reply.status, reply.code) == (404, "upload_not_found")
    sender.cloud.sweep()
    assert sender.ask("GET", "").json()["uploads"] == []
    sender.cloud.check_storage_of_all()
    assert sender.cloud.multipart_uploads() == []
    assert sender.user.call("DELETE", container_path("photos")).status == 204


def test_one_account_sees_nothing_of_anothers_uploads(sender: Sender) -> None:
    upload = sender.begin(NAME, SMALL)
    sender.send(upload, SMALL)
    other = Sender(User(sender.cloud))
    assert other.ask("GET", "").json()["uploads"] == []
    for method, target in (("GET", ""), ("POST", "/complete"), ("DELETE", "")):
        reply = other.ask(method, f"/{upload['upload']}{target}")
        assert (reply.status, reply.code) == (404, "upload_not_found")
    assert [one["upload"] for one in sender.ask("GET", "").json()["uploads"]] == [upload["upload"]]


def test_uploads_are_listed_page_by_page_in_the_order_in_which_they_were_begun(
    sender: Sender,
) -> None:
    begun = [sender.begin(f"{number}", SMALL)["upload"] for number in range(3)]
    sender.cloud.add_account(sender.user.account, "password")
    dropped = sender.cloud.put_into_staging("s3", f"incoming/{sender.user.account}/photos/d", SMALL)
    assert sender.cloud.ingest("s3", dropped) == []  # what is remembered of it is no upload
    found, marker = [], ""
    while True:
        page = sender.ask("GET", f"?limit=2&marker={marker}").json()
        found += [one["upload"] for one in page["uploads"]]
        if not (marker := page["next_marker"]):
            break
    assert found == sorted(begun)
    for wrong in ("zzz", "event", "%00"):
        reply = sender.ask("GET", f"?marker={wrong}")
        assert (reply.status, reply.code) == (400, "invalid_query")


def test_a_container_that_is_gone_takes_no_upload(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    assert sender.user.call("DELETE", container_path("photos")).status == 204
    sender.send(upload, LARGE)
    reply = sender.complete(upload)
    assert (reply.status, reply.code) == (404, "container_not_found")
    sender.cloud.settle()
    sender.cloud.check_storage_of_all()


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": limits.OBJECT_BYTES + 1},
        {"size": 1.5},
        {"part_size": 0},
        {"part_size": limits.UPLOAD_PART_BYTES_MAX + 1},
        {"expires_in": 59},
        {"expires_in": limits.UPLOAD_SECONDS + 1},
        {"action": "replace"},
        {"content_type": "no type"},
        {"metadata": {"a": 1}},
        {"metadata": {"A": "1", "a": "2"}},
        {"metadata": {"a": "\n"}},
        {"digest": {"sha-256": "short"}},
        {"digest": {"crc32": "AAAA"}},
        {"storage_policy": "no such policy"},
        {"storage_policy": "none-such"},
        {"container": ""},
        {"object": "\0"},
        {"surprise": True},
    ],
    ids=repr,
)
def test_a_bad_request_begins_nothing(sender: Sender, change: dict[str, object]) -> None:
    wanted = {"container": "photos", "object": NAME, "action": "create", "size": 3}
    reply = sender.ask("POST", "", {**wanted, **change})
    assert reply.status in (400, 413), reply
    assert sender.ask("GET", "").json()["uploads"] == []
    assert sender.cloud.multipart_uploads() == []


def _story(
    sender: Sender, upload: dict[str, Any], fault: tuple[int, Manner] | None
) -> list[NetworkCall]:
    """Complete an upload that was sent; S3 tells of it; what was cut off is completed again."""
    with sender.cloud.network.record(fault) as calls:
        reply = sender.complete(upload)
        sender.cloud.run_executions()
        if sender.cloud.staged():
            sender.cloud.try_to_invoke(
                arn("s3", "ingest_upload"), sender.cloud.sqs_event_of(sender.event(upload))
            )
        sender.cloud.settle()
    if reply.status != 202:
        assert reply.died or reply.status in (500, 503), reply
        assert sender.complete(upload).status == 202
        sender.cloud.settle()
    return calls


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_whatever_goes_wrong_once_an_upload_becomes_one_version(
    sender: Sender, content: bytes, manner: Manner
) -> None:
    cloud = sender.cloud
    upload = sender.begin(NAME, content)
    sender.send(upload, content)
    begin_again = cloud.keep()
    _story(sender, upload, None)
    begin_again()
    calls = _story(sender, upload, None)
    wrong, seen = [], set()
    for number, call in enumerate(calls):
        if call.cluster != "s3" and (call.function, call.name) in seen:
            continue
        seen.add((call.function, call.name))
        begin_again()
        try:
            _story(sender, upload, (number, manner))
            assert current(sender.user) == content
            cloud.check_storage(sender.user.account)
            assert cloud.staged() == set()
        except AssertionError as error:
            wrong.append(f"{call}, number {number}: {str(error) or repr(error)}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("down", CLUSTERS)
def test_a_large_replica_that_cannot_be_written_now_is_written_later(
    sender: Sender, down: str
) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.cloud.backends[down].refuse("put_part", "begin_parts")
    assert sender.complete(upload).status == 202
    sender.cloud.run_executions()
    stat = sender.user.stat(NAME)
    assert stat["state"] == "CREATING"
    states = {one["cluster"]: one["state"] for one in stat["replicas"]}
    assert [name for name, state in states.items() if state != "stored"] == [down]
    sender.cloud.backends[down].accept()
    sender.cloud.settle()
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


def test_what_takes_longer_than_a_call_may_is_split_over_several(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(put_parts_function, "_SECONDS", 3)
    monkeypatch.setattr(digest_content_function, "_SECONDS", 3)
    monkeypatch.setattr(put_parts_worker, "_SIDE_BY_SIDE", 1)
    monkeypatch.setattr(digest_content_worker, "_PIECE_BYTES", 1000)
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.clock.look_seconds = 1
    with sender.cloud.network.record() as calls:
        sender.cloud.settle()
    digests = [one for one in calls if str(one).endswith("/digest_content -> s3:GetObject")]
    assert len(digests) == 2
    for cluster in CLUSTERS:
        listed = [one for one in calls if str(one) == f"{cluster}/put_parts -> backend:list_parts"]
        put = [one for one in calls if str(one) == f"{cluster}/put_parts -> backend:put_part"]
        assert (len(listed), len(put)) == (2, 4)
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


def test_a_large_replica_that_is_there_is_not_written_again(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.settle()
    content = sender.cloud.executed[-1]["content"]
    record = sender.cloud.record(sender.user.account, "photos", NAME)
    assert record is not None
    assert record.current is not None
    copy = record.current.replicas["s3"].incarnation
    replica = {**replica_of(record.key, record.current), "incarnation": copy}
    event = {"replica": replica, "content": content}
    with sender.cloud.network.record() as calls:
        answer = sender.cloud.invoke(arn("s3", "put_parts"), event)
    assert answer["stored"]
    assert answer["tag"] == record.current.tag("s3")
    assert not [one for one in calls if one.name in ("backend:begin_parts", "backend:put_part")]


@pytest.mark.parametrize("harm", ["gone", "another"])
def test_a_large_replica_that_is_damaged_becomes_whole(sender: Sender, harm: str) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.settle()
    backend = sender.cloud.backends["swift"]
    key = sender.cloud.key(sender.user.account, "photos", NAME, "swift")
    if harm == "gone":
        del backend.replicas[key]
    else:
        backend.replace(key, b"another content")
    told = verify_message(ObjectKey(sender.user.account, "photos", NAME), upload["upload"])
    assert sender.cloud.repair("swift", told)
    assert sender.user.stat(NAME)["state"] == "UPDATING"
    sender.cloud.settle()
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


def test_a_deleted_upload_leaves_no_replica_and_no_part(sender: Sender) -> None:
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.settle()
    assert sender.user.call("DELETE", object_path("photos", NAME), b"", ASYNC).status == 202
    sender.cloud.settle()
    assert sender.cloud.replicas(sender.user.account) == {name: {} for name in CLUSTERS}
    sender.cloud.check_storage_of_all()


def test_a_large_replica_that_rots_while_its_tag_stays_is_found_by_reading_it(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes several messages: each reads for as long as a function has time."""
    monkeypatch.setattr(repair_replica_worker, "_VERIFY_SECONDS", 2)
    monkeypatch.setattr(repair_replica_worker, "_PIECE_BYTES", 1000)
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.settle()
    key = sender.cloud.key(sender.user.account, "photos", NAME, "swift")
    message = verify_message(ObjectKey(sender.user.account, "photos", NAME), upload["upload"])
    sender.cloud.clock.look_seconds = 1
    assert sender.cloud.repair("swift", message)
    assert sender.cloud.queued()["swift"] == 1  # it goes on from where it was
    sender.cloud.settle()
    assert sender.cloud.key(sender.user.account, "photos", NAME, "swift") == key
    sender.cloud.backends["swift"].damage(key, LARGE[:-1] + b"!")
    assert sender.cloud.repair("swift", message)
    sender.cloud.settle()
    assert sender.cloud.key(sender.user.account, "photos", NAME, "swift") != key
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


@pytest.fixture
def part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads next is the same each time."""
    monkeypatch.setattr(put_parts_worker, "_SIDE_BY_SIDE", 1)


def stored(sender: Sender) -> tuple[Any, dict[str, str]]:
    """A large upload that is CREATED, and the keys of its replicas, by cluster."""
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    sender.complete(upload)
    sender.cloud.settle()
    return upload, {
        name: sender.cloud.key(sender.user.account, "photos", NAME, name) for name in CLUSTERS
    }


@pytest.mark.usefixtures("part_by_part")
def test_a_rotten_source_is_found_and_replaced_too(sender: Sender) -> None:
    upload, keys = stored(sender)
    account = sender.user.account
    first_to_be_read = "ceph"
    sender.cloud.backends[first_to_be_read].damage(keys[first_to_be_read], b"?" + LARGE[1:])
    del sender.cloud.backends["swift"].replicas[keys["swift"]]
    message = verify_message(ObjectKey(account, "photos", NAME), upload["upload"])
    assert sender.cloud.repair("swift", message)
    sender.cloud.settle()
    assert sender.cloud.key(account, "photos", NAME, first_to_be_read) != keys[first_to_be_read]
    assert current(sender.user) == LARGE
    sender.cloud.check_storage_of_all()


@pytest.mark.usefixtures("part_by_part")
def test_rotten_sources_alone_do_not_keep_anybody_busy(sender: Sender) -> None:
    """A replica is to be written anew from one that has other bytes than its service believes."""
    upload, keys = stored(sender)
    account = sender.user.account
    sender.cloud.backends["s3"].damage(keys["s3"], b"?" + LARGE[1:])
    sender.cloud.backends["ceph"].damage(keys["ceph"], LARGE[:-1] + b"!")
    del sender.cloud.backends["swift"].replicas[keys["swift"]]
    message = verify_message(ObjectKey(account, "photos", NAME), upload["upload"])
    assert sender.cloud.repair("swift", message)
    begun = len(sender.cloud.executed)
    for _ in range(3):
        sender.cloud.run_executions()
        sender.cloud.pump()
    assert len(sender.cloud.executed) - begun <= 3
    # It is told; the last copy is kept, whatever it has.
    assert sender.user.stat(NAME)["state"] == "UPDATING"
    states = [one["state"] for one in sender.user.stat(NAME)["replicas"]]
    assert sorted(states) == ["stored", "writing", "writing"]


def test_a_name_that_is_only_held_is_no_object(sender: Sender) -> None:
    """A try to take an upload has held the name, and has ended there."""
    user, cloud = sender.user, sender.cloud
    upload = sender.begin(NAME, b"bytes")
    sender.send(upload, b"bytes")
    cloud.network.choose = lambda call, again: Manner.DIES if cloud.unsettled() else None
    assert sender.complete(upload).died
    cloud.network.choose = None
    assert cloud.unsettled() == [NAME]
    path = object_path("photos", NAME)
    assert user.call("GET", stat_path("photos", NAME)).status == 404
    assert user.call("HEAD", path).status == 404
    assert user.call("DELETE", path, headers=SYNC).status == 404
    assert user.call("GET", f"{container_path('photos')}/objects").json()["objects"] == []
    assert sender.complete(upload).status == 202
    cloud.settle()
    assert user.download(NAME).body == b"bytes"


def test_the_largest_content_is_digested_within_the_events_of_an_execution() -> None:
    """Progress of the digests is in the execution: one that is cut short begins anew."""
    bytes_a_second, events_a_call = 6_000_000, 7
    calls = limits.OBJECT_BYTES / (bytes_a_second * digest_content_function._SECONDS)
    assert calls * events_a_call < 25_000 / 2


def test_nothing_is_left_of_parts_that_were_begun_after_their_removal(sender: Sender) -> None:
    """An execution goes on for a while when its version is dropped."""
    cloud, user = sender.cloud, sender.user
    upload = sender.begin(NAME, LARGE)
    sender.send(upload, LARGE)
    assert sender.complete(upload).status == 202

    def drop(called: str) -> None:
        if called == "backend:begin_parts":
            cloud.network.before = None
            with cloud.network.outside():
                assert user.call("DELETE", object_path("photos", NAME)).status in (202, 204)
                cloud.pump()

    cloud.network.before = drop
    cloud.settle()
    assert cloud.network.before is None
    assert cloud.records(user.account) == []
    assert {name: one.parts for name, one in cloud.backends.items() if one.parts} == {}
    cloud.check_storage(user.account)


@pytest.mark.parametrize("name", ["\n", "a\r\nb", "%", "a?b", "a/../b/"])
def test_whatever_the_name_of_an_upload_it_can_be_read_and_deleted(
    sender: Sender, name: str
) -> None:
    upload = sender.begin(name, b"content")
    sender.send(upload, b"content")
    assert sender.ask("POST", f"/{upload['upload']}/complete").status == 202
    sender.cloud.settle()
    user = sender.user
    assert user.download(name).body == b"content"
    assert user.stat(name)["name"] == name
    assert user.call("DELETE", object_path("photos", name), b"", SYNC).status == 204
    assert user.call("DELETE", container_path("photos"), b"").status == 204
