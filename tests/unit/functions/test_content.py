"""Nothing is taken that the user did not send."""

from base64 import b64encode
from hashlib import md5, sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.content import read_content
from mcos import limits
from mcos.errors import (
    ContentTooLarge,
    DigestMismatch,
    InvalidHeader,
    InvalidMetadata,
    UnsafeTextBody,
)
from tests.support.events import request

BODY = b"bytes \xff\x00"


def base64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")


def of_sha256(body: bytes) -> str:
    return f"sha-256=:{base64(sha256(body).digest())}:"


def of_sha512(body: bytes) -> str:
    return f"sha-512=:{base64(sha512(body).digest())}:"


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_with_the_digests_that_are_theirs(body: bytes) -> None:
    for headers in (
        {},
        {"content-md5": base64(md5(body).digest())},
        {"content-digest": of_sha256(body)},
        {"content-digest": f"{of_sha256(body)}, {of_sha512(body)};x=1 , unknown=:QQ==:"},
        {"content-md5": base64(md5(body).digest()), "content-digest": of_sha512(body)},
        {"repr-digest": of_sha256(body)},
    ):
        assert read_content(request("POST", body=body, headers=headers)).body == body


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_no_bytes_are_taken_with_the_digests_of_others(body: bytes, other: bytes) -> None:
    if body == other:
        return
    for headers in (
        {"content-md5": base64(md5(other).digest())},
        {"content-digest": of_sha256(other)},
        {"content-digest": of_sha512(other)},
        {"content-digest": f"{of_sha256(body)}, {of_sha512(other)}"},
        {"content-md5": base64(md5(body).digest()), "content-digest": of_sha256(other)},
        {"repr-digest": of_sha256(other)},
        {"repr-digest": of_sha512(other), "content-digest": of_sha256(body)},
    ):
        with pytest.raises(DigestMismatch):
            read_content(request("POST", body=body, headers=headers))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("content-md5", ""),
        ("content-md5", "x"),
        ("content-md5", base64(sha256(BODY).digest())),
        ("content-md5", md5(BODY).hexdigest()),
        ("content-digest", ""),
        ("content-digest", "sha-256"),
        ("content-digest", f"sha-256={base64(sha256(BODY).digest())}"),
        ("content-digest", "sha-256=:QQ==:"),
        ("content-digest", "sha-256=:====:"),
        ("content-digest", f"{of_sha256(BODY)},"),
        ("content-digest", of_sha256(BODY).upper()),
        ("repr-digest", "sha-256=:QQ==:"),
    ],
)
def test_a_digest_that_is_none_is_refused_not_ignored(header: str, value: str) -> None:
    with pytest.raises(InvalidHeader):
        read_content(request("POST", body=BODY, headers={header: value}))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=50))
def test_text_is_taken_unless_bytes_of_it_may_have_been_replaced(text: str) -> None:
    sent = request("POST", body=text, headers={"content-type": "text/plain"})
    if "\ufffd" in text:
        with pytest.raises(UnsafeTextBody):
            read_content(sent)
    else:
        assert read_content(sent).body == text.encode()


def test_text_with_replacement_characters_is_taken_with_a_digest_that_agrees() -> None:
    text = "really \ufffd"
    for headers in (
        {"content-digest": of_sha256(text.encode())},
        {"content-md5": base64(md5(text.encode()).digest())},
    ):
        assert read_content(request("POST", body=text, headers=headers)).body == text.encode()
    for headers in (
        {"content-digest": of_sha256(b"sent \xff")},
        {"content-digest": "unknown=:QQ==:"},
        {"content-md5": base64(md5(text.encode()).digest()), "content-digest": of_sha256(b"x")},
    ):
        with pytest.raises(UnsafeTextBody):
            read_content(request("POST", body=text, headers=headers))


def test_bytes_with_replacement_characters_are_bytes() -> None:
    body = "\ufffd".encode()
    assert read_content(request("POST", body=body)).body == body


def test_the_largest_content_is_taken_and_not_a_byte_more() -> None:
    assert read_content(request("POST", body=bytes(limits.CONTENT_BYTES))).body
    with pytest.raises(ContentTooLarge, match="4500000"):
        read_content(request("POST", body=bytes(limits.CONTENT_BYTES + 1)))


def test_the_largest_content_fits_into_a_lambda_call() -> None:
    as_base64 = -(-limits.CONTENT_BYTES // 3) * 4
    headers_and_path = 10_240 + 3 * limits.OBJECT_NAME_BYTES
    assert as_base64 + headers_and_path < 6 * 1024 * 1024


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", "application/octet-stream"),
        ("image/jpeg", "image/jpeg"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("  a/b  ", "a/b"),
        ("x/" + "y" * 254, "x/" + "y" * 254),
    ],
)
def test_the_type_is_kept(sent: str, kept: str) -> None:
    headers = {"content-type": sent} if sent else {}
    assert read_content(request("POST", body=BODY, headers=headers)).content_type == kept


@pytest.mark.parametrize("sent", ["text", "/", "a/", "/b", "é/b", "a/b\nX: y", "x/" + "y" * 255])
def test_what_is_no_type_is_refused(sent: str) -> None:
    with pytest.raises(InvalidHeader):
        read_content(request("POST", body=BODY, headers={"content-type": sent}))


def test_metadata_is_what_comes_behind_its_prefix() -> None:
    headers = {
        "x-object-meta-place": " by the sea ",
        "X-Object-Meta-Mood": "calm",
        "x-object-metadata": "no",
        "x-object-meta-x-object-meta-": "twice",
        "x-other": "no",
    }
    assert read_content(request("POST", body=BODY, headers=headers)).metadata == {
        "place": "by the sea",
        "mood": "calm",
        "x-object-meta-": "twice",
    }
    with pytest.raises(InvalidMetadata):
        read_content(request("POST", body=BODY, headers={"x-object-meta-": "no name"}))
