"""Whatever has no route is told whether the path or the method is not there."""

import json
import re
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import no_route
from tests.support.events import event
from tests.support.gateway import routes, routes_variable
from tests.support.stateful.strategies import container_names, object_names

ALLOWED = {
    "/v1/login": "POST",
    "/v1/containers": "GET",
    "/v1/containers/c": "DELETE, PUT",
    "/v1/containers/c/objects": "GET",
    "/v1/containers/c/objects/a": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "/v1/containers/c/objects//": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "/v1/containers/c/objects/a/b\nc": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "/v1/containers/c/stat/a/../b": "GET",
    "/v1/containers/c/placement/a/b": "GET",
    "/v1/admin/clusters": "GET",
    "/v1/admin/clusters/c": "DELETE, PATCH, PUT",
    "/v1/admin/clusters/c/drain": "POST",
    "/v1/admin/policies/p": "DELETE, PUT",
    "/v1/admin/accounts/ada": "PATCH, PUT",
    "/v1/admin/jobs": "GET, POST",
    "/v1/admin/jobs/j/stop": "POST",
}


@pytest.fixture(autouse=True)
def known_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCOS_ROUTES", routes_variable())
    no_route._routes.cache_clear()


def answer(method: str, path: str) -> dict[str, Any]:
    return no_route.handle(event(method, path), None)


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_a_path_that_is_there_says_which_methods_it_has(path: str, allowed: str) -> None:
    reply = answer("OPTIONS", path)
    assert (reply["statusCode"], reply["headers"]["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/",
        "/v2/login",
        "/v1/login/",
        "/v1/logins",
        "/v1/containers/",
        "/v1/containers/c/",
        "/v1/containers/c/objects/",
        "/v1/containers/c/other/a",
        "/v1/containers//objects/a",
        "x/v1/login",
    ],
)
def test_a_path_that_is_not_there_is_not_found(path: str) -> None:
    assert answer("GET", path)["statusCode"] == 404


@given(container_names(), object_names())
def test_every_object_has_the_methods_of_objects(container: str, name: str) -> None:
    reply = answer("OPTIONS", f"/v1/containers/{container}/objects/{name}")
    assert reply["statusCode"] == 405


@given(st.text(max_size=30))
def test_any_path_gets_an_answer(path: str) -> None:
    assert answer("GET", path)["statusCode"] in (400, 404, 405)


def test_a_path_that_has_the_method_and_no_route_is_refused_as_it_is_written() -> None:
    reply = answer("POST", "/v1/containers/c/objects/a\nb")
    assert reply["statusCode"] == 400
    assert json.loads(b64decode(reply["body"]))["code"] == "unsafe_path"


def test_the_reply_to_a_head_has_no_body() -> None:
    assert "body" not in answer("HEAD", "/v1/nowhere")


def test_every_route_of_the_document_is_known() -> None:
    for one in routes():
        path = re.sub("{[a-z]+}", "x", one.template)
        reply = answer("OPTIONS", path)
        assert one.method in reply["headers"]["Allow"].split(", ")
        assert json.loads(routes_variable())[one.template]
