"""What each operation of S3 does, by its name."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from mcos_serve.exchange import Exchange, Reply
from mcos_serve.operations import (
    buckets,
    copying,
    deleting,
    fixed,
    listing,
    multipart,
    reading,
    writing,
)

Operation = Callable[[Exchange], Awaitable[Reply]]

OPERATIONS: Mapping[str, Operation] = {
    "ListBuckets": buckets.list_buckets,
    "CreateBucket": buckets.create_bucket,
    "HeadBucket": buckets.head_bucket,
    "DeleteBucket": buckets.delete_bucket,
    "GetBucketLocation": buckets.get_bucket_location,
    "ListObjects": listing.list_objects,
    "ListObjectsV2": listing.list_objects_v2,
    "ListObjectVersions": listing.list_object_versions,
    "PutObject": writing.put_object,
    "GetObject": reading.get_object,
    "HeadObject": reading.head_object,
    "GetObjectAttributes": reading.get_object_attributes,
    "DeleteObject": deleting.delete_object,
    "DeleteObjects": deleting.delete_objects,
    "CopyObject": copying.copy_object,
    "CreateMultipartUpload": multipart.create_multipart_upload,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": copying.upload_part_copy,
    "CompleteMultipartUpload": multipart.complete_multipart_upload,
    "AbortMultipartUpload": multipart.abort_multipart_upload,
    "ListParts": multipart.list_parts,
    "ListMultipartUploads": multipart.list_multipart_uploads,
    "GetBucketAcl": fixed.get_bucket_acl,
    "PutBucketAcl": fixed.put_bucket_acl,
    "GetObjectAcl": fixed.get_object_acl,
    "PutObjectAcl": fixed.put_object_acl,
    "GetObjectTagging": fixed.get_object_tagging,
    "DeleteObjectTagging": fixed.delete_object_tagging,
    **{name: partial(fixed.empty, operation=name) for name in fixed.EMPTY},
    **{name: partial(fixed.missing, operation=name) for name in fixed.MISSING},
}
"""All of ``s3.requests.OPERATIONS``."""
