"""Contents of every kind and size, and digests of them."""

from base64 import b64encode
from hashlib import md5, sha256
from urllib.parse import quote

from mcos import limits
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.paths import container_path, object_path, stat_path
from tests.support.user import User


def test_content_is_taken_only_if_it_has_the_digests_that_are_sent_with_it(
    cloud: Cloud, user: User
) -> None:
    body = b"bytes"
    right_md5 = b64encode(md5(body).digest()).decode()
    right = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    wrong = f"sha-256=:{b64encode(sha256(b'x').digest()).decode()}:"
    assert user.create("a", body, {**SYNC, "content-md5": right_md5}).status == 201
    assert user.create("b", body, {**SYNC, "content-digest": right}).status == 201
    for header, value in (
        ("content-md5", b64encode(md5(b"x").digest()).decode()),
        ("content-digest", wrong),
        ("content-digest", f"{right}, sha-512=:{'A' * 86}==:"),
    ):
        reply = user.create("c", body, {**ASYNC, header: value})
        assert (reply.status, reply.code) == (400, "digest_mismatch")
    assert user.call("GET", stat_path("photos", "c")).status == 404
    assert cloud.staged() == set()


def test_content_is_taken_up_to_the_limit_and_not_a_byte_more(cloud: Cloud, user: User) -> None:
    largest = b"x" * limits.CONTENT_BYTES
    assert user.create("a", largest, SYNC).status == 201
    assert user.download("a", at="ceph").body == largest
    reply = user.create("b", largest + b"x", ASYNC)
    assert (reply.status, reply.code) == (413, "content_too_large")
    assert cloud.staged() == set()


def test_a_text_that_the_gateway_may_have_changed_needs_a_digest(user: User) -> None:
    latin = "sm\xf8rrebr\xf8d".encode("latin-1")
    headers = {**SYNC, "content-type": "text/plain"}
    assert user.create("a", latin, headers).code == "unsafe_text_body"
    honest = "a real \ufffd".encode()
    digest = f"sha-256=:{b64encode(sha256(honest).digest()).decode()}:"
    assert user.create("b", honest, {**headers, "content-digest": digest}).status == 201
    assert user.download("b").body == honest
    assert user.create("c", "smørrebrød".encode(), headers).status == 201
    assert user.create("d", latin, {**SYNC, "content-type": "image/png"}).status == 201
    assert user.download("d").body == latin


def test_text_is_taken_up_to_a_limit_that_holds_for_any_characters(user: User) -> None:
    text = {**SYNC, "content-type": "text/plain"}
    for character in (b"a", b'"', b"\x01", b"\n"):
        largest = character * limits.TEXT_CONTENT_BYTES
        assert user.update("a", largest, {**text}).status in (200, 404)
        assert user.create("a", largest, text).status in (201, 409)
        assert user.download("a").body == largest
        reply = user.create("b", largest + character, text)
        assert (reply.status, reply.code) == (413, "content_too_large")
        assert "X-MCOS-Content-Type" in reply.json()["detail"]


def test_text_that_goes_as_bytes_is_taken_as_bytes_are(user: User) -> None:
    """Both ways: in a reply all content is base64."""
    headers = {**SYNC, "x-mcos-content-type": "text/plain; charset=latin-1"}
    for character in (b'"', b"\x01", b"\xe9"):
        largest = character * limits.CONTENT_BYTES
        assert user.create("a", largest, headers).status in (201, 409)
        assert user.update("a", largest, headers).status == 200
        reply = user.download("a")
        assert reply.headers["content-type"] == "text/plain; charset=latin-1"
        assert reply.body == largest
    reply = user.create("b", b"x", {**SYNC, "x-mcos-content-type": "text"})
    assert (reply.status, reply.code) == (400, "invalid_header")


def test_what_is_too_large_for_the_gateway_is_refused_by_it(cloud: Cloud, user: User) -> None:
    quotes = b'"' * 4_400_000
    reply = user.create("a", quotes, {**SYNC, "content-type": "application/json"})
    assert (reply.status, reply.json()) == (413, {"message": "Request Entity Too Large"})
    assert user.call("GET", stat_path("photos", "a")).status == 404
    assert cloud.staged() == set()


def test_a_request_with_the_longest_of_all_is_not_too_large(user: User) -> None:
    """Names, metadata, and listings that go on: a request line and headers have 10,240 bytes."""
    container, name = "\U0010ffff" * 64, "\U0010ffff" * 256
    assert user.call("PUT", container_path(container)).status == 201
    metadata = {f"x-object-meta-{number:02}": "m" * 43 for number in range(90)}
    digest = f"sha-256=:{b64encode(sha256(b'x').digest()).decode()}:"
    headers = {
        **metadata,
        **SYNC,
        "content-digest": digest,
        "x-mcos-content-type": "x/" + "y" * 254,
        "x-storage-policy": "default",
    }
    assert user.call("POST", object_path(container, name), b"x", headers).status == 201
    query = f"prefix={quote(name)}&marker={quote(name)}"
    listed = user.call("GET", f"{container_path(container)}/objects?{query}")
    assert listed.json()["objects"] == []


def test_the_size_is_in_a_header_that_gateways_leave_alone(user: User) -> None:
    user.create("a", b"12345", SYNC)
    head = user.call("HEAD", object_path("photos", "a"))
    assert head.headers["content-length"] == "0", "as the gateway makes it"
    assert head.headers["x-mcos-content-length"] == "5"
    assert user.download("a", {"range": "bytes=0-1"}).headers["x-mcos-content-length"] == "5"


def test_a_page_of_names_that_grow_in_json_is_carried(cloud: Cloud, user: User) -> None:
    user.create("a", b"", SYNC)
    with cloud.network.outside():
        database = cloud.client("dynamodb")
        (item,) = (
            one
            for one in database.scan(TableName="mcos-objects")["Items"]
            if one["container_key"]["S"].startswith(user.account)
        )
        for number in range(limits.LISTING_ENTRIES):
            name = f"{number:04}" + "\x01" * (limits.OBJECT_NAME_BYTES - 4)
            database.put_item(TableName="mcos-objects", Item={**item, "name": {"S": name}})
    for query in ("", f"?delimiter={quote(chr(1))}"):
        reply = user.call("GET", f"{container_path('photos')}/objects{query}")
        assert reply.status == 200
        assert len(reply.json()["objects"]) + len(reply.json()["common_prefixes"]) > 100


def test_no_reply_lets_a_browser_run_what_a_user_has_stored(user: User) -> None:
    page = {**SYNC, "x-mcos-content-type": "text/html"}
    user.create("a/page.html", b"<script>", page)
    path = object_path("photos", "a/page.html")
    replies = [
        user.call("GET", path),
        user.call("GET", path, b"", {"range": "bytes=0-1"}),
        user.call("HEAD", path),
        user.call("GET", stat_path("photos", "a/page.html")),
        user.call("GET", object_path("photos", "<script>")),
        user.call("GET", "/<script>"),
    ]
    assert [one.status for one in replies] == [200, 206, 200, 200, 404, 404]
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in reply.headers["content-security-policy"].split("; ")
    for reply in replies[:3]:
        assert reply.headers["content-type"] == "text/html"
        assert reply.headers["content-disposition"].startswith('attachment; filename="page.html"')
    user.update("a/page.html", b"<b>", {**page, "content-disposition": "inline"})
    assert user.call("GET", path).headers["content-disposition"] == "inline"
    long = "é" * 512
    user.create(long, b"", SYNC)
    assert len(user.download(long).headers["content-disposition"]) < 2048
