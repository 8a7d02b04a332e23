"""AWS's rules for calls of functions: what a role may do, and what a missing key looks like."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from mcos import aws, staging
from mcos.model.objects import ObjectKey
from mcos.replicas.repair_queue import verify_message
from mcos.settings import settings
from mcos.staging import Bucket
from tests.support.cloud import ASYNC, Cloud
from tests.support.uploads import Sender
from tests.support.user import User


@pytest.fixture
def broken(cloud: Cloud) -> Iterator[list[str]]:
    """The calls that AWS would refuse, which this test makes on purpose."""
    yield cloud.network.against_the_rules
    cloud.network.against_the_rules.clear()


def test_a_function_that_may_not_list_is_not_told_that_a_key_is_missing(cloud: Cloud) -> None:
    with cloud.at("s3", "put_replica"):
        assert staging.find("versions/none") is None
        assert (
            staging.open_content(Bucket(settings().staging_bucket), "versions/none", None, None)
            is None
        )
    with cloud.at("s3", "repair_replica"):
        assert (
            staging.find("versions/none", bucket=Bucket("mcos-swift-staging-123456789012")) is None
        )


def test_a_call_that_its_role_may_not_make_is_denied_and_noted(
    cloud: Cloud, broken: list[str]
) -> None:
    with cloud.at("s3", "stat_object"), pytest.raises(ClientError) as denied:
        staging.find("versions/none")
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with cloud.at("s3", "create_object"), pytest.raises(ClientError) as denied:
        aws.client("sqs").send_message(
            QueueUrl=settings().repair_queue_url.replace("-repair", "-inbound"), MessageBody="{}"
        )
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert [one.partition(":")[0] for one in broken] == [
        "s3/stat_object -> s3",
        "s3/create_object -> sqs",
    ]


def test_a_call_that_is_too_large_is_refused_and_noted(cloud: Cloud, broken: list[str]) -> None:
    queue = settings().repair_queue_url
    with cloud.at("s3", "create_object"), pytest.raises(ClientError, match="shorter"):
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="x" * 300_000)
    assert len(broken) == 1


def test_a_signed_url_is_of_the_buckets_region(user: User) -> None:
    begun = Sender(user).begin("a", b"content")
    assert ".s3.us-east-1.amazonaws.com/uploads/" in begun["put"]["url"]


def test_a_damaged_replica_is_repaired_although_its_staged_content_is_gone(user: User) -> None:
    cloud = user.cloud
    user.create("a", b"x" * 200_000, ASYNC)
    cloud.settle()
    cloud.backends["swift"].replicas.clear()
    (version,) = {one["version"] for _, one in cloud.delivered if "version" in one}
    message = verify_message(ObjectKey(user.account, "photos", "a"), version)
    assert cloud.repair("swift", message)
    cloud.settle()
    assert user.stat("a")["state"] == "CREATED"
    assert len(cloud.backends["swift"].replicas) == 1
