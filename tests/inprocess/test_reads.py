"""What is read is what was written, whatever is down; conditions and ranges."""

import json
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

import pytest

from mcos import limits
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.paths import object_path, stat_path
from tests.support.user import User


def test_a_read_is_answered_while_two_of_three_backends_are_down(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    for up in CLUSTERS:
        for cluster in CLUSTERS:
            cloud.backends[cluster].refuse()
        cloud.backends[up].accept()
        for cluster in CLUSTERS:
            assert user.download("a", at=cluster).body == b"bytes"
    cloud.backends[CLUSTERS[-1]].refuse()
    reply = user.download("a")
    assert (reply.status, reply.code) == (503, "replicas_unavailable")
    assert not any(cluster in reply.json()["detail"] for cluster in CLUSTERS)


def test_a_replica_that_is_not_what_was_stored_is_never_handed_out(
    cloud: Cloud, user: User
) -> None:
    user.create("a", b"the right bytes", SYNC)
    keys = {name: cloud.key(user.account, "photos", "a", name) for name in CLUSTERS}
    for damaged in CLUSTERS[:2]:
        cloud.backends[damaged].damage(keys[damaged], b"the wrong bytes")
        for cluster in CLUSTERS:
            assert user.download("a", at=cluster).body == b"the right bytes"
    cloud.backends[CLUSTERS[2]].damage(keys[CLUSTERS[2]], b"the wrong bytes")
    assert user.download("a").code == "replicas_unavailable"


def test_a_part_of_a_replica_that_is_another_one_is_never_handed_out(
    cloud: Cloud, user: User
) -> None:
    user.create("a", b"the right bytes", SYNC)
    keys = {name: cloud.key(user.account, "photos", "a", name) for name in CLUSTERS}
    for changed in CLUSTERS[:2]:
        cloud.backends[changed].replace(keys[changed], b"the wrong bytes")
        for cluster in CLUSTERS:
            assert user.download("a", {"range": "bytes=4-8"}, at=cluster).body == b"right"
    cloud.backends[CLUSTERS[2]].replace(keys[CLUSTERS[2]], b"wrong")
    assert user.download("a", {"range": "bytes=4-8"}).code == "replicas_unavailable"


@pytest.mark.parametrize(
    "answer",
    [
        {"content": b64encode(b"the wrong bytes").decode()},
        {"content": b64encode(b"the right byte").decode()},
        {"content": ""},
        {"reason": "it does not want to"},
        {},
        None,
    ],
)
def test_what_another_cluster_answers_is_verified(
    cloud: Cloud, user: User, answer: dict[str, str] | None
) -> None:
    user.create("a", b"the right bytes", SYNC)
    cloud.backends["s3"].refuse()
    invoke = cloud.network.answers["lambda:Invoke"]
    told = json.dumps(answer).encode()
    cloud.network.answers["lambda:Invoke"] = lambda request: (200, {}, told)
    try:
        assert user.download("a").code == "replicas_unavailable"
    finally:
        cloud.network.answers["lambda:Invoke"] = invoke
    assert user.download("a").body == b"the right bytes"


def test_a_read_goes_on_when_a_cluster_has_left_the_registry(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    cloud.backends["s3"].refuse()
    cloud.unregister("ceph")
    cloud.unregister("swift")
    assert user.download("a").code == "replicas_unavailable"
    cloud.register("ceph")
    assert user.download("a").body == b"bytes"


def test_conditions_guard_creates_updates_and_deletes(cloud: Cloud, user: User) -> None:
    created = user.create("a", b"one", {**SYNC, "if-none-match": "*"})
    assert created.status == 201
    etag = created.headers["etag"]
    for guarded in (
        user.create("a", b"x", {**SYNC, "if-none-match": "*"}),
        user.create("b", b"x", {**SYNC, "if-match": "*"}),
        user.update("a", b"x", {**ASYNC, "if-match": '"other"'}),
        user.update("a", b"x", {**SYNC, "if-none-match": etag}),
        user.call("DELETE", object_path("photos", "a"), headers={"if-match": '"other"'}),
    ):
        assert (guarded.status, guarded.code) == (412, "precondition_failed")
    assert user.call("GET", stat_path("photos", "b")).status == 404
    assert user.download("a").body == b"one"
    assert user.update("a", b"two", {**SYNC, "if-match": f'"x", {etag}'}).status == 200
    later = user.stat("a")["etag"]
    reply = user.call("DELETE", object_path("photos", "a"), headers={**SYNC, "if-match": later})
    assert reply.status == 204
    assert cloud.staged() == set()


def test_conditions_speak_of_the_version_accepted_last(user: User) -> None:
    user.create("a", b"one", SYNC)
    old = user.stat("a")["etag"]
    user.update("a", b"two", ASYNC)
    assert user.update("a", b"three", {**SYNC, "if-match": old}).status == 412


def test_a_download_honours_if_none_match_if_match_and_ranges(user: User) -> None:
    user.create("a", b"0123456789", SYNC)
    etag = user.stat("a")["etag"]
    for tag in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        cached = user.download("a", {"if-none-match": tag})
        assert (cached.status, cached.body) == (304, b"")
    assert user.download("a", {"if-match": '"x"'}).status == 412
    assert user.download("a", {"if-match": f"W/{etag}"}).status == 412
    ranges = {
        "bytes=0-3": (b"0123", "bytes 0-3/10"),
        "bytes=7-": (b"789", "bytes 7-9/10"),
        "bytes=-2": (b"89", "bytes 8-9/10"),
        "bytes=5-99": (b"56789", "bytes 5-9/10"),
        "bytes=-99": (b"0123456789", "bytes 0-9/10"),
        "bytes=9-9": (b"9", "bytes 9-9/10"),
    }
    for cluster in CLUSTERS:
        for asked, (part, where) in ranges.items():
            reply = user.download("a", {"range": asked}, at=cluster)
            assert (reply.status, reply.body) == (206, part)
            assert reply.headers["content-range"] == where
    for ignored in ("bytes=3-1", "lines=0-1", "bytes=0-1,3-4", "bytes=-", "bytes=a-b"):
        assert user.download("a", {"range": ignored}).status == 200
    for behind in ("bytes=10-", "bytes=-0", "bytes=99-100"):
        reply = user.download("a", {"range": behind})
        assert (reply.status, reply.headers["content-range"]) == (416, "bytes */10")
    assert user.download("a", {"range": "bytes=0-1", "if-range": etag}).status == 206
    assert user.download("a", {"range": "bytes=0-1", "if-range": '"other"'}).status == 200
    modified = user.download("a").headers["last-modified"]
    assert user.download("a", {"range": "bytes=0-1", "if-range": modified}).status == 206
    early = "Sun, 22 Nov 2015 10:00:00 GMT"
    assert user.download("a", {"range": "bytes=0-1", "if-range": early}).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_each_way_of_reading_honours_each_condition(cloud: Cloud, user: User, method: str) -> None:
    user.create("a", b"0123456789", SYNC)

    def status(**conditions: str) -> int:
        named = {name.replace("_", "-"): value for name, value in conditions.items()}
        reply = user.call(method, object_path("photos", "a"), headers=named)
        assert reply.status == 412 or reply.headers["etag"] == etag
        return reply.status

    found = user.download("a")
    etag, modified = found.headers["etag"], found.headers["last-modified"]
    early = "Sun, 22 Nov 2015 10:00:00 GMT"
    assert status() == 200
    assert (status(if_match=etag), status(if_match='"x"')) == (200, 412)
    assert (status(if_none_match=etag), status(if_none_match='"x"')) == (304, 200)
    assert (status(if_modified_since=modified), status(if_modified_since=early)) == (304, 200)
    assert (status(if_unmodified_since=modified), status(if_unmodified_since=early)) == (200, 412)
    assert status(if_match=etag, if_unmodified_since=early) == 200
    assert status(if_none_match='"x"', if_modified_since=modified) == 200
    assert status(if_unmodified_since=early, if_none_match=etag) == 412


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_write_to_what_was_modified_since_changes_nothing(user: User, method: str) -> None:
    user.create("a", b"old", SYNC)
    headers = {**SYNC, "if-unmodified-since": "Sun, 22 Nov 2015 10:00:00 GMT"}
    reply = user.call(method, object_path("photos", "a"), b"", headers)
    assert (reply.status, reply.code) == (412, "precondition_failed")
    assert user.download("a").body == b"old"


def test_no_range_of_an_empty_object_can_be_had(user: User) -> None:
    user.create("a", b"", SYNC)
    assert user.download("a", {"range": "bytes=0-"}).status == 416
    assert user.download("a").status == 200


def test_a_redirect_names_the_file_in_the_same_way_before_and_after_its_replicas_are_stored(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = 'may/Ünter "wegs".mp4'
    user.create(name, b"many bytes", ASYNC)
    monkeypatch.setattr(limits, "CONTENT_BYTES", 4)
    staged = user.download(name)
    cloud.settle()
    stored = user.download(name)
    assert (staged.status, stored.status) == (307, 307)
    places = [urlsplit(one.headers["location"]) for one in (staged, stored)]
    assert places[0].path != places[1].path
    told = [parse_qs(one.query)["response-content-disposition"] for one in places]
    exact = "filename*=UTF-8''%C3%9Cnter%20%22wegs%22.mp4"
    assert told == [[f'attachment; filename="_nter _wegs_.mp4"; {exact}']] * 2
