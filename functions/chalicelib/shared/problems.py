"""The one table that turns errors into HTTP replies: problem+json (RFC 9457)."""

import json
from dataclasses import dataclass

from chalicelib.shared.http import Response
from mcos.errors import McosError, QuotaExceeded, RangeNotSatisfiable, Retained


class NoSuchPath(McosError):
    """The API has no such path."""

    code = "not_found"


class MethodNotAllowed(McosError):
    """The path does not have the method.

    Attributes
    ----------
    allowed
        The methods of the path.
    """

    code = "method_not_allowed"

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(f"The method must be one of {', '.join(allowed)}.")
        self.allowed = allowed


@dataclass(frozen=True)
class _Kind:
    status: int
    title: str
    retry_after: int | None = None


_KINDS = {
    "invalid_name": _Kind(400, "Invalid name"),
    "unsafe_path": _Kind(400, "Path not safe for this name"),
    "invalid_metadata": _Kind(400, "Invalid metadata"),
    "invalid_header": _Kind(400, "Invalid header"),
    "invalid_query": _Kind(400, "Invalid query parameter"),
    "invalid_body": _Kind(400, "Invalid body"),
    "unsafe_text_body": _Kind(400, "Body not safe as text"),
    "digest_mismatch": _Kind(400, "Digest mismatch"),
    "unknown_storage_policy": _Kind(400, "Unknown storage policy"),
    "invalid_credentials": _Kind(401, "Invalid credentials"),
    "token_missing": _Kind(401, "Token missing"),
    "token_invalid": _Kind(401, "Token invalid"),
    "token_expired": _Kind(401, "Token expired"),
    "token_revoked": _Kind(401, "Token revoked"),
    "not_permitted": _Kind(403, "Not permitted"),
    "quota_exceeded": _Kind(403, "Quota exceeded"),
    "not_found": _Kind(404, "No such path"),
    "container_not_found": _Kind(404, "No such container"),
    "object_not_found": _Kind(404, "No such object"),
    "cluster_not_found": _Kind(404, "No such cluster"),
    "policy_not_found": _Kind(404, "No such storage policy"),
    "account_not_found": _Kind(404, "No such account"),
    "job_not_found": _Kind(404, "No such job"),
    "upload_not_found": _Kind(404, "No such upload"),
    "share_not_found": _Kind(404, "No such share"),
    "method_not_allowed": _Kind(405, "Method not allowed"),
    "conflict": _Kind(409, "Conflict", retry_after=1),
    "retained": _Kind(409, "Retained"),
    "object_exists": _Kind(409, "Object exists"),
    "container_not_empty": _Kind(409, "Container not empty"),
    "superseded": _Kind(409, "Superseded"),
    "object_not_ready": _Kind(409, "Object not ready", retry_after=1),
    "upload_incomplete": _Kind(409, "Upload incomplete"),
    "upload_taken": _Kind(409, "Upload taken"),
    "policy_unmet": _Kind(409, "Storage policy cannot be met"),
    "policy_in_use": _Kind(409, "Storage policy in use"),
    "cluster_in_use": _Kind(409, "Cluster in use"),
    "account_exists": _Kind(409, "Account exists"),
    "last_admin": _Kind(409, "Last admin"),
    "precondition_failed": _Kind(412, "Precondition failed"),
    "content_too_large": _Kind(413, "Content too large"),
    "range_not_satisfiable": _Kind(416, "Range not satisfiable"),
    "too_many_attempts": _Kind(429, "Too many attempts"),
    "too_many_requests": _Kind(429, "Too many requests"),
    "internal_error": _Kind(500, "Internal error"),
    "catalog_unavailable": _Kind(503, "Catalog unavailable", retry_after=5),
    "outcome_unknown": _Kind(503, "Outcome unknown"),  # no word of trying again: look first
    "replication_failed": _Kind(503, "Replication failed", retry_after=5),
    "not_enough_clusters": _Kind(503, "Not enough clusters", retry_after=30),
    "replicas_unavailable": _Kind(503, "Replicas unavailable", retry_after=5),
    "busy": _Kind(503, "Busy", retry_after=1),
}

_UNFORESEEN = "An unexpected error occurred; the logs have it under the request id."


def problem(error: Exception, request_id: str) -> Response:
    """Return the reply for an error; for an unexpected one it does not reveal the cause."""
    known = isinstance(error, McosError)
    code = error.code if isinstance(error, McosError) else "internal_error"
    kind = _KINDS[code]
    body = {
        "type": f"urn:mcos:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": str(error) if known else _UNFORESEEN,
        "code": code,
        "request_id": request_id,
    }
    if isinstance(error, Retained):
        body["retained_until"] = error.retained_until
    if isinstance(error, QuotaExceeded):
        body |= {"quota": error.quota, "left": error.left}
    headers = {"Content-Type": "application/problem+json"}
    retry_after = getattr(error, "retry_after", kind.retry_after)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    return Response(kind.status, headers, json.dumps(body).encode())
