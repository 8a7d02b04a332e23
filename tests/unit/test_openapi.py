"""The OpenAPI document is valid, and says what the rest of the project relies on."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from mcos import limits
from mcos.model.clusters import ClusterState
from mcos.model.quotas import FIELDS as QUOTA_FIELDS
from mcos.model.scrub import Leg
from mcos.storage import BACKEND_KINDS
from tests.support import openapi

ADMIN = "/v1/admin/"
EXACT = "/v1/exact/"
METHODS = {"get", "put", "post", "patch", "delete", "head"}


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi.document()


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def routes(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {key: one["x-mcos-function"] for key, one in operations(document).items()}


def test_the_users_routes_are_those_of_the_ten_calls_and_what_belongs_to_them(
    document: dict[str, Any],
) -> None:
    object_path = "/v1/containers/{container}/objects/{object}"
    found = routes(document)
    assert {key: one for key, one in found.items() if not key[1].startswith((ADMIN, EXACT))} == {
        ("get", "/v1/health"): "health",
        ("post", "/v1/login"): "login",
        ("post", "/v1/token"): "login",
        ("post", "/v1/logout"): "login",
        ("put", "/v1/password"): "login",
        ("get", "/v1/account"): "list_container",
        ("get", "/v1/containers"): "list_container",
        ("put", "/v1/containers/{container}"): "create_container",
        ("delete", "/v1/containers/{container}"): "delete_container",
        ("get", "/v1/containers/{container}/objects"): "list_object",
        ("post", object_path): "create_object",
        ("put", object_path): "update_object",
        ("patch", object_path): "update_object",
        ("head", object_path): "stat_object",
        ("get", object_path): "download_object",
        ("delete", object_path): "delete_object",
        ("get", "/v1/containers/{container}/stat/{object}"): "stat_object",
        ("post", "/v1/containers/{container}/copy/{object}"): "create_object",
        ("put", "/v1/containers/{container}/copy/{object}"): "update_object",
        ("get", "/v1/containers/{container}/placement/{object}"): "locate_object",
        ("get", "/v1/containers/{container}/deleted"): "deleted",
        ("post", "/v1/containers/{container}/undelete/{object}"): "deleted",
        ("get", "/v1/shares"): "shares",
        ("post", "/v1/shares"): "shares",
        ("delete", "/v1/shares/{share}"): "shares",
        ("get", "/v1/shared/{link}"): "download_shared",
        ("get", "/v1/uploads"): "uploads",
        ("post", "/v1/uploads"): "uploads",
        ("get", "/v1/uploads/{upload}"): "uploads",
        ("delete", "/v1/uploads/{upload}"): "uploads",
        ("post", "/v1/uploads/{upload}/complete"): "uploads",
    }


def test_the_operators_routes_are_one_function_a_resource(document: dict[str, Any]) -> None:
    clusters, policies, accounts, jobs = (
        f"{ADMIN}{resource}" for resource in ("clusters", "policies", "accounts", "jobs")
    )
    found = routes(document)
    assert {key: one for key, one in found.items() if key[1].startswith(ADMIN)} == {
        ("get", clusters): "admin_clusters",
        ("put", f"{clusters}/{{cluster}}"): "admin_clusters",
        ("patch", f"{clusters}/{{cluster}}"): "admin_clusters",
        ("delete", f"{clusters}/{{cluster}}"): "admin_clusters",
        ("post", f"{clusters}/{{cluster}}/drain"): "admin_clusters",
        ("post", f"{clusters}/{{cluster}}/lose"): "admin_clusters",
        ("get", f"{clusters}/{{cluster}}/scrub"): "admin_scrub",
        ("post", f"{clusters}/{{cluster}}/scrub"): "admin_scrub",
        ("delete", f"{clusters}/{{cluster}}/scrub"): "admin_scrub",
        ("post", f"{ADMIN}objects/verify"): "admin_objects",
        ("post", f"{ADMIN}objects/repair"): "admin_objects",
        ("get", policies): "admin_policies",
        ("put", f"{policies}/{{policy}}"): "admin_policies",
        ("delete", f"{policies}/{{policy}}"): "admin_policies",
        ("get", accounts): "admin_accounts",
        ("put", f"{accounts}/{{account}}"): "admin_accounts",
        ("patch", f"{accounts}/{{account}}"): "admin_accounts",
        ("get", jobs): "admin_jobs",
        ("post", jobs): "admin_jobs",
        ("get", f"{jobs}/{{job}}"): "admin_jobs",
        ("post", f"{jobs}/{{job}}/stop"): "admin_jobs",
        ("post", f"{ADMIN}deleted/{{account}}/{{container}}/{{object}}"): "admin_deleted",
        ("delete", f"{ADMIN}deleted/{{account}}/{{container}}/{{object}}"): "admin_deleted",
        ("get", f"{ADMIN}status"): "admin_status",
    }


def test_every_call_with_names_of_users_in_its_path_has_an_exact_path(
    document: dict[str, Any],
) -> None:
    found = operations(document)
    plain = {
        key: one
        for key, one in found.items()
        if re.search("{(container|object)}", key[1]) and not key[1].startswith(EXACT)
    }
    exact = {key: one for key, one in found.items() if key[1].startswith(EXACT)}
    assert {(method, path.replace(EXACT, "/v1/")) for method, path in exact} == plain.keys()
    for (method, path), one in exact.items():
        other = plain[method, path.replace(EXACT, "/v1/")]
        assert one == {**other, "operationId": f"exact_{other['operationId']}"}
        named = [each["$ref"].rpartition("/")[2] for each in document["paths"][path]["parameters"]]
        assert named == [f"exact_{name}" for name in re.findall("{(.*?)}", path)]


def test_every_operators_call_says_that_it_is_for_admins(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        refused = operation["responses"].get("403")
        wanted = {"$ref": "#/components/responses/NotPermitted"}
        is_operators = path.replace(EXACT, "/v1/").startswith(ADMIN)
        assert (refused == wanted) is is_operators, path


def test_what_brings_content_may_be_above_a_quota_and_nothing_else(
    document: dict[str, Any],
) -> None:
    found = {
        operation["operationId"].removeprefix("exact_"): {
            status
            for status, response in operation["responses"].items()
            if response.get("$ref", "").endswith(("/QuotaExceeded", "/TooManyRequests"))
        }
        for operation in operations(document).values()
    }
    assert {call: statuses for call, statuses in found.items() if statuses} == {
        "create_object": {"403", "429"},
        "update_object": {"403", "429"},
        "create_by_copy": {"403", "429"},
        "update_by_copy": {"403", "429"},
        "update_metadata": {"429"},
        "begin_upload": {"403", "429"},
        "stat_upload": {"403"},  # it gives URLs for more
        "complete_upload": {"403"},
    }


def test_the_names_of_path_parameters_are_such_as_terraform_and_no_route_know(
    document: dict[str, Any],
) -> None:
    for path in document["paths"]:
        for name in re.findall(r"\{(.*?)\}", path):
            assert re.fullmatch("[a-z]+", name), path


def test_the_limits_are_those_of_the_library(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Password"]["maxLength"] == limits.PASSWORD_CHARACTERS
    assert schemas["Password"]["minLength"] == limits.PASSWORD_CHARACTERS_MIN
    assert schemas["PolicyName"]["pattern"] == f"^[a-z0-9-]{{1,{limits.POLICY_NAME_LENGTH}}}$"
    assert schemas["UserName"]["pattern"] == f"^[A-Za-z0-9._@-]{{1,{limits.USER_NAME_LENGTH}}}$"
    rate, weight, labels = schemas["JobRate"], schemas["Weight"], schemas["Labels"]
    assert (rate["minimum"], rate["maximum"]) == (limits.JOB_RATE_MIN, limits.JOB_RATE_MAX)
    assert rate["default"] == limits.JOB_RATE
    assert (weight["minimum"], weight["maximum"]) == (0, limits.WEIGHT_MAX)
    assert labels["maxProperties"] == limits.LABELS
    assert labels["propertyNames"]["maxLength"] == limits.LABEL_NAME_LENGTH
    assert labels["additionalProperties"]["maxLength"] == limits.LABEL_VALUE_LENGTH
    stat = document["paths"]["/v1/containers/{container}/stat/{object}"]["get"]
    (wait,) = stat["parameters"]
    seconds = (wait["schema"]["minimum"], wait["schema"]["maximum"])
    assert seconds == (limits.WAIT_SECONDS_MIN, limits.WAIT_SECONDS_MAX)
    rule = schemas["PolicyRule"]["properties"]
    assert rule["parts"]["maxItems"] == limits.POLICY_PARTS
    assert rule["readable"]["maximum"] == limits.POLICY_REPLICAS
    assert schemas["ClusterText"]["maxLength"] == limits.CLUSTER_TEXT_LENGTH
    assert set(schemas["ClusterRow"]["properties"]["backend"]["enum"]) == set(BACKEND_KINDS)
    quota = schemas["Quota"]["properties"]
    assert set(quota) == set(QUOTA_FIELDS)
    assert {one["maximum"] for one in quota.values()} == {limits.QUOTA_MAX}
    assert quota["writes_per_second"]["minimum"] == limits.QUOTA_RATE_MIN
    assert f"up to {limits.REGISTRY_AGE_SECONDS} seconds" in " ".join(
        document["components"]["responses"]["TokenRefused"]["description"].split()
    )


def test_a_scrub_goes_through_the_legs_of_the_library(document: dict[str, Any]) -> None:
    legs = document["components"]["schemas"]["Scrub"]["properties"]["leg"]["enum"]
    assert legs == [*(one.value for one in Leg), None]


def test_the_states_of_clusters_are_those_of_the_library(document: dict[str, Any]) -> None:
    states = document["components"]["schemas"]["ClusterState"]["enum"]
    assert set(states) == {one.value for one in ClusterState}


def test_only_login_health_and_links_need_no_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"bearerAuth": []}]
    own = {
        one["operationId"]: one["security"]
        for one in operations(document).values()
        if "security" in one
    }
    assert own == {"health": [], "login": [], "download_shared": []}


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
