"""What a request is about: its bucket, its key, its operation."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_serve.s3 import ranges, requests
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.requests import Request, operation_of
from mcos_serve.s3.signing import SignedRequest

KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


def read(path: str, query: str = "", host: str = "gateway.test", **headers: str) -> Request:
    sent = (("host", host), *((name.replace("_", "-"), one) for name, one in headers.items()))
    return requests.read(SignedRequest("GET", path.encode(), query.encode(), sent), ["s3.test"])


@given(KEYS, st.sampled_from(["", "/", "//", "../", "./"]))
def test_a_key_is_what_stands_behind_the_bucket(key: str, before: str) -> None:
    path = quote(f"{before}{key}", safe="/")
    assert read(f"/bucket/{path}").key == f"{before}{key}"
    virtual = read(f"/{path}", host="bucket.s3.test:9000")
    assert (virtual.bucket, virtual.key) == ("bucket", f"{before}{key}")


@pytest.mark.parametrize("path", ["", "bucket", "*", "http://x/bucket", "/bucket/%ff", "/%c3%28"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(S3Error) as caught:
        read(path)
    assert caught.value.code == "InvalidURI"


def test_a_key_has_at_most_1024_bytes() -> None:
    assert read(f"/bucket/{512 * '%C3%A9'}").key == 512 * "é"
    with pytest.raises(S3Error) as caught:
        read(f"/bucket/{513 * '%C3%A9'}")
    assert caught.value.code == "KeyTooLongError"


def test_headers_may_be_in_the_query_of_a_presigned_url() -> None:
    found = read(
        "/b/k", "x-amz-meta-a=one&X-Amz-Date=now&X-Amz-Acl=public-read", x_amz_acl="private"
    )
    assert found.headers["x-amz-meta-a"] == "one"
    assert found.headers["x-amz-acl"] == "private"
    assert "x-amz-date" not in found.headers


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/", "", "ListBuckets"),
        ("GET", "/", "x-id=ListBuckets", "ListBuckets"),
        ("GET", "/b", "list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/b/", "", "ListObjects"),
        ("POST", "/b", "delete", "DeleteObjects"),
        ("POST", "/b", "delete=", "DeleteObjects"),
        ("PUT", "/b/k", "x-id=PutObject", "PutObject"),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart"),
        ("GET", "/b/k", "uploadId=u", "ListParts"),
        ("GET", "/b/k", "versionId=null", "GetObject"),
    ],
)
def test_the_operation_of_a_request(method: str, path: str, query: str, operation: str) -> None:
    sent = SignedRequest(method, path.encode(), query.encode(), (("host", "h"),))
    assert operation_of(requests.read(sent)) == operation


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("PUT", "tagging", "NotImplemented"),
        ("PUT", "retention", "NotImplemented"),
        ("POST", "select&select-type=2", "NotImplemented"),
        ("PATCH", "", "MethodNotAllowed"),
        ("POST", "", "MethodNotAllowed"),
        ("GET", "acl&tagging", "InvalidRequest"),
    ],
)
def test_what_has_an_effect_that_is_not_there_is_refused(
    method: str, query: str, code: str
) -> None:
    sent = SignedRequest(method, b"/b/k", query.encode(), (("host", "h"),))
    with pytest.raises(S3Error) as caught:
        operation_of(requests.read(sent))
    assert caught.value.code == code


def test_a_copy_is_known_by_its_header() -> None:
    headers = {"x-amz-copy-source": "b/k"}
    assert operation_of(Request("PUT", "b", "k", {}, headers)) == "CopyObject"
    query = {"uploadId": "u", "partNumber": "1"}
    assert operation_of(Request("PUT", "b", "k", query, headers)) == "UploadPartCopy"


@given(st.text(st.sampled_from("bytes=-0123456789, "), max_size=20) | st.text(max_size=20))
def test_no_range_makes_it_fail_otherwise(text: str) -> None:
    for header in (text, f"bytes={text}"):
        found = ranges.read(header)
        if found is not None:
            try:
                first, end = found.within(10)
            except S3Error as error:
                assert error.code == "InvalidRange"  # noqa: PT017
            else:
                assert 0 <= first < end <= 10


@pytest.mark.parametrize(
    ("header", "within"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-500", (5, 10)),
        ("bytes=10-", None),
        ("bytes=-0", None),
    ],
)
def test_a_range_is_within_the_content(header: str, within: tuple[int, int] | None) -> None:
    found = ranges.read(header)
    assert found is not None
    assert ranges.read(found.header) == found
    if within is None:
        with pytest.raises(S3Error):
            found.within(10)
    else:
        assert found.within(10) == within


@pytest.mark.parametrize("header", ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "x=0-1"])
def test_what_is_no_range_means_the_whole(header: str) -> None:
    assert ranges.read(header) is None


def test_a_range_of_a_copy_is_all_within_its_source() -> None:
    assert ranges.read_copy_range("bytes=0-9", 10) == (0, 10)
    for header in ("bytes=0-10", "bytes=5-2", "bytes=-3", "0-2", "bytes=1-"):
        with pytest.raises(S3Error):
            ranges.read_copy_range(header, 10)
