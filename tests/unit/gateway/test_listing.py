"""Listings through the gateway: as S3 has them, whatever is folded or hidden."""

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from mcos_serve.operations.listing import _marker, _token
from tests.support.serving.served import Serving
from tests.support.serving.signer import HOST, presigned

NAMES = ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/5", "f+g h", "é/ü", "~"]


@pytest.fixture
def s3(served: Serving) -> Any:
    client = served.client()
    client.create_bucket(Bucket="bucket")
    for name in NAMES:
        client.put_object(Bucket="bucket", Key=name, Body=name.encode())
    return client


def keys(page: Any) -> list[str]:
    return [one["Key"] for one in page.get("Contents", [])]


def prefixes(page: Any) -> list[str]:
    return [one["Prefix"] for one in page.get("CommonPrefixes", [])]


def expected(prefix: str, delimiter: str) -> tuple[list[str], list[str]]:
    found: list[str] = []
    folded: list[str] = []
    for name in sorted(NAMES, key=str.encode):
        if not name.startswith(prefix):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            found.append(name)
        elif name[: cut + len(delimiter)] not in folded:
            folded.append(name[: cut + len(delimiter)])
    return found, folded


FOLDS = [
    *(("", ""), ("", "/"), ("b/", "/"), ("b", "/"), ("e/", "/"), ("é", ""), ("none", "/")),
    ("", "ü"),
]


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects", "list_object_versions"])
def test_pages_have_all_in_order_and_once(s3: Any, operation: str) -> None:
    kind = "Versions" if operation == "list_object_versions" else "Contents"
    for prefix, delimiter in FOLDS:
        for size in (1, 2, 3, 1000):
            asked = {"Bucket": "bucket", "Prefix": prefix, "Delimiter": delimiter}
            limit = {"PaginationConfig": {"PageSize": size}}
            found: list[str] = []
            folded: list[str] = []
            for page in s3.get_paginator(operation).paginate(**asked, **limit):
                found += [one["Key"] for one in page.get(kind, [])]
                folded += prefixes(page)
                assert len(page.get(kind, [])) + len(prefixes(page)) <= size
                left = sum(map(len, expected(prefix, delimiter))) - len(found) - len(folded)
                assert page["IsTruncated"] is (left > 0)
            assert (found, folded) == expected(prefix, delimiter)


def test_a_listing_says_what_each_object_is(s3: Any, served: Serving) -> None:
    page = s3.list_objects_v2(Bucket="bucket", Prefix="b/1", FetchOwner=True)
    [one] = page["Contents"]
    head = s3.head_object(Bucket="bucket", Key="b/1")
    assert (one["ETag"], one["Size"]) == (head["ETag"], head["ContentLength"])
    assert one["LastModified"] == head["LastModified"]
    assert (one["StorageClass"], one["Owner"]["ID"]) == ("STANDARD", served.system.account)
    assert page["KeyCount"] == 1
    assert page["Name"] == "bucket"
    [version] = s3.list_object_versions(Bucket="bucket", Prefix="b/1")["Versions"]
    assert (version["VersionId"], version["IsLatest"]) == ("null", True)


@pytest.mark.usefixtures("s3")
def test_names_may_be_asked_for_as_they_are(served: Serving) -> None:
    """Without encoding-type, which boto3 sends by itself."""
    request = presigned("GET", "/bucket?list-type=2")
    target = f"{request.path.decode()}?{request.query.decode()}"
    text = httpx.get(f"{served.url}{target}", headers={"host": HOST}).text
    assert "<Key>f+g h</Key>" in text
    assert "EncodingType" not in text


def test_a_listing_begins_behind_a_name(s3: Any) -> None:
    assert keys(s3.list_objects_v2(Bucket="bucket", StartAfter="d"))[0] == "e/"
    assert keys(s3.list_objects(Bucket="bucket", Marker="b/2"))[0] == "b/c/3"
    assert keys(s3.list_objects_v2(Bucket="bucket", StartAfter="zzzz")) == ["~", "é/ü"]


def test_a_page_of_nothing_is_empty(s3: Any) -> None:
    page = s3.list_objects_v2(Bucket="bucket", MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)
    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket="nowhere", MaxKeys=0)
    assert caught.value.response["Error"]["Code"] == "NoSuchBucket"


def test_what_makes_no_sense_is_refused(s3: Any) -> None:
    for asked in (
        {"MaxKeys": -1},
        {"EncodingType": "other"},
        {"ContinuationToken": "?"},
        {"ContinuationToken": ""},
        {"ContinuationToken": "_-__"},
    ):
        with pytest.raises(ClientError) as caught:
            s3.list_objects_v2(Bucket="bucket", **asked)
        assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_what_is_hidden_fills_no_page(s3: Any, served: Serving) -> None:
    """Objects that are still being deleted count as none, also where a page is full of them."""
    served.system.work()
    served.system.cut_queues()
    for name in ("a", "b/1", "b/2", "b/c/3"):
        s3.delete_object(Bucket="bucket", Key=name)
    assert keys(s3.list_objects_v2(Bucket="bucket", MaxKeys=2)) == ["d", "e/"]
    served.system.mend_queues()


@given(st.text(st.characters(codec="utf-8")))
def test_a_token_carries_any_name(name: str) -> None:
    token = _token(name)
    assert token is not None
    assert token.isascii()
    assert _marker(token) == name
