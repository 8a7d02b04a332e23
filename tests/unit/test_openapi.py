"""The OpenAPI document is valid, and says what the rest of the project relies on."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

METHODS = {"get", "put", "post", "delete", "head"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    text = (Path(__file__).parents[2] / "openapi.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_the_routes_are_those_of_the_ten_calls(document: dict[str, Any]) -> None:
    object_path = "/v1/containers/{container}/objects/{object}"
    routes = {key: one["x-mcos-function"] for key, one in operations(document).items()}
    assert routes == {
        ("post", "/v1/login"): "login",
        ("get", "/v1/containers"): "list_container",
        ("put", "/v1/containers/{container}"): "create_container",
        ("delete", "/v1/containers/{container}"): "delete_container",
        ("get", "/v1/containers/{container}/objects"): "list_object",
        ("post", object_path): "create_object",
        ("put", object_path): "update_object",
        ("head", object_path): "stat_object",
        ("get", object_path): "download_object",
        ("delete", object_path): "delete_object",
        ("get", "/v1/containers/{container}/stat/{object}"): "stat_object",
    }


def test_only_login_needs_no_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"bearerAuth": []}]
    own = {
        one["operationId"]: one["security"]
        for one in operations(document).values()
        if "security" in one
    }
    assert own == {"login": []}


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    components = document["components"]["responses"]
    for (method, path), operation in operations(document).items():
        for status, reply in operation["responses"].items():
            if "$ref" in reply:
                reply = components[reply["$ref"].rpartition("/")[2]]
            if int(status) >= 400 and method != "head":
                assert set(reply["content"]) == {"application/problem+json"}, (path, status)


def test_every_code_of_a_problem_is_used(document: dict[str, Any]) -> None:
    def codes(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(codes, node))
        if not isinstance(node, dict):
            return set()
        own = node.get("code", {})
        named = set(own.get("enum", [])) if isinstance(own, dict) else set()
        return named.union(*map(codes, node.values()))

    schemas = document["components"]["schemas"]
    replies = [document["paths"], document["components"]["responses"]]
    assert codes(replies) == set(schemas["ProblemCode"]["enum"])
