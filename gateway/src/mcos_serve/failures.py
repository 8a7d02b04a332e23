"""What MCOS refuses, in S3's words."""

from mcos_client import errors
from mcos_serve.s3.errors import S3Error

CODES: tuple[tuple[type[errors.McosError], str], ...] = (
    (errors.ContainerNotFound, "NoSuchBucket"),
    (errors.UploadNotFound, "NoSuchUpload"),
    (errors.ObjectNotFound, "NoSuchKey"),
    (errors.ObjectNotReady, "NoSuchKey"),
    (errors.NotFound, "NoSuchKey"),
    (errors.NotModified, "NotModified"),
    (errors.PreconditionFailed, "PreconditionFailed"),
    (errors.ObjectExists, "PreconditionFailed"),
    (errors.RangeNotSatisfiable, "InvalidRange"),
    (errors.ContainerNotEmpty, "BucketNotEmpty"),
    (errors.Retained, "AccessDenied"),
    (errors.NotPermitted, "AccessDenied"),
    (errors.UploadTaken, "NoSuchUpload"),
    (errors.UploadIncomplete, "InvalidPart"),
    (errors.ContentTooLarge, "EntityTooLarge"),
    # What this gateway has sent is not what MCOS got.
    (errors.DigestMismatch, "InternalError"),
    (errors.InvalidRequest, "InvalidArgument"),
    # It passes: a delete of the object is under way, or others change it.
    (errors.Conflict, "SlowDown"),
    (errors.ObjectChanged, "SlowDown"),
    (errors.Unavailable, "SlowDown"),
    (errors.NotAuthenticated, "ServiceUnavailable"),
    (errors.Unreachable, "ServiceUnavailable"),
    (errors.StorageRefused, "ServiceUnavailable"),
    (errors.McosError, "InternalError"),
)
"""The first class that an error is of has its code."""

_MESSAGES = {
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchUpload": (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        "been aborted or completed."
    ),
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold",
    "BucketNotEmpty": "The bucket you tried to delete is not empty",
    "SlowDown": "Please reduce your request rate.",
    "ServiceUnavailable": "The service behind this gateway does not answer.",
    "InternalError": "We encountered an internal error. Please try again.",
    "InvalidPart": (
        "One or more of the specified parts could not be found. The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    ),
}


def s3_error(error: errors.McosError) -> S3Error:
    """Return the refusal of S3 that says the same."""
    code = next(code for kind, code in CODES if isinstance(error, kind))
    # What is wrong with a request MCOS says best; what is wrong elsewhere is for the log alone.
    message = _MESSAGES.get(code) or str(error)
    headers = {}
    if code == "SlowDown":
        headers["retry-after"] = str(int(error.retry_after or 1))
    return S3Error(code, message, headers=headers)
