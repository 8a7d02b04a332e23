"""Objects through the gateway, by boto3."""

import os
from base64 import b64encode
from hashlib import md5, sha256
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.support.serving.served import Serving
from tests.unit.client.conftest import SMALL

CONTENT = b"what is stored"
LARGE = os.urandom(3 * SMALL + 10_001)
SIZES = [0, 1, SMALL, SMALL + 1, 30_000, 60_000, len(LARGE)]


def etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


@pytest.fixture
def s3(served: Serving) -> Any:
    client = served.client()
    client.create_bucket(Bucket="bucket")
    return client


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_what_is_put_is_got(s3: Any, served: Serving) -> None:
    for size in SIZES:
        content = LARGE[:size]
        put = s3.put_object(Bucket="bucket", Key="a/key", Body=content)
        got = s3.get_object(Bucket="bucket", Key="a/key")
        assert got["Body"].read() == content
        head = s3.head_object(Bucket="bucket", Key="a/key")
        assert put["ETag"] == got["ETag"] == head["ETag"]
        assert head["ContentLength"] == got["ContentLength"] == size
        if size <= SMALL:
            assert put["ETag"] == etag(content)
        assert served.system.stored("bucket") == {"a/key": content}
        again = s3.head_object(Bucket="bucket", Key="a/key")
        assert again["ETag"] == put["ETag"], "it does not change once all is stored"


def test_checksums_that_are_asked_for_are_checked_and_told(s3: Any) -> None:
    for checksum in ("CRC32", "SHA1", "SHA256"):
        for size in (20, SMALL + 1):
            content, key = LARGE[:size], {"Bucket": "bucket", "Key": f"{checksum}/{size}"}
            put = s3.put_object(**key, Body=content, ChecksumAlgorithm=checksum)
            assert put[f"Checksum{checksum}"]
            got = s3.get_object(**key, ChecksumMode="ENABLED")
            assert got["ChecksumSHA256"] == b64encode(sha256(content).digest()).decode()
            assert got["Body"].read() == content


@pytest.mark.parametrize("size", [20, SMALL + 1, len(LARGE)])
def test_a_bad_put_leaves_the_object_as_it_was(s3: Any, served: Serving, size: int) -> None:
    s3.put_object(Bucket="bucket", Key="key", Body=CONTENT)
    for wrong in (
        {"ContentMD5": b64encode(16 * b"x").decode()},
        {"ChecksumSHA256": b64encode(32 * b"x").decode()},
        {"ChecksumCRC32C": b64encode(4 * b"x").decode()},
    ):
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="bucket", Key="key", Body=LARGE[:size], **wrong)
        assert code_of(caught) == "BadDigest"
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == CONTENT
    assert served.system.stored("bucket") == {"key": CONTENT}
    assert served.system.uploads == []


KEYS = [
    *("a=b", "a+b", "100%", "a b", "é/ü", "a//b", "/a", "a/", "a/../b", "..", ".", "./a", "~a"),
    *("a?b", "a#b", "a&b=c", "a;b", "a'b", 'a"b', "a\\b", "a:b", "<a>", "%2F", "%41", "\U0001f600"),
    *("a\tb", "a\nb", "\x01", "a*b", "(a)", "!a", "a@b", "$a", "a,b", "[a]", "{a}|^`"),
]


def test_any_key_is_signed_stored_listed_and_deleted(s3: Any, served: Serving) -> None:
    for key in KEYS:
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
    stored = {key: key.encode() for key in KEYS}
    assert served.system.stored("bucket") == stored
    for key, content in stored.items():
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == content, key
    listed = [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert listed == sorted(KEYS, key=str.encode)
    s3.delete_object(Bucket="bucket", Key="\x01")  # no XML has it, in whatever way
    named = [{"Key": key} for key in KEYS if key != "\x01"]
    deleted = s3.delete_objects(Bucket="bucket", Delete={"Objects": named})["Deleted"]
    assert [{"Key": one["Key"]} for one in deleted] == named
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")


def test_what_describes_an_object_comes_back(s3: Any) -> None:
    facts = {
        "ContentType": "image/jpeg",
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"one": "1", "two-three": "a b"},
    }
    for size in (10, SMALL + 1):
        s3.put_object(Bucket="bucket", Key="key", Body=LARGE[:size], **facts)
        for reply in (
            s3.head_object(Bucket="bucket", Key="key"),
            s3.get_object(Bucket="bucket", Key="key"),
        ):
            assert {name: reply[name] for name in facts} == facts
    plain = s3.put_object(Bucket="bucket", Key="plain", Body=CONTENT)
    assert plain["ETag"] == etag(CONTENT)
    head = s3.head_object(Bucket="bucket", Key="plain")
    assert head["ContentType"] == "binary/octet-stream"
    assert "ContentDisposition" not in head
    assert head["Metadata"] == {}


@pytest.mark.parametrize("size", [1000, len(LARGE)])
def test_ranges_are_cut_exactly(s3: Any, size: int) -> None:
    content = LARGE[:size]
    s3.put_object(Bucket="bucket", Key="key", Body=content)

    def read(range_: str) -> tuple[int, bytes, str | None]:
        reply = s3.get_object(Bucket="bucket", Key="key", Range=range_)
        status = reply["ResponseMetadata"]["HTTPStatusCode"]
        return status, reply["Body"].read(), reply.get("ContentRange")

    last = size - 1
    assert read("bytes=0-0") == (206, content[:1], f"bytes 0-0/{size}")
    assert read("bytes=5-") == (206, content[5:], f"bytes 5-{last}/{size}")
    assert read("bytes=-7") == (206, content[-7:], f"bytes {size - 7}-{last}/{size}")
    assert read(f"bytes=1-{10 * size}") == (206, content[1:], f"bytes 1-{last}/{size}")
    assert read(f"bytes=-{10 * size}") == (206, content, f"bytes 0-{last}/{size}")
    assert read(f"bytes=3-{last - 3}")[1] == content[3:-3]
    for whole in ("bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=-", "bytes=a-b"):
        assert read(whole) == (200, content, None)
    for none in (f"bytes={size}-", "bytes=-0", f"bytes={10**17}-"):
        with pytest.raises(ClientError) as caught:
            read(none)
        assert code_of(caught) == "InvalidRange"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416
    head = s3.head_object(Bucket="bucket", Key="key", Range="bytes=2-4")
    assert (head["ContentLength"], head["ContentRange"]) == (3, f"bytes 2-4/{size}")


def test_nothing_has_no_range(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="key", Body=b"")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="bucket", Key="key", Range="bytes=0-")
    assert code_of(caught) == "InvalidRange"


@pytest.mark.parametrize("size", [10, SMALL + 1])
def test_conditional_writes_are_minded(s3: Any, served: Serving, size: int) -> None:
    content, key = LARGE[:size], {"Bucket": "bucket", "Key": "key"}
    for if_match, code in (('"other"', "NoSuchKey"), ("*", "NoSuchKey")):
        with pytest.raises(ClientError) as caught:
            s3.put_object(**key, Body=content, IfMatch=if_match)
        assert code_of(caught) in (code, "PreconditionFailed")
    first = s3.put_object(**key, Body=CONTENT, IfNoneMatch="*")
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"other"'}):
        with pytest.raises(ClientError) as caught:
            s3.put_object(**key, Body=content, **condition)
        assert code_of(caught) == "PreconditionFailed"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError) as caught:
        s3.put_object(**key, Body=content, IfNoneMatch=first["ETag"])
    assert code_of(caught) == "NotImplemented"
    assert s3.get_object(**key)["Body"].read() == CONTENT
    s3.put_object(**key, Body=content, IfMatch=first["ETag"])
    assert s3.get_object(**key)["Body"].read() == content
    assert [one for one in served.system.uploads if one.state == "OPEN"] == []


@pytest.mark.parametrize("size", [10, SMALL + 1])
def test_conditional_reads_are_minded(s3: Any, size: int) -> None:
    key = {"Bucket": "bucket", "Key": "key"}
    put = s3.put_object(**key, Body=LARGE[:size])
    modified = s3.head_object(**key)["LastModified"]
    for read in (s3.get_object, s3.head_object):
        for holds in (
            {"IfMatch": put["ETag"]},
            {"IfMatch": put["ETag"].strip('"')},
            {"IfMatch": "*"},
            {"IfNoneMatch": '"other"'},
            {"IfUnmodifiedSince": modified},
            {"IfMatch": put["ETag"], "IfUnmodifiedSince": modified.replace(year=2000)},
            {"IfNoneMatch": '"other"', "IfModifiedSince": modified},
        ):
            assert read(**key, **holds)["ETag"] == put["ETag"]
        for fails, status in (
            ({"IfMatch": '"other"'}, 412),
            ({"IfUnmodifiedSince": modified.replace(year=2000)}, 412),
            ({"IfNoneMatch": put["ETag"]}, 304),
            ({"IfNoneMatch": "*"}, 304),
            ({"IfModifiedSince": modified}, 304),
        ):
            with pytest.raises(ClientError) as caught:
                read(**key, **fails)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_what_is_not_there_is_not_found(s3: Any) -> None:
    for read in (s3.get_object, s3.get_object_acl, s3.get_object_tagging):
        with pytest.raises(ClientError) as caught:
            read(Bucket="bucket", Key="none")
        assert code_of(caught) == "NoSuchKey"
        with pytest.raises(ClientError) as caught:
            read(Bucket="nowhere", Key="none")
        assert code_of(caught) in ("NoSuchKey", "NoSuchBucket")
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket="bucket", Key="none")
    assert code_of(caught) == "404"
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="nowhere", Key="key", Body=b"")
    assert code_of(caught) == "NoSuchBucket"


def test_an_object_that_could_not_be_stored_is_none(s3: Any, served: Serving) -> None:
    s3.put_object(Bucket="bucket", Key="key", Body=CONTENT)
    served.system.fail("key", container="bucket")
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket="bucket", Key="key")
    assert code_of(caught) == "404"
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    s3.delete_bucket(Bucket="bucket")


def test_deletes_are_done_when_they_are_answered(s3: Any, served: Serving) -> None:
    for name in ("a", "b", "c"):
        s3.put_object(Bucket="bucket", Key=name, Body=CONTENT)
    s3.delete_object(Bucket="bucket", Key="a")
    s3.delete_object(Bucket="bucket", Key="a")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["b", "c"]
    named = [{"Key": "b"}, {"Key": "never"}, {"Key": "c", "VersionId": "null"}]
    deleted = s3.delete_objects(Bucket="bucket", Delete={"Objects": named})
    assert [one["Key"] for one in deleted["Deleted"]] == ["b", "never", "c"]
    assert "Errors" not in deleted
    s3.delete_bucket(Bucket="bucket")
    assert served.system.cloud.replicas(served.system.account) is not None


def test_deletes_say_what_was_refused(s3: Any, served: Serving) -> None:
    s3.put_object(Bucket="bucket", Key="a", Body=CONTENT)
    s3.put_object(Bucket="bucket", Key="b", Body=CONTENT)
    named = [{"Key": "a", "ETag": '"other"'}, {"Key": "b"}, {"Key": "c" * 1025}]
    deleted = s3.delete_objects(Bucket="bucket", Delete={"Objects": named, "Quiet": True})
    assert {one["Key"][:1]: one["Code"] for one in deleted["Errors"]} == {
        "a": "PreconditionFailed",
        "c": "InvalidArgument",
    }
    assert "Deleted" not in deleted
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a"]
    with pytest.raises(ClientError) as caught:
        s3.delete_objects(Bucket="nowhere", Delete={"Objects": [{"Key": "a"}]})
    assert code_of(caught) == "NoSuchBucket"
    loose = served.client(parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        loose.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a"}, {"Key": ""}]})
    assert code_of(caught) == "MalformedXML"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a"]


def test_what_would_have_an_effect_is_refused(served: Serving, s3: Any) -> None:
    for more in (
        {"ACL": "public-read"},
        {"StorageClass": "GLACIER"},
        {"Tagging": "a=b"},
        {"ServerSideEncryption": "aws:kms"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": 32 * "x"},
        {"WebsiteRedirectLocation": "/x"},
        {"ObjectLockLegalHoldStatus": "ON"},
        {"GrantRead": "id=x"},
    ):
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="bucket", Key="key", Body=CONTENT, **more)
        assert code_of(caught) == "NotImplemented", more
    assert served.system.stored("bucket") == {}


def test_what_says_what_is_always_so_is_taken(s3: Any) -> None:
    s3.put_object(
        Bucket="bucket", Key="key", Body=CONTENT, ACL="private", StorageClass="STANDARD", Tagging=""
    )
    s3.put_object_acl(Bucket="bucket", Key="key", ACL="private")
    s3.put_bucket_acl(Bucket="bucket", ACL="private")
    with pytest.raises(ClientError) as caught:
        s3.put_object_acl(Bucket="bucket", Key="key", ACL="public-read")
    assert code_of(caught) == "NotImplemented"
    for acl in (s3.get_object_acl(Bucket="bucket", Key="key"), s3.get_bucket_acl(Bucket="bucket")):
        assert [one["Permission"] for one in acl["Grants"]] == ["FULL_CONTROL"]
    assert s3.get_object_tagging(Bucket="bucket", Key="key")["TagSet"] == []


def test_attributes_are_told(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="key", Body=CONTENT)
    asked = ["ETag", "ObjectSize", "Checksum", "StorageClass", "ObjectParts"]
    told = s3.get_object_attributes(Bucket="bucket", Key="key", ObjectAttributes=asked)
    assert told["ETag"] == etag(CONTENT).strip('"')
    assert told["ObjectSize"] == len(CONTENT)
    assert told["Checksum"]["ChecksumSHA256"] == b64encode(sha256(CONTENT).digest()).decode()
    assert "ObjectParts" not in told
    few = s3.get_object_attributes(Bucket="bucket", Key="key", ObjectAttributes=["ObjectSize"])
    assert "ETag" not in few


def test_a_version_is_null_or_none(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="key", Body=CONTENT)
    key = {"Bucket": "bucket", "Key": "key"}
    assert s3.get_object(**key, VersionId="null")["Body"].read() == CONTENT
    with pytest.raises(ClientError) as caught:
        s3.get_object(**key, VersionId="other")
    assert code_of(caught) == "NoSuchVersion"
    s3.delete_object(**key, VersionId="other")
    assert s3.head_object(**key)
    s3.delete_object(**key, VersionId="null")
    with pytest.raises(ClientError):
        s3.head_object(**key)


@pytest.mark.usefixtures("s3")
def test_a_presigned_url_reads_and_writes(served: Serving) -> None:
    key = {"Bucket": "bucket", "Key": "a b/é+%"}
    s3 = served.client(signature_version="s3v4")
    put = s3.generate_presigned_url("put_object", Params=key, ExpiresIn=60)
    assert httpx.put(put, content=CONTENT).status_code == 200
    shown = {**key, "ResponseContentType": "text/plain", "ResponseContentDisposition": "inline"}
    got = httpx.get(s3.generate_presigned_url("get_object", Params=shown))
    assert (got.status_code, got.content) == (200, CONTENT)
    assert got.headers["content-type"] == "text/plain"
    assert got.headers["content-disposition"] == "inline"
    refused = httpx.get(put)
    assert refused.status_code == 403
    assert "SignatureDoesNotMatch" in refused.text


def test_a_replica_that_is_damaged_is_not_given_out(s3: Any, served: Serving) -> None:
    """What cannot be verified is cut off: the client gets less than it was told, no other bytes."""
    s3.put_object(Bucket="bucket", Key="key", Body=LARGE)
    served.system.damage("key", bytes(len(LARGE)), container="bucket")
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken|reset|SlowDown"):
        s3.get_object(Bucket="bucket", Key="key")["Body"].read()
