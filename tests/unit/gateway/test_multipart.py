"""Multipart uploads through the gateway, by boto3."""

import hashlib
import os
from base64 import b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mcos import limits
from mcos_serve.operations import multipart
from tests.support.serving.served import Serving
from tests.unit.client.conftest import SMALL

KEY = {"Bucket": "bucket", "Key": "a key/é"}
PARTS = [os.urandom(SMALL + 1), os.urandom(40_000), os.urandom(7)]


@pytest.fixture
def s3(served: Serving) -> Any:
    client = served.client()
    client.create_bucket(Bucket="bucket")
    return client


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


def begin(s3: Any, **more: Any) -> dict[str, str]:
    upload = s3.create_multipart_upload(**KEY, **more)
    return {**KEY, "UploadId": upload["UploadId"]}


def send(s3: Any, upload: dict[str, str], parts: dict[int, bytes]) -> list[dict[str, Any]]:
    return [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**upload, PartNumber=number, Body=content)["ETag"],
        }
        for number, content in parts.items()
    ]


def joined(parts: list[bytes]) -> str:
    digests = b"".join(hashlib.md5(one, usedforsecurity=False).digest() for one in parts)
    return f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"'


def test_parts_of_any_size_become_an_object(s3: Any, served: Serving) -> None:
    upload = begin(s3, ContentType="text/plain", Metadata={"a": "1"})
    sent = dict(zip((1, 3, 10), PARTS, strict=True))
    named = send(s3, upload, {**sent, 4: b"not wanted"})
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    listed = s3.list_parts(**upload)
    assert [(one["PartNumber"], one["Size"]) for one in listed["Parts"]] == [
        *((1, SMALL + 1), (3, 40_000), (4, 10), (10, 7)),
    ]
    wanted = [one for one in named if one["PartNumber"] != 4]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": wanted})
    assert done["ETag"] == joined(PARTS)
    # It is there, at once and as told, and does not change when its replicas are stored.
    got = s3.get_object(**KEY)
    assert (got["Body"].read(), got["ETag"]) == (b"".join(PARTS), done["ETag"])
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"a": "1"})
    served.system.work()
    assert s3.head_object(**KEY)["ETag"] == done["ETag"]
    again = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": wanted})
    assert again["ETag"] == done["ETag"]
    assert refused(s3.list_parts, **upload) == "NoSuchUpload"
    assert refused(s3.upload_part, **upload, PartNumber=1, Body=b"") == "NoSuchUpload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def test_a_list_that_is_not_what_was_sent_is_refused(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(s3)
    one, two = send(s3, upload, {1: PARTS[0], 2: PARTS[1]})
    complete = s3.complete_multipart_upload
    for parts, code in (
        ([two, one], "InvalidPartOrder"),
        ([one, one], "InvalidPartOrder"),
        ([one, {**two, "ETag": one["ETag"]}], "InvalidPart"),
        ([one, two, {**two, "PartNumber": 3}], "InvalidPart"),
        ([{**one, "ETag": "other"}], "InvalidPart"),
        ([{**one, "PartNumber": 0}], "InvalidPart"),
        ([{**one, "PartNumber": 10_001}], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        assert refused(complete, **upload, MultipartUpload={"Parts": parts}) == code, parts
    named = {"Parts": [one, two]}
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", SMALL + 2)
    assert refused(complete, **upload, MultipartUpload=named) == "EntityTooSmall"
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)
    wrong = {"MpuObjectSize": 1}
    assert refused(complete, **upload, MultipartUpload=named, **wrong) == "InvalidRequest"
    bare = [{**part, "ETag": part["ETag"].strip('"')} for part in named["Parts"]]
    right = {"MpuObjectSize": len(PARTS[0] + PARTS[1])}
    assert complete(**upload, MultipartUpload={"Parts": bare}, **right)["ETag"] == joined(PARTS[:2])


def test_a_bad_part_is_not_stored(s3: Any) -> None:
    upload = begin(s3)
    [good] = send(s3, upload, {1: PARTS[0]})
    for wrong in (
        {"ContentMD5": b64encode(16 * b"x").decode()},
        {"ChecksumSHA256": b64encode(32 * b"x").decode()},
        {"ChecksumCRC32": b64encode(4 * b"x").decode()},
    ):
        code = refused(s3.upload_part, **upload, PartNumber=1, Body=PARTS[1], **wrong)
        assert code == "BadDigest"
    [part] = s3.list_parts(**upload)["Parts"]
    assert part["ETag"] == good["ETag"]
    assert refused(s3.upload_part, **upload, PartNumber=0, Body=b"x") == "InvalidArgument"
    assert refused(s3.upload_part, **upload, PartNumber=10_001, Body=b"x") == "InvalidArgument"
    other = {**upload, "Key": "other"}
    assert refused(s3.upload_part, **other, PartNumber=1, Body=b"x") == "NoSuchUpload"


def test_a_part_may_be_sent_again_and_an_object_may_be_empty(s3: Any) -> None:
    upload = begin(s3)
    send(s3, upload, {1: PARTS[0]})
    [named] = send(s3, upload, {1: b""})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [named]})
    assert s3.get_object(**KEY)["Body"].read() == b""


def test_a_condition_is_minded_at_the_end(s3: Any) -> None:
    first = begin(s3)
    second = begin(s3)
    parts = {"Parts": send(s3, first, {1: PARTS[0]})}
    others = {"Parts": send(s3, second, {1: PARTS[1]})}
    s3.complete_multipart_upload(**first, MultipartUpload=parts, IfNoneMatch="*")
    complete = s3.complete_multipart_upload
    failed = "PreconditionFailed"
    assert refused(complete, **second, MultipartUpload=others, IfNoneMatch="*") == failed
    assert refused(complete, **second, MultipartUpload=others, IfMatch='"other"') == failed
    tag = s3.head_object(**KEY)["ETag"]
    complete(**second, MultipartUpload=others, IfMatch=tag)
    assert s3.get_object(**KEY)["Body"].read() == PARTS[1]


def test_uploads_are_listed_and_given_up(s3: Any, served: Serving) -> None:
    s3.create_bucket(Bucket="other")
    keys = ["a", "b/1", "b/2", "b/2", "c"]
    uploads = [s3.create_multipart_upload(Bucket="bucket", Key=key)["UploadId"] for key in keys]
    s3.create_multipart_upload(Bucket="other", Key="elsewhere")
    found = s3.list_multipart_uploads(Bucket="bucket")
    assert [(one["Key"], one["UploadId"]) for one in found["Uploads"]] == list(
        zip(keys, uploads, strict=True)
    )
    paged = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket="bucket", PaginationConfig={"PageSize": 2}
    )
    pages = [[one["UploadId"] for one in page["Uploads"]] for page in paged]
    assert pages == [uploads[:2], uploads[2:4], uploads[4:]]
    folded = s3.list_multipart_uploads(Bucket="bucket", Delimiter="/", MaxUploads=2)
    assert [one["Key"] for one in folded["Uploads"]] == ["a"]
    assert [one["Prefix"] for one in folded["CommonPrefixes"]] == ["b/"]
    rest = s3.list_multipart_uploads(
        Bucket="bucket", Delimiter="/", KeyMarker=folded["NextKeyMarker"]
    )
    assert [one["Key"] for one in rest["Uploads"]] == ["c"]
    for key, upload in zip(keys, uploads, strict=True):
        s3.abort_multipart_upload(Bucket="bucket", Key=key, UploadId=upload)
    gone = {"Bucket": "bucket", "Key": "a", "UploadId": uploads[0]}
    assert refused(s3.abort_multipart_upload, **gone) == "NoSuchUpload"
    assert refused(s3.list_parts, **{**gone, "UploadId": "no id"}) == "NoSuchUpload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")
    assert [one.name for one in served.system.uploads] == ["elsewhere"]


def test_parts_are_listed_page_by_page(s3: Any) -> None:
    upload = begin(s3)
    send(s3, upload, dict.fromkeys((1, 2, 3), b"part"))
    pages = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2})
    numbers = [[one["PartNumber"] for one in page.get("Parts", [])] for page in pages]
    assert numbers == [[1, 2], [3]]


def test_a_part_may_be_copied_from_an_object(s3: Any) -> None:
    content = PARTS[1]
    s3.put_object(Bucket="bucket", Key="source +%", Body=content)
    upload = begin(s3)
    source = {"Bucket": "bucket", "Key": "source +%"}
    tag = s3.head_object(**source)["ETag"]
    copy = s3.upload_part_copy
    ranges = [("bytes=0-29999", 0, 30_000), ("bytes=5-5", 5, 6), (None, 0, len(content))]
    named, parts = [], []
    for number, (range_, first, end) in enumerate(ranges, start=1):
        more = {} if range_ is None else {"CopySourceRange": range_}
        done = copy(**upload, PartNumber=number, CopySource=source, **more)
        named.append({"PartNumber": number, "ETag": done["CopyPartResult"]["ETag"]})
        parts.append(content[first:end])
    for wrong, code in (
        ({"CopySourceRange": f"bytes=0-{len(content)}"}, "InvalidArgument"),
        ({"CopySourceIfMatch": '"other"'}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": tag}, "PreconditionFailed"),
    ):
        assert refused(copy, **upload, PartNumber=9, CopySource=source, **wrong) == code
    none = {"Bucket": "bucket", "Key": "none"}
    assert refused(copy, **upload, PartNumber=9, CopySource=none) == "NoSuchKey"
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": named})
    assert s3.get_object(**KEY)["Body"].read() == b"".join(parts)


def test_a_completion_that_takes_long_keeps_the_client_listening(
    s3: Any, served: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spaces come until it is done; what goes wrong then is told in the document."""
    monkeypatch.setattr(multipart, "SILENCE_SECONDS", 0.0)
    upload = begin(s3)
    named = {"Parts": send(s3, upload, {1: PARTS[0]})}
    done = s3.complete_multipart_upload(**upload, MultipartUpload=named)
    assert done["ETag"] == joined(PARTS[:1])
    upload = begin(s3)
    wrong = {"Parts": [{"PartNumber": 1, "ETag": joined([])[:33] + '"'}]}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=wrong) == "InvalidPart"


def test_a_checksum_of_all_parts_is_not_ignored(s3: Any) -> None:
    upload = begin(s3)
    named = {"Parts": send(s3, upload, {1: PARTS[0]})}
    more = {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}
    code = refused(s3.complete_multipart_upload, **upload, MultipartUpload=named, **more)
    assert code == "NotImplemented"


def test_the_transfers_of_boto3_work_as_they_are(s3: Any, tmp_path: Any) -> None:
    """Its own parts and checksums, in threads."""
    from boto3.s3.transfer import TransferConfig

    content = os.urandom(6 * 1024**2)
    file = tmp_path / "file"
    file.write_bytes(content)
    config = TransferConfig(multipart_threshold=1, multipart_chunksize=5 * 1024**2)
    s3.upload_file(str(file), "bucket", "file", Config=config)
    s3.download_file("bucket", "file", str(tmp_path / "back"), Config=config)
    assert (tmp_path / "back").read_bytes() == content
