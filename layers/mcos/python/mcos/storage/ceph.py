"""Replicas on Ceph's RADOS Gateway, through its S3 protocol.

What RGW 16 (Pacific) does in its own way, and where that is taken care of:

- It takes no ``x-amz-checksum-*``: verification by the service is by ``Content-MD5`` alone
  (``sends_sha256`` below), and the SDK's own checksums are off for every backend.
- Buckets are paths: ``registry`` asks for an ``endpoint_url``, and with one ``s3`` uses paths.
- ``If-None-Match: *`` works here for a PUT (it is ignored by RGW's Swift protocol, which is why
  this backend is not a Swift one); ``If-Match`` does not, and is not used.
- The end of a multipart upload heeds no condition: it would write over a replica. So ``s3`` looks
  for one before. Two calls that complete other parts under one key at the same instant could both
  succeed; the keys of versions are never used for two contents.
- CompleteMultipartUpload answers an empty ETag, ListParts of what is no more ``NoSuchKey``.
"""

from typing import ClassVar

from mcos.storage.s3 import S3Backend


class CephBackend(S3Backend):
    """A bucket of a Ceph cluster."""

    kind: ClassVar[str] = "ceph"
    sends_sha256: ClassVar[bool] = False
