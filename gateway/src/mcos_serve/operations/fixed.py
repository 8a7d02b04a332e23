"""What is always the same here: one account that reads and writes all, and no configuration."""

from collections.abc import Mapping

from mcos_serve.exchange import Exchange, Reply, document
from mcos_serve.operations.buckets import check_bucket, owner
from mcos_serve.operations.reading import stat
from mcos_serve.s3 import facts
from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.xml import element, group

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

EMPTY: Mapping[str, tuple[str, ...]] = {
    "GetBucketVersioning": ("VersioningConfiguration",),
    "GetBucketAccelerateConfiguration": ("AccelerateConfiguration",),
    "GetBucketLogging": ("BucketLoggingStatus",),
    "GetBucketNotificationConfiguration": ("NotificationConfiguration",),
    "GetBucketRequestPayment": (
        "RequestPaymentConfiguration",
        element("Payer", "BucketOwner"),
    ),
    "GetBucketPolicyStatus": ("PolicyStatus", element("IsPublic", False)),
}
"""Documents of configurations that are as nobody has set them."""

MISSING: Mapping[str, str] = {
    "GetBucketCors": "NoSuchCORSConfiguration",
    "GetBucketEncryption": "ServerSideEncryptionConfigurationNotFoundError",
    "GetBucketLifecycleConfiguration": "NoSuchLifecycleConfiguration",
    "GetObjectLockConfiguration": "ObjectLockConfigurationNotFoundError",
    "GetBucketOwnershipControls": "OwnershipControlsNotFoundError",
    "GetBucketPolicy": "NoSuchBucketPolicy",
    "GetPublicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "GetBucketReplication": "ReplicationConfigurationNotFoundError",
    "GetBucketTagging": "NoSuchTagSet",
    "GetBucketWebsite": "NoSuchWebsiteConfiguration",
}
"""Errors of configurations that nobody has made."""


async def empty(exchange: Exchange, operation: str) -> Reply:
    """Answer with a configuration as nobody has set it."""
    await check_bucket(exchange)
    return document(*EMPTY[operation])


async def missing(exchange: Exchange, operation: str) -> Reply:
    """Answer that nobody has made a configuration."""
    await check_bucket(exchange)
    raise S3Error(MISSING[operation], "The configuration does not exist.")


async def get_bucket_acl(exchange: Exchange) -> Reply:
    """GET /bucket?acl"""
    await check_bucket(exchange)
    return _acl(exchange)


async def get_object_acl(exchange: Exchange) -> Reply:
    """GET /bucket/key?acl"""
    await stat(exchange)
    return _acl(exchange)


async def put_bucket_acl(exchange: Exchange) -> Reply:
    """PUT /bucket?acl: it may say what is always so."""
    await _check_acl(exchange)
    await check_bucket(exchange)
    return Reply(200)


async def put_object_acl(exchange: Exchange) -> Reply:
    """PUT /bucket/key?acl: it may say what is always so."""
    await _check_acl(exchange)
    await stat(exchange)
    return Reply(200)


async def get_object_tagging(exchange: Exchange) -> Reply:
    """GET /bucket/key?tagging"""
    await stat(exchange)
    return document("Tagging", group("TagSet"))


async def delete_object_tagging(exchange: Exchange) -> Reply:
    """DELETE /bucket/key?tagging"""
    await stat(exchange)
    return Reply(204)


async def _check_acl(exchange: Exchange) -> None:
    facts.check_asked(exchange.request)
    if exchange.request.header("x-amz-acl") is None:
        raise not_implemented("An access list")


def _acl(exchange: Exchange) -> Reply:
    account = exchange.account.name
    grantee = (
        f'<Grantee xmlns:xsi="{_INSTANCE}" xsi:type="CanonicalUser">'
        f"{element('ID', account)}{element('DisplayName', account)}</Grantee>"
    )
    grant = group("Grant", grantee, element("Permission", "FULL_CONTROL"))
    return document("AccessControlPolicy", owner(exchange), group("AccessControlList", grant))
