"""Buckets through the gateway: containers of the account."""

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.handlers import validate_bucket_name

from mcos_serve.operations import OPERATIONS
from mcos_serve.operations.fixed import MISSING
from mcos_serve.s3.requests import OPERATIONS as NAMES
from tests.support.serving.served import Serving, serving
from tests.support.serving.signer import signed
from tests.unit.client.system import System


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


def test_every_operation_has_its_code() -> None:
    assert {*OPERATIONS} == {*NAMES.values()}


def test_buckets_come_and_go(served: Serving) -> None:
    s3 = served.client()
    assert s3.list_buckets()["Buckets"] == []
    for name in ("b.one", "a-two", "ccc"):
        s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket="ccc", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["a-two", "b.one", "ccc"]
    assert s3.list_buckets()["Owner"]["ID"] == served.system.account
    page = s3.list_buckets(MaxBuckets=2)
    assert [one["Name"] for one in page["Buckets"]] == ["a-two", "b.one"]
    rest = s3.list_buckets(ContinuationToken=page["ContinuationToken"])
    assert [one["Name"] for one in rest["Buckets"]] == ["ccc"]
    assert s3.head_bucket(Bucket="ccc")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="ccc")["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket="ccc")
    s3.delete_bucket(Bucket="ccc")
    assert refused(s3.head_bucket, Bucket="ccc") == "404"
    assert refused(s3.delete_bucket, Bucket="ccc") == "NoSuchBucket"
    s3.put_object(Bucket="a-two", Key="key", Body=b"")
    assert refused(s3.delete_bucket, Bucket="a-two") == "BucketNotEmpty"


def test_a_bucket_has_a_name_as_s3_has_them(served: Serving) -> None:
    s3 = served.client()
    # What keeps boto3 from sending the worst of them.
    s3.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    for name in ("ab", "Upper", "a..b", "under_score", "192.168.5.4", "a" * 64):
        assert refused(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def test_a_bucket_is_deleted_as_soon_as_what_was_in_it_is_gone(served: Serving) -> None:
    """A delete that could not be done at once must not keep its bucket for the client."""
    s3, system = served.client(), served.system
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=b"content")
    system.work()
    system.cut_queues()
    s3.delete_object(Bucket="bucket", Key="key")
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    assert refused(s3.delete_bucket, Bucket="bucket") == "BucketNotEmpty"
    assert len(served.clock.pauses) == 5
    mended: list[float] = []

    def mend() -> None:
        if not mended:
            mended.append(1)
            system.mend_queues()
        system.work()

    system.meanwhile = mend
    s3.delete_bucket(Bucket="bucket")


def test_what_nobody_has_made_is_told_as_s3_does(served: Serving) -> None:
    s3 = served.client()
    s3.create_bucket(Bucket="bucket")
    calls = {
        "GetObjectLockConfiguration": s3.get_object_lock_configuration,
        "GetPublicAccessBlock": s3.get_public_access_block,
        "GetBucketCors": s3.get_bucket_cors,
        "GetBucketEncryption": s3.get_bucket_encryption,
        "GetBucketLifecycleConfiguration": s3.get_bucket_lifecycle_configuration,
        "GetBucketOwnershipControls": s3.get_bucket_ownership_controls,
        "GetBucketPolicy": s3.get_bucket_policy,
        "GetBucketReplication": s3.get_bucket_replication,
        "GetBucketTagging": s3.get_bucket_tagging,
        "GetBucketWebsite": s3.get_bucket_website,
    }
    assert {*calls} == {*MISSING}
    for name, call in calls.items():
        assert refused(call, Bucket="bucket") == MISSING[name]
    assert s3.get_bucket_request_payment(Bucket="bucket")["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="bucket")
    assert s3.get_bucket_policy_status(Bucket="bucket")["PolicyStatus"]["IsPublic"] is False
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket="bucket")
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="bucket")
    versioning = {"Status": "Enabled"}
    assert (
        refused(s3.put_bucket_versioning, Bucket="bucket", VersioningConfiguration=versioning)
        == "NotImplemented"
    )
    assert refused(s3.create_bucket, Bucket="other", ACL="public-read") == "NotImplemented"


def test_a_bucket_may_stand_in_the_host(system: System) -> None:
    """As most programs do it for Amazon's own hosts."""
    with serving(system, domains=["s3.test"]) as served:
        served.client().create_bucket(Bucket="bucket")
        request = signed("PUT", "/a%2Fkey", body=b"content", host="bucket.s3.test:80")
        reply = httpx.put(
            f"{served.url}/a%2Fkey", headers=dict(request.headers), content=b"content"
        )
        assert reply.status_code == 200, reply.text
    assert system.stored("bucket") == {"a/key": b"content"}


def test_the_region_is_the_operators_word(system: System) -> None:
    with serving(system, region="eu-central-1") as served:
        s3 = served.client()
        s3.create_bucket(Bucket="bucket")
        assert s3.get_bucket_location(Bucket="bucket")["LocationConstraint"] == "eu-central-1"


def test_a_request_for_somebody_elses_bucket_is_denied(served: Serving) -> None:
    s3 = served.client()
    s3.create_bucket(Bucket="bucket")
    assert s3.list_objects_v2(Bucket="bucket", ExpectedBucketOwner=served.system.account)
    refusal = refused(s3.list_objects_v2, Bucket="bucket", ExpectedBucketOwner="somebody")
    assert refusal == "AccessDenied"
