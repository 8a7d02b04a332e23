"""What headers say of a body is held against it."""

from base64 import b64encode
from hashlib import md5, sha256

import pytest

from mcos_serve.s3.content import IncomingContent, expected_of
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.signing import Framing, Verified

PLAIN = Verified("key", Framing.PLAIN, None, None, False)
CONTENT = b"some content"
MD5 = b64encode(md5(CONTENT, usedforsecurity=False).digest()).decode()
SHA256 = b64encode(sha256(CONTENT).digest()).decode()


def received(headers: dict[str, str], verified: Verified = PLAIN) -> dict[str, str]:
    incoming = IncomingContent(expected_of(headers, verified))
    incoming.feed(CONTENT)
    return dict(incoming.finish())


def refusal(headers: dict[str, str], verified: Verified = PLAIN) -> str:
    with pytest.raises(S3Error) as caught:
        received(headers, verified)
    return caught.value.code


def test_what_is_right_is_repeated_in_the_reply() -> None:
    assert received({"content-md5": MD5, "content-length": "12"}) == {}
    assert received({"x-amz-checksum-sha256": SHA256}) == {"x-amz-checksum-sha256": SHA256}
    signed = Verified("key", Framing.PLAIN, sha256(CONTENT).hexdigest(), None, False)
    assert received({}, signed) == {}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-md5": b64encode(16 * b"x").decode()}, "BadDigest"),
        ({"content-md5": "YWJj"}, "InvalidDigest"),
        ({"content-md5": "?"}, "InvalidDigest"),
        ({"x-amz-checksum-sha256": b64encode(32 * b"x").decode()}, "BadDigest"),
        ({"x-amz-checksum-crc32": SHA256}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha256": SHA256}, "InvalidRequest"),
        ({"x-amz-checksum-xxhash3": "AAAAAA=="}, "NotImplemented"),
        ({"content-length": "13"}, "IncompleteBody"),
        ({"content-length": "11"}, "IncompleteBody"),
        ({"content-length": "-1"}, "InvalidArgument"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, "InvalidRequest"),
        ({"content-encoding": "gzip, aws-chunked"}, "InvalidRequest"),
    ],
)
def test_what_is_wrong_is_refused(headers: dict[str, str], code: str) -> None:
    assert refusal(headers) == code


def test_content_that_was_not_signed_is_refused() -> None:
    signed = Verified("key", Framing.PLAIN, sha256(b"other").hexdigest(), None, False)
    assert refusal({}, signed) == "XAmzContentSHA256Mismatch"


def test_a_chunked_body_says_how_much_content_it_has() -> None:
    chunked = Verified("key", Framing.UNSIGNED_CHUNKS_TRAILER, None, None, False)
    with pytest.raises(S3Error) as caught:
        expected_of({"content-length": "100"}, chunked)
    assert caught.value.status == 411
