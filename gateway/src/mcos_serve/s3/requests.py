"""A request to S3 as what it means: which operation, on which bucket and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from mcos_serve.s3.errors import S3Error, not_implemented
from mcos_serve.s3.signing import SignedRequest

LONGEST_KEY = 1024
"""Bytes of UTF-8."""

_SIGNING = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires")
_NO_HEADERS = (*_SIGNING, "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token")


@dataclass(frozen=True)
class Request:
    """What a client asks for.

    Attributes
    ----------
    bucket, key
        Empty if it names none.
    query
        Decoded; of a parameter that is there twice, the first.
    headers
        By their names in lower case; those that came several times are joined by commas.
    """

    method: str
    bucket: str
    key: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """Return a header that says something."""
        return self.headers.get(name) or None

    @property
    def resource(self) -> str:
        """What it is about, as errors name it."""
        return f"/{self.bucket}/{self.key}" if self.key else f"/{self.bucket}"


def read(request: SignedRequest, domains: Sequence[str] = ()) -> Request:
    """Read what a request is about.

    Parameters
    ----------
    domains
        Before which a host may have the name of a bucket.

    Raises
    ------
    S3Error
        Its path is none.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers:
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    query: dict[str, str] = {}
    for one in request.query.split(b"&"):
        if one:
            name_, _, value_ = one.partition(b"=")
            query.setdefault(_decoded(name_, plus=True), _decoded(value_, plus=True))
    for name, value in query.items():
        # What a client cannot send as a header goes in the query of a presigned URL.
        lowered = name.lower()
        if lowered.startswith("x-amz-") and lowered not in _NO_HEADERS:
            headers.setdefault(lowered, value)
    bucket, key = _located(headers.get("host", ""), request.path, domains)
    if len(key.encode()) > LONGEST_KEY:
        raise S3Error(
            "KeyTooLongError",
            "Your key is too long",
            details={"Size": str(len(key.encode())), "MaxSizeAllowed": str(LONGEST_KEY)},
        )
    return Request(request.method, bucket, key, query, headers)


def _located(host: str, path: bytes, domains: Sequence[str]) -> tuple[str, str]:
    if not path.startswith(b"/"):
        raise S3Error("InvalidURI", "The path must begin with a slash.")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    for domain in domains:
        bucket = name.lower().removesuffix(f".{domain.lower()}")
        if bucket != name.lower():
            return bucket, _decoded(path[1:])
    first, _, rest = path[1:].partition(b"/")
    return _decoded(first), _decoded(rest)


def _decoded(text: bytes, *, plus: bool = False) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ") if plus else text).decode("utf-8")
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI.") from None


OPERATIONS: Mapping[tuple[str, str, str], str] = {
    ("GET", "service", ""): "ListBuckets",
    # Buckets
    ("PUT", "bucket", ""): "CreateBucket",
    ("HEAD", "bucket", ""): "HeadBucket",
    ("DELETE", "bucket", ""): "DeleteBucket",
    ("GET", "bucket", "location"): "GetBucketLocation",
    ("GET", "bucket", "versioning"): "GetBucketVersioning",
    ("GET", "bucket", ""): "ListObjects",
    ("GET", "bucket", "list-type"): "ListObjectsV2",
    ("GET", "bucket", "versions"): "ListObjectVersions",
    ("GET", "bucket", "uploads"): "ListMultipartUploads",
    ("POST", "bucket", "delete"): "DeleteObjects",
    # Objects
    ("PUT", "object", ""): "PutObject",
    ("GET", "object", ""): "GetObject",
    ("HEAD", "object", ""): "HeadObject",
    ("DELETE", "object", ""): "DeleteObject",
    ("PUT", "object", "copy"): "CopyObject",
    ("GET", "object", "attributes"): "GetObjectAttributes",
    # Multipart
    ("POST", "object", "uploads"): "CreateMultipartUpload",
    ("PUT", "object", "uploadId"): "UploadPart",
    ("PUT", "object", "uploadId-copy"): "UploadPartCopy",
    ("POST", "object", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "object", "uploadId"): "AbortMultipartUpload",
    ("GET", "object", "uploadId"): "ListParts",
    # What is always the same here
    ("GET", "bucket", "acl"): "GetBucketAcl",
    ("PUT", "bucket", "acl"): "PutBucketAcl",
    ("GET", "object", "acl"): "GetObjectAcl",
    ("PUT", "object", "acl"): "PutObjectAcl",
    ("GET", "bucket", "accelerate"): "GetBucketAccelerateConfiguration",
    ("GET", "bucket", "cors"): "GetBucketCors",
    ("GET", "bucket", "encryption"): "GetBucketEncryption",
    ("GET", "bucket", "lifecycle"): "GetBucketLifecycleConfiguration",
    ("GET", "bucket", "logging"): "GetBucketLogging",
    ("GET", "bucket", "notification"): "GetBucketNotificationConfiguration",
    ("GET", "bucket", "object-lock"): "GetObjectLockConfiguration",
    ("GET", "bucket", "ownershipControls"): "GetBucketOwnershipControls",
    ("GET", "bucket", "policy"): "GetBucketPolicy",
    ("GET", "bucket", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "bucket", "publicAccessBlock"): "GetPublicAccessBlock",
    ("GET", "bucket", "replication"): "GetBucketReplication",
    ("GET", "bucket", "requestPayment"): "GetBucketRequestPayment",
    ("GET", "bucket", "tagging"): "GetBucketTagging",
    ("GET", "bucket", "website"): "GetBucketWebsite",
    ("GET", "object", "tagging"): "GetObjectTagging",
    ("DELETE", "object", "tagging"): "DeleteObjectTagging",
}
"""Operations by method, level and what the query asks for."""

SUBRESOURCES = (
    *("uploadId", "uploads", "delete", "versions", "versioning", "location", "attributes", "acl"),
    *("accelerate", "analytics", "cors", "encryption", "intelligent-tiering", "inventory"),
    *("legal-hold", "lifecycle", "logging", "metadataConfiguration", "metadataTable", "metrics"),
    *("notification", "object-lock", "ownershipControls", "policy", "policyStatus"),
    *("publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select"),
    *("session", "tagging", "torrent", "website", "append", "renameObject", "list-type"),
)
"""Parameters that make another operation of a request."""


def operation_of(request: Request) -> str:
    """Return the name of the operation that a request asks for.

    Raises
    ------
    S3Error
        There is none, or none that has an effect here.
    """
    level = "object" if request.key else "bucket" if request.bucket else "service"
    asked = [name for name in SUBRESOURCES if name in request.query]
    if len(asked) > 1 and level != "bucket":
        raise S3Error("InvalidRequest", f"Of {', '.join(asked)} only one may be asked for.")
    what = asked[0] if asked else ""
    if "x-amz-copy-source" in request.headers and request.method == "PUT" and level == "object":
        what = {"": "copy", "uploadId": "uploadId-copy"}.get(what, what)
    operation = OPERATIONS.get((request.method, level, what))
    if operation is not None:
        return operation
    if what:
        raise not_implemented(f"{request.method} with ?{what}")
    raise S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.")
