"""Replicas on Ceph's RADOS Gateway, through its S3 protocol.

How RGW 16 (Pacific) differs from S3, and where that is handled:

- It does not support ``x-amz-checksum-*``: the service verifies by ``Content-MD5`` alone
  (``has_sha256_check`` below), and the SDK's checksums are off for every backend.
- Buckets are addressed by path: ``kinds`` requires an ``endpoint_url``, with which ``s3`` uses
  paths.
- ``If-None-Match: *`` works for a PUT (RGW's Swift protocol ignores it, so this backend does not
  use Swift); ``If-Match`` does not work and is not used.
- CompleteMultipartUpload ignores conditions and would overwrite a replica. So ``s3`` checks for
  one first. Two calls that complete different parts under one key at the same instant could both
  succeed, but the key of a version is used for its content alone.
- CompleteMultipartUpload answers an empty ETag; ListParts of an upload that does not exist answers
  ``NoSuchKey``.
"""

from typing import ClassVar

from mcos.storage.s3 import S3Backend


class CephBackend(S3Backend):
    """A bucket of a Ceph cluster."""

    kind: ClassVar[str] = "ceph"
    has_sha256_check: ClassVar[bool] = False
