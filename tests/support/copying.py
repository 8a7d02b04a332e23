"""Copies between objects, as users ask for them."""

import json
from typing import Any

from tests.support.gateway import Reply
from tests.support.paths import copy_path
from tests.support.user import User

JSON = {"content-type": "application/json"}


def copy(
    user: User,
    source: str,
    target: str,
    sent: dict[str, str] | None = None,
    *,
    method: str = "POST",
    into: str = "photos",
    query: str = "",
    at: str = "s3",
    only: dict[str, str] | None = None,
    **change: Any,
) -> Reply:
    """Copy an object of ``photos``.

    Parameters
    ----------
    sent
        Headers of the request.
    only
        Conditions of the source: ``version``, ``if_match``.
    change
        What the copy's description has different.
    """
    body = {"source": {"container": "photos", "object": source, **(only or {})}, **change}
    path = copy_path(into, target) + query
    return user.call(method, path, json.dumps(body).encode(), {**JSON, **(sent or {})}, at)
