"""The staging bucket of a cluster, which holds content until its replicas are written.

``bucket`` puts and gets content; ``multipart`` signs URLs for users and joins the parts they send.
"""

from mcos.staging.bucket import (
    INBOUND,
    INCOMING,
    READ_SECONDS,
    UPLOADS,
    VERSIONS,
    Bucket,
    ListedFile,
    StagedFile,
    bucket_of,
    delete,
    find,
    open_content,
    own_bucket,
    page,
    put,
    sign_get,
    upload_key,
    version_key,
)

__all__ = [
    "INBOUND",
    "INCOMING",
    "READ_SECONDS",
    "UPLOADS",
    "VERSIONS",
    "Bucket",
    "ListedFile",
    "StagedFile",
    "bucket_of",
    "delete",
    "find",
    "open_content",
    "own_bucket",
    "page",
    "put",
    "sign_get",
    "upload_key",
    "version_key",
]
