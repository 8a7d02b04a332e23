"""Failures, one class for each meaning.

Every refusal of the API carries a stable ``code``; the class with that ``code`` is raised. Catch
a group (``NotFound``, ``Conflict``, ...) or one class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import httpx


class McosError(Exception):
    """Base of all errors of this package.

    Attributes
    ----------
    code
        The API's stable name of the problem; None if it is not from a reply of the API.
    status
        HTTP status, if there was a reply.
    problem
        The reply's problem details (RFC 9457), empty if there are none.
    retry_after
        Seconds after which another try makes sense, if the API says so.
    """

    code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        problem: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = dict(problem or {})
        self.retry_after = retry_after


class Unreachable(McosError):
    """No reply came; the request may or may not have been done."""


class NotSent(Unreachable):
    """No connection could be made: nothing was sent, so nothing was done."""


class ReplyMixedUp(Unreachable):
    """The reply that came answers another request; this one may or may not have been done."""


class StorageUnreachable(Unreachable):
    """No reply came from a storage service, or not all of it."""


class UnexpectedReply(McosError):
    """A reply that is not in the API, from a gateway for instance."""


class NotUsable(McosError):
    """What the client was given, or its environment, does not let it send anything."""


class InvalidEntryPoint(NotUsable, ValueError):
    """An entry point must be the URL of a web server."""


class ClientClosed(NotUsable):
    """The client was closed."""


class ContentCorrupted(McosError):
    """The bytes that came do not have the digest that the reply names."""


class NotModified(McosError):
    """The object still has the ETag that ``if_none_match`` names."""


class NotSettled(McosError, TimeoutError):
    """The object was still under way when the time to wait was over."""


class ObjectFailed(McosError):
    """The object is FAILED: nothing is stored."""


class ObjectChanged(McosError):
    """Another version replaced the one that was being read."""


class SourceChanged(McosError):
    """The content changed while it was read; nothing was stored."""


class StorageRefused(McosError):
    """A storage service refused a signed URL."""


class TransferStopped(McosError):
    """``stop_transfers`` was called."""


class InvalidRequest(McosError):
    """The request breaks a rule of the API; nothing was changed."""


class InvalidName(InvalidRequest):
    code = "invalid_name"


class UnsafePath(InvalidRequest):
    """A gateway may have changed the name in the path: a plain path cannot carry it exactly."""

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
    code = "unsafe_text_body"


class DigestMismatch(InvalidRequest):
    code = "digest_mismatch"


class UnknownStoragePolicy(InvalidRequest):
    code = "unknown_storage_policy"


class ContentTooLarge(InvalidRequest):
    code = "content_too_large"


class RangeNotSatisfiable(InvalidRequest):
    code = "range_not_satisfiable"


class MethodNotAllowed(InvalidRequest):
    code = "method_not_allowed"


class NotAuthenticated(McosError):
    """The API does not know the user."""


class InvalidCredentials(NotAuthenticated):
    code = "invalid_credentials"


class TokenMissing(NotAuthenticated):
    code = "token_missing"


class TokenInvalid(NotAuthenticated):
    code = "token_invalid"


class TokenExpired(NotAuthenticated):
    code = "token_expired"


class TokenRevoked(NotAuthenticated):
    """The account was disabled, or got a new password, after the token was given out."""

    code = "token_revoked"


class QuotaExceeded(McosError):
    """The account has too little left of its quota; ``problem`` has ``quota`` and ``left``."""

    code = "quota_exceeded"


class NotPermitted(McosError):
    """The user is known, and may not make the call."""

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
    """The upload does not exist (any more): it ends at ``expires_at``."""

    code = "upload_not_found"


class ShareNotFound(NotFound):
    """There is no such share, or it has expired or was ended."""

    code = "share_not_found"


class Conflict(McosError):
    """The object's or container's state forbids it, or a race was lost."""

    code = "conflict"


class ObjectExists(Conflict):
    code = "object_exists"


class Retained(Conflict):
    """The object can be neither deleted nor replaced yet; ``problem`` has ``retained_until``."""

    code = "retained"


class ContainerNotEmpty(Conflict):
    code = "container_not_empty"


class Superseded(Conflict):
    """A later update of the same object won."""

    code = "superseded"


class ObjectNotReady(Conflict):
    code = "object_not_ready"


class PolicyUnmet(Conflict):
    """The linked clusters could not meet a storage policy."""

    code = "policy_unmet"


class PolicyInUse(Conflict):
    code = "policy_in_use"


class ClusterInUse(Conflict):
    """The cluster holds replicas, or may."""

    code = "cluster_in_use"


class AccountExists(Conflict):
    code = "account_exists"


class LastAdmin(Conflict):
    """There would be no enabled admin any more."""

    code = "last_admin"


class UploadIncomplete(Conflict):
    """Parts are missing."""

    code = "upload_incomplete"


class UploadTaken(Conflict):
    """The upload is an object already."""

    code = "upload_taken"


class PreconditionFailed(McosError):
    code = "precondition_failed"


class Unavailable(McosError):
    """It cannot be done now; a later try may succeed."""


class CatalogUnavailable(Unavailable):
    """The catalog does not answer at this entry point; nothing was changed."""

    code = "catalog_unavailable"


class ReplicationFailed(Unavailable):
    code = "replication_failed"


class OutcomeUnknown(Unavailable):
    """It is not known whether the change was accepted."""

    code = "outcome_unknown"


class TooManyAttempts(Unavailable):
    """Too many wrong passwords came before; ``retry_after`` says when the next may come."""

    code = "too_many_attempts"


class TooManyRequests(Unavailable):
    """The account has written more than its rate allows; ``retry_after`` says when it may again."""

    code = "too_many_requests"


class NotEnoughClusters(Unavailable):
    code = "not_enough_clusters"


class Busy(Unavailable):
    """AWS turns calls away; with ``retry_after``, nothing was done."""

    code = "busy"


class ReplicasUnavailable(Unavailable):
    code = "replicas_unavailable"


class InternalError(McosError):
    code = "internal_error"


def _with_code(base: type[McosError]) -> Iterator[tuple[str, type[McosError]]]:
    if "code" in vars(base) and base.code is not None:
        yield base.code, base
    for derived in base.__subclasses__():
        yield from _with_code(derived)


BY_CODE: Mapping[str, type[McosError]] = dict(_with_code(McosError))
"""The exception class of every ``code`` of the API."""


def error_of(response: httpx.Response) -> McosError:
    """Make the exception of a reply with 4xx or 5xx."""
    problem = _problem_of(response)
    # A gateway's own replies have no code.
    without_code = ContentTooLarge if response.status_code == 413 else UnexpectedReply
    kind = BY_CODE.get(str(problem.get("code")), without_code)
    told = problem.get("detail") or problem.get("title") or problem.get("message")
    message = told or f"HTTP {response.status_code}"
    return kind(
        str(message),
        status=response.status_code,
        problem=problem,
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def _problem_of(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
