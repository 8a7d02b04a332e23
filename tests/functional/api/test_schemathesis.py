"""Requests that schemathesis makes from the OpenAPI document, each reply checked against it."""

from typing import Any

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

from tests.functional.api.conftest import Account, AccountFactory
from tests.support.contract import DOCUMENT

EXAMPLES = 15
"""Of each operation at each entry point."""

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]


document = schemathesis.openapi.from_path(DOCUMENT)


@document.hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Let every other request meet a container that is there, and every request its route.

    The emulator's gateway finds no greedy route for a path that holds a line feed.
    """
    if not path_parameters:
        return path_parameters
    mapped = {
        name: str(value).replace("\n", "_").replace("%0A", "_")
        for name, value in path_parameters.items()
    }
    if len(mapped.get("container", "")) % 2:
        mapped["container"] = "0"
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
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_reply_is_one_that_the_document_allows(
    case: schemathesis.Case, caller: Account, cluster: str
) -> None:
    case.call_and_validate(
        base_url=caller.endpoints[cluster],
        headers={"Authorization": f"Bearer {caller.token}"},
        checks=CHECKS,
        timeout=35,
    )
