"""CopyObject through the gateway, by boto3."""

import os
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.serving.served import Serving, serving
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import System

LARGE = os.urandom(3 * SMALL)
SOURCE = {"Bucket": "bucket", "Key": "source +%/é"}
TARGET = {"Bucket": "other", "Key": "target"}
FACTS = {"ContentType": "image/jpeg", "CacheControl": "no-cache", "Metadata": {"a": "1", "b": "2"}}


@pytest.fixture
def s3(served: Serving) -> Any:
    client = served.client()
    client.create_bucket(Bucket="bucket")
    client.create_bucket(Bucket="other")
    return client


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


@pytest.mark.parametrize("size", [0, 10, len(LARGE)])
def test_a_copy_is_as_its_source_unless_it_is_said_otherwise(
    s3: Any, served: Serving, size: int
) -> None:
    put = s3.put_object(**SOURCE, Body=LARGE[:size], **FACTS)
    served.system.work()
    copied = s3.copy_object(**TARGET, CopySource=SOURCE)
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    got = s3.get_object(**TARGET)
    assert (got["Body"].read(), got["ETag"]) == (LARGE[:size], put["ETag"])
    assert {name: got[name] for name in FACTS} == FACTS
    told = {"ContentType": "text/plain", "ContentLanguage": "de", "Metadata": {"b": "3"}}
    s3.copy_object(**TARGET, CopySource=SOURCE, MetadataDirective="REPLACE", **told)
    head = s3.head_object(**TARGET)
    assert {name: head[name] for name in told} == told
    assert "CacheControl" not in head
    s3.delete_object(**SOURCE)
    served.system.work()
    assert s3.get_object(**TARGET)["Body"].read() == LARGE[:size]


def test_an_object_is_described_anew_by_a_copy_onto_itself(s3: Any) -> None:
    put = s3.put_object(**SOURCE, Body=b"content", **FACTS)
    copy = s3.copy_object
    assert refused(copy, **SOURCE, CopySource=SOURCE) == "InvalidRequest"
    copy(**SOURCE, CopySource=SOURCE, MetadataDirective="REPLACE", Metadata={"c": "4"})
    got = s3.get_object(**SOURCE)
    assert (got["Body"].read(), got["ETag"]) == (b"content", put["ETag"])
    assert (got["Metadata"], got["ContentType"]) == ({"c": "4"}, "binary/octet-stream")


def test_conditions_of_source_and_target_are_minded(s3: Any) -> None:
    put = s3.put_object(**SOURCE, Body=b"content")
    copy, failed = s3.copy_object, "PreconditionFailed"
    assert refused(copy, **TARGET, CopySource=SOURCE, CopySourceIfMatch='"x"') == failed
    tag = put["ETag"]
    assert refused(copy, **TARGET, CopySource=SOURCE, CopySourceIfNoneMatch=tag) == failed
    copy(**TARGET, CopySource=SOURCE, CopySourceIfMatch=tag)
    assert refused(copy, **TARGET, CopySource=SOURCE, IfNoneMatch="*") == failed
    assert refused(copy, **TARGET, CopySource={**SOURCE, "Key": "none"}) == "NoSuchKey"
    assert refused(copy, **{**TARGET, "Bucket": "nowhere"}, CopySource=SOURCE) == "NoSuchBucket"
    assert refused(copy, **TARGET, CopySource="bucket") == "InvalidArgument"
    other = f"{SOURCE['Bucket']}/source?versionId=other"
    assert refused(copy, **TARGET, CopySource=other) == "NoSuchVersion"
    assert refused(copy, **TARGET, CopySource=SOURCE, ACL="public-read") == "NotImplemented"


def test_a_copy_that_is_answered_replicated_is_stored(system: System) -> None:
    with serving(system, ack="replicated") as served:
        s3 = served.client()
        s3.create_bucket(Bucket="bucket")
        s3.put_object(**SOURCE, Body=b"content")
        s3.copy_object(Bucket="bucket", Key="target", CopySource=SOURCE)
        record = system.cloud.record(system.account, "bucket", "target")
        assert record is not None
        assert record.state.value == "CREATED"
