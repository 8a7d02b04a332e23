"""Requests that schemathesis makes from the OpenAPI document, each reply checked against it."""

import re
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.functional.api.conftest import CLUSTERS, Account, AccountFactory
from tests.support.effort import examples
from tests.support.openapi import DOCUMENT

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
WITH_TOKENS: list[CheckFunction] = [*CHECKS, ignored_auth]
"""Each request is made again without a token and with a wrong one; that no call is answered so is
also in ``test_bad_input.py``."""


_LOST = re.compile("%(0A|25|3F)|%(?![0-9A-Fa-f]{2})|[\n?]")

# Who logs out has no token for what comes after: see test_sessions.py.
document = schemathesis.openapi.from_path(DOCUMENT).exclude(operation_id="logout")


@document.hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Let every other request meet a container that is there, and every request its route.

    An HTTP API cuts a path at a question mark, answers itself to a percent sign, and may find no
    greedy route for a path with a line feed.
    """
    if not path_parameters:
        return path_parameters
    mapped = {name: _LOST.sub("_", str(value)) for name, value in path_parameters.items()}
    if len(mapped.get("container", "")) % 2:
        assert context.operation is not None
        exact = context.operation.path.startswith("/v1/exact/")
        mapped["container"] = "MA" if exact else "0"
    return mapped


@pytest.fixture(scope="module")
def caller(new_account: AccountFactory) -> Account:
    """An account of its own: what schemathesis makes up is not for others to stumble over."""
    account = new_account()
    with account.client() as client:
        client.create_container("0")
        client.create_object("0", "0", b"content", prefer="wait=25")
    return account


@document.parametrize()
@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
def test_every_reply_is_one_that_the_document_allows(
    case: schemathesis.Case, caller: Account
) -> None:
    """Of each operation, at one entry point or another."""
    at = CLUSTERS[crc32(case.operation.label.encode()) % len(CLUSTERS)]
    _validate(case, caller, at, CHECKS)


@pytest.mark.long
@document.parametrize()
@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
def test_every_reply_is_so_at_every_entry_point(
    case: schemathesis.Case, caller: Account, cluster: str
) -> None:
    _validate(case, caller, cluster, WITH_TOKENS)


def _validate(
    case: schemathesis.Case, caller: Account, cluster: str, checks: list[CheckFunction]
) -> None:
    case.call_and_validate(
        base_url=caller.endpoints[cluster],
        headers={"Authorization": f"Bearer {caller.token}"},
        checks=checks,
        timeout=90,
    )
