"""A name in a path arrives as it was sent, or is refused: whatever a gateway does to paths."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.shared import paths
from chalicelib.shared.http import Request
from mcos.errors import InvalidName, UnsafePath
from mcos.model.names import check_container_name, check_object_name
from tests.support.gateway import routes
from tests.support.gateways import (
    GATEWAYS,
    Gateway,
    decoding_all_but_percent,
    decoding_nothing,
    decoding_once,
    event_through,
    http_api_of_aws,
)
from tests.support.paths import object_path, plain_object_path
from tests.support.stateful.strategies import container_names, object_names

NAMES = ["a?b", "%2F", "%62", "100%", "a//b", "a/../b", "a/", "/", "..", "a+b", "a;b", "a#b", "\n"]


@pytest.fixture(scope="module", autouse=True)
def known_routes() -> None:
    """They are read from the document once, which takes longer than all examples."""
    routes()


def arrived(gateway: Gateway, path: str) -> tuple[str, str] | None:
    """The container and the object that a function takes a path for; None: it is refused."""
    event: Any = event_through(gateway, "GET", path)
    if event is None or not event["pathParameters"]:
        return None
    request = Request(event)
    try:
        container, name = request.name("container"), request.name("object")
        return check_container_name(container), check_object_name(name)
    except (InvalidName, UnsafePath):
        return None


@given(st.sampled_from(GATEWAYS), container_names(), object_names())
@example(http_api_of_aws, "100%", "a?b")
@example(http_api_of_aws, "c", "\n")
def test_an_exact_path_arrives_as_it_was_sent_through_every_gateway(
    gateway: Gateway, container: str, name: str
) -> None:
    assert arrived(gateway, object_path(container, name)) == (container, name)


@given(st.sampled_from(GATEWAYS), container_names(), object_names())
def test_a_plain_name_in_a_plain_path_is_taken_for_no_other_by_any_gateway(
    gateway: Gateway, container: str, name: str
) -> None:
    if paths.is_plain(container) and paths.is_plain(name):
        found = arrived(gateway, plain_object_path(container, name))
        assert found in (None, (container, name))


@given(st.sampled_from(GATEWAYS))
def test_a_name_that_needs_no_escape_arrives_through_every_gateway(gateway: Gateway) -> None:
    name = "holiday/2026-07_Paris~1.jpg"
    assert arrived(gateway, plain_object_path("photos", name)) == ("photos", name)


@pytest.mark.parametrize("name", ["Ein Bild.jpg", "grüße/日本", "a=b,c:d@e!$&'()*", "...", "~a"])
def test_a_plain_name_arrives_through_an_http_api(name: str) -> None:
    assert paths.is_plain(name)
    assert arrived(http_api_of_aws, plain_object_path("photos", name)) == ("photos", name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gateway", [decoding_all_but_percent, decoding_once, decoding_nothing])
def test_a_name_that_is_not_plain_is_refused_in_a_plain_path(gateway: Gateway, name: str) -> None:
    assert not paths.is_plain(name)
    assert arrived(gateway, plain_object_path("photos", name)) in (None, ("photos", name))
    path = plain_object_path("photos", "name").replace("name", name)
    assert arrived(decoding_nothing, path) is None


@pytest.mark.parametrize("name", ["%2F", "%3F", "a%252Fb", "100%", "a#b", "a//b", "a/../b", "a/"])
def test_an_http_api_has_no_such_name_taken_for_another(name: str) -> None:
    assert arrived(http_api_of_aws, plain_object_path("photos", name)) in (None, ("photos", "/"))


@pytest.mark.parametrize(("name", "taken_for"), [("a?b", "a"), ("%62", "b")])
def test_what_an_http_api_has_cut_or_decoded_twice_nobody_can_see(
    name: str, taken_for: str
) -> None:
    """So the document forbids such names in plain paths, and the client sends none."""
    assert not paths.is_plain(name)
    path = plain_object_path("photos", name)
    assert event_through(http_api_of_aws, "GET", path) == event_through(
        http_api_of_aws, "GET", plain_object_path("photos", taken_for)
    )


def test_a_gateway_that_tells_two_different_names_is_not_believed() -> None:
    event: Any = event_through(decoding_once, "GET", "/v1/containers/c/objects/a")
    Request({**event, "rawPath": "/stage/v1/containers/c/objects/a"}).name("object")
    for told in ("a?b", "b", "a/"):
        changed = {**event, "pathParameters": {"container": "c", "object": told}}
        with pytest.raises(UnsafePath):
            Request(changed).name("object")


def test_an_exact_path_is_one_for_each_name() -> None:
    text = paths.encode("ab")
    assert (text, paths.decode(text, "object")) == ("YWI", "ab")
    # Other bits at the end, padding, the other alphabet, bytes that are no UTF-8, nothing.
    for other in ("YWJ", "YWI=", "YWI%3D", "+/+/", "_w", "", "A", "YW I", quote("é")):
        with pytest.raises(InvalidName):
            paths.decode(other, "object")


@pytest.mark.parametrize("event", [{}, {"pathParameters": None}])
def test_a_name_that_is_not_there_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(UnsafePath):
        Request(event).name("object")
