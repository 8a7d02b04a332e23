"""Contents of every kind and size, and digests of them."""

from base64 import b64encode
from hashlib import md5, sha256

from mcos import limits
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import stat_path
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
