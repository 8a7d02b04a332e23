"""The errors that MCOS reports to its callers.

Each exception has a stable ``code``, which is part of the API, and a message for people, which is
not. HTTP statuses are assigned in one place: ``functions/chalicelib/shared/problems.py``.
"""


class McosError(Exception):
    """Base of the errors that MCOS itself reports."""

    code = "internal_error"


class InvalidRequest(McosError):
    """The request breaks a rule of the API; nothing was changed."""


class InvalidName(InvalidRequest):
    code = "invalid_name"


class UnsafePath(InvalidRequest):
    """The gateway may have changed the name in the path."""

    code = "unsafe_path"


class InvalidMetadata(InvalidRequest):
    code = "invalid_metadata"


class InvalidHeader(InvalidRequest):
    code = "invalid_header"


class InvalidQuery(InvalidRequest):
    code = "invalid_query"


class InvalidBody(InvalidRequest):
    code = "invalid_body"


class UnsafeTextBody(InvalidRequest):
    """The gateway delivered the body as text and may have replaced some of its bytes."""

    code = "unsafe_text_body"


class DigestMismatch(InvalidRequest):
    code = "digest_mismatch"


class UnknownStoragePolicy(InvalidRequest):
    code = "unknown_storage_policy"


class ContentTooLarge(InvalidRequest):
    code = "content_too_large"


class NotAuthenticated(McosError):
    """The caller did not prove their identity."""


class InvalidCredentials(NotAuthenticated):
    code = "invalid_credentials"


class TooManyAttempts(McosError):
    """Too many wrong passwords came before; this one was not looked at.

    Attributes
    ----------
    retry_after
        Seconds.
    """

    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Too many wrong passwords: try again in {retry_after} s, or from another address."
        )
        self.retry_after = retry_after


class TooManyRequests(McosError):
    """The account has written more than its rate allows; nothing was changed.

    Attributes
    ----------
    retry_after
        Seconds.
    """

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"The account has written too much: try again in {retry_after} s.")
        self.retry_after = retry_after


class QuotaExceeded(McosError):
    """The account has not so much left of its quota; nothing was changed.

    Attributes
    ----------
    quota
        Of what: ``bytes``, ``objects`` or ``uploads``.
    left
        How much is left of it.
    """

    code = "quota_exceeded"

    def __init__(self, quota: str, left: int) -> None:
        super().__init__(
            f"The account's quota has {left} {quota} left. What was deleted counts until it is "
            "removed, and uploads from their beginning."
        )
        self.quota = quota
        self.left = left


class TokenMissing(NotAuthenticated):
    code = "token_missing"


class TokenInvalid(NotAuthenticated):
    code = "token_invalid"


class TokenExpired(NotAuthenticated):
    code = "token_expired"


class TokenRevoked(NotAuthenticated):
    """The account was disabled, or got a new password, after the token was issued."""

    code = "token_revoked"


class NotPermitted(McosError):
    """The caller is known but must not make this call."""

    code = "not_permitted"


class NotFound(McosError):
    code = "not_found"


class ContainerNotFound(NotFound):
    code = "container_not_found"


class ObjectNotFound(NotFound):
    code = "object_not_found"


class ClusterNotFound(NotFound):
    code = "cluster_not_found"


class PolicyNotFound(NotFound):
    code = "policy_not_found"


class AccountNotFound(NotFound):
    code = "account_not_found"


class JobNotFound(NotFound):
    code = "job_not_found"


class UploadNotFound(NotFound):
    code = "upload_not_found"


class ShareNotFound(NotFound):
    code = "share_not_found"


class Conflict(McosError):
    """The current state forbids the request, or a race was lost; trying again may succeed."""

    code = "conflict"


class CatalogUnavailable(McosError):
    """The catalog cannot be read or written now; nothing was changed."""

    code = "catalog_unavailable"


class OutcomeUnknown(McosError):
    """The write that accepts a change had no reply, and reading does not show its outcome.

    The change may have been accepted, and superseded since. It is not accepted a second time.
    """

    code = "outcome_unknown"


class ObjectExists(Conflict):
    code = "object_exists"


class Retained(Conflict):
    """The object may not be deleted or replaced yet.

    Attributes
    ----------
    retained_until
        RFC 3339.
    """

    code = "retained"

    def __init__(self, retained_until: str) -> None:
        super().__init__(f"The object is retained until {retained_until}.")
        self.retained_until = retained_until


class ContainerNotEmpty(Conflict):
    code = "container_not_empty"


class UploadIncomplete(Conflict):
    """Not all content has been received."""

    code = "upload_incomplete"


class UploadTaken(Conflict):
    """The upload is already a version of its object."""

    code = "upload_taken"


class Superseded(Conflict):
    """A later update of the same object was accepted, and its content wins."""

    code = "superseded"


class ObjectNotReady(Conflict):
    """Too few replicas are stored for the object to be read."""

    code = "object_not_ready"


class PolicyUnmet(Conflict):
    """The linked clusters could not meet a storage policy."""

    code = "policy_unmet"


class PolicyInUse(Conflict):
    code = "policy_in_use"


class ClusterInUse(Conflict):
    """The cluster may hold replicas."""

    code = "cluster_in_use"


class AccountExists(Conflict):
    code = "account_exists"


class LastAdmin(Conflict):
    """The change would leave no enabled admin."""

    code = "last_admin"


class PreconditionFailed(McosError):
    code = "precondition_failed"


class RangeNotSatisfiable(McosError):
    """The range begins after the last byte.

    Attributes
    ----------
    size
        The object's length in bytes.
    """

    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"The range must begin before the object's end, at {size} bytes.")
        self.size = size


class Unavailable(McosError):
    """The request cannot be done now; nothing was kept, and a later try may succeed."""


class NotEnoughClusters(Unavailable):
    code = "not_enough_clusters"


class ReplicationFailed(Unavailable):
    code = "replication_failed"


class Busy(McosError):
    """AWS turns calls away, as there are too many.

    A call that only reads did nothing; of a change this says whether it was accepted as little as
    an unforeseen error, unless whoever raises it knows.
    """

    code = "busy"


class ReplicasUnavailable(Unavailable):
    """No replica of the object could be read."""

    code = "replicas_unavailable"
