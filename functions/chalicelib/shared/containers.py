"""Containers in requests (``X-Retention-Days``) and in replies (JSON)."""

import re
from typing import Any

from chalicelib.shared.http import Request
from mcos import limits
from mcos.errors import InvalidHeader
from mcos.model.objects import Container


def read_retention_days(request: Request) -> int:
    """Return the retention in a request, 0 if there is none.

    Raises
    ------
    InvalidHeader
    """
    text = request.headers.get("x-retention-days", "0")
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > limits.RETENTION_DAYS:
        raise InvalidHeader(
            f"X-Retention-Days must be a number between 0 and {limits.RETENTION_DAYS}."
        )
    return int(text)


def describe(container: Container) -> dict[str, Any]:
    """Return a container as JSON."""
    return {
        "name": container.name,
        "created_at": container.created_at,
        "storage_policy": container.storage_policy,
        "retention_days": container.retention_days,
    }
