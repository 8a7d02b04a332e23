"""Signatures: what botocore signs is verified, whatever is changed of it is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.signing import SKEW, Framing, SignedRequest, Verified, verify
from tests.support.serving.signer import (
    ACCESS_KEY,
    SECRET,
    presigned,
    secret_of,
    signed,
    with_header,
)

KEYS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("=+% /.~'()!*&?#;"),
    min_size=1,
    max_size=24,
)
QUERIES = st.dictionaries(
    st.text("abcXYZ-_", min_size=1, max_size=8).filter(lambda name: not name.startswith("X-Amz")),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    max_size=4,
)
HEADERS = st.dictionaries(
    st.from_regex(r"x-amz-meta-[a-z0-9]{1,8}", fullmatch=True),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    max_size=3,
)
METHODS = st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "POST"])

DAY = datetime(2013, 5, 24, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def found(request: SignedRequest, at: datetime | None = None) -> Verified:
    return verify(request, secret_of, at or now())


def refusal(request: SignedRequest, at: datetime | None = None) -> str:
    with pytest.raises(S3Error) as caught:
        found(request, at)
    assert caught.value.status in (400, 403)
    return caught.value.code


def target(key: str, query: dict[str, str]) -> str:
    path = quote(f"/bucket/{key}", safe="/~")
    pairs = [
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query.items()
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


@given(METHODS, KEYS, QUERIES, HEADERS, st.binary(max_size=64))
def test_whatever_botocore_signs_is_verified(
    method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes
) -> None:
    verified = found(signed(method, target(key, query), headers=headers, body=body))
    assert verified.access_key == ACCESS_KEY
    assert verified.framing is Framing.PLAIN
    assert not verified.is_presigned


@given(METHODS, KEYS, QUERIES)
def test_whatever_botocore_presigns_is_verified(
    method: str, key: str, query: dict[str, str]
) -> None:
    verified = found(presigned(method, target(key, query)))
    assert verified.is_presigned
    assert verified.sha256 is None


@given(KEYS, QUERIES, st.booleans(), st.data())
def test_any_byte_changed_is_refused(
    key: str, query: dict[str, str], in_query: bool, data: st.DataObject
) -> None:
    sign = presigned if in_query else signed
    request = sign("PUT", target(key, query), headers={"x-amz-meta-a": "one"})
    # HTTP itself sees to the length; it is not signed.
    headers = [one for one in request.headers if one[0] != "content-length"]
    request = replace(request, headers=headers)
    flat = [
        request.method.encode(),
        request.path,
        request.query,
        *(value.encode() for _, value in request.headers),
    ]
    part = data.draw(st.integers(0, len(flat) - 1).filter(lambda index: len(flat[index]) > 0))
    at = data.draw(st.integers(0, len(flat[part]) - 1))
    other = data.draw(st.integers(33, 126).filter(lambda byte: byte != flat[part][at]))
    flat[part] = flat[part][:at] + bytes([other]) + flat[part][at + 1 :]
    method, path, sent, *values = flat
    names = [name for name, _ in request.headers]
    changed = SignedRequest(
        method.decode(),
        path,
        sent,
        tuple(zip(names, (value.decode() for value in values), strict=True)),
    )
    if _meaning(changed) == _meaning(request):
        return
    assert refusal(changed)


def _meaning(request: SignedRequest) -> tuple[object, ...]:
    """What a request says, however it is encoded."""
    pairs = sorted(
        tuple(unquote_to_bytes(part.replace(b"+", b" ")) for part in one.split(b"=", 1))
        for one in request.query.split(b"&")
        if one
    )
    headers = [
        (name, value.replace(", ", ",") if name == "authorization" else " ".join(value.split()))
        for name, value in request.headers
    ]
    return request.method, unquote_to_bytes(request.path), pairs, headers


@given(
    st.binary(max_size=40).map(lambda path: b"/" + path),
    st.binary(max_size=60),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["authorization", "x-amz-date", "x-amz-content-sha256", "date", "host"]
            ),
            st.text(st.characters(max_codepoint=255), max_size=80),
        ),
        max_size=6,
    ),
)
def test_no_request_makes_it_fail_otherwise(
    path: bytes, query: bytes, headers: list[tuple[str, str]]
) -> None:
    assert refusal(SignedRequest("GET", path, query, headers))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=120))
def test_no_authorization_makes_it_fail_otherwise(text: str) -> None:
    request = signed("GET", "/bucket/key")
    assert refusal(with_header(request, "authorization", f"AWS4-HMAC-SHA256 {text}"))


def test_the_examples_of_amazons_reference() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    headers = (
        ("host", "examplebucket.s3.amazonaws.com"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ("range", "bytes=0-9"),
        (
            "x-amz-content-sha256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("x-amz-date", "20130524T000000Z"),
    )
    assert found(SignedRequest("GET", b"/test.txt", b"", headers), DAY).access_key == ACCESS_KEY
    query = (
        b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        b"us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        b"&X-Amz-SignedHeaders=host&X-Amz-Signature="
        b"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    in_query = SignedRequest("GET", b"/test.txt", query, headers[:1])
    assert found(in_query, DAY).is_presigned
    assert refusal(in_query, DAY + timedelta(seconds=86401)) == "AccessDenied"
    assert refusal(in_query, DAY - SKEW - timedelta(seconds=1)) == "AccessDenied"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_may_differ_by_a_quarter_of_an_hour(sign: int) -> None:
    request = signed("GET", "/bucket/key")
    at = now()
    assert found(request, at + sign * (SKEW - timedelta(seconds=5)))
    assert refusal(request, at + sign * (SKEW + timedelta(seconds=5))) == "RequestTimeTooSkewed"


def test_a_path_may_be_encoded_otherwise_on_the_wire_than_in_the_signature() -> None:
    request = signed("GET", "/bucket/a%28b%29~c%2Ad?prefix=a%20b%28")
    loose = replace(request, path=b"/bucket/a(b)%7ec*d", query=b"prefix=a+b(")
    assert found(loose).access_key == ACCESS_KEY


def test_a_header_of_amazon_that_is_not_signed_is_refused() -> None:
    request = signed("PUT", "/bucket/key")
    assert refusal(with_header(request, "x-amz-acl", "public-read")) == "AccessDenied"
    assert refusal(with_header(presigned("PUT", "/b/k"), "x-amz-acl", "private")) == "AccessDenied"


def test_who_is_not_known_is_told_so() -> None:
    request = signed("GET", "/bucket/key")
    with pytest.raises(S3Error, match="no such access key"):
        verify(request, lambda key: None, now())
    with pytest.raises(S3Error) as caught:
        verify(request, lambda key: f"{SECRET}x", now())
    assert caught.value.code == "SignatureDoesNotMatch"


def test_a_request_without_a_signature_is_denied() -> None:
    assert refusal(SignedRequest("GET", b"/b/k", b"", (("host", "h"),))) == "AccessDenied"
    old = SignedRequest("GET", b"/b/k", b"", (("host", "h"), ("authorization", "AWS key:sig")))
    assert refusal(old) == "InvalidRequest"


def test_a_header_that_is_signed_and_lost_is_missed() -> None:
    request = signed("GET", "/bucket/key", headers={"x-amz-meta-a": "one"})
    lost = replace(request, headers=[one for one in request.headers if one[0] != "x-amz-meta-a"])
    assert refusal(lost) == "SignatureDoesNotMatch"


def test_a_session_token_is_refused() -> None:
    request = signed("GET", "/bucket/key", headers={"x-amz-security-token": "token"})
    assert refusal(request) == "InvalidToken"


@pytest.mark.parametrize("framing", [one for one in Framing if one.is_chunked])
def test_the_signature_says_how_the_body_is_framed(framing: Framing) -> None:
    verified = found(signed("PUT", "/bucket/key", payload=framing.value))
    assert verified.framing is framing
    assert (verified.chunk_key is not None) == framing.is_signed


def test_a_secret_is_not_shown() -> None:
    framing = Framing.SIGNED_CHUNKS
    verified = found(signed("PUT", "/bucket/key", payload=framing.value))
    assert verified.chunk_key is not None
    assert "key=" not in repr(verified.chunk_key)
