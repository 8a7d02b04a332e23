"""Every refusal becomes the exception that stands for it."""

from typing import Any

import httpx
import pytest

import mcos_client
from mcos_client import Client, errors
from tests.support.openapi import document
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import RECORDER, Gateway

OPENAPI = document()
CODES: list[str] = OPENAPI["components"]["schemas"]["ProblemCode"]["enum"]


def problem(code: str, status: int = 409) -> dict[str, Any]:
    return {"type": "about:blank", "title": "No", "status": status, "detail": "Why.", "code": code}


def test_there_is_one_class_for_each_code_of_the_api() -> None:
    assert sorted(errors.BY_CODE) == sorted(CODES)
    assert {kind.__name__ for kind in errors.BY_CODE.values()} <= set(mcos_client.__all__)


@pytest.mark.parametrize("code", CODES)
def test_a_problem_becomes_its_exception(client: Client, gateway: Gateway, code: str) -> None:
    gateway.reply = lambda request: httpx.Response(
        409,
        json=problem(code),
        headers={"content-type": "application/problem+json", "retry-after": "2"},
    )
    with pytest.raises(errors.McosError, match=r"Why\.") as caught:
        client.delete_container("c")
    assert type(caught.value) is errors.BY_CODE[code]
    assert (caught.value.code, caught.value.status) == (code, 409)
    assert (caught.value.problem, caught.value.retry_after) == (problem(code), 2.0)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(502, text="<html>bad gateway"),
        httpx.Response(500, json=["not", "a", "problem"]),
        httpx.Response(503, json={"message": "Service Unavailable"}),
        httpx.Response(200, json={"unexpected": True}),
        httpx.Response(200, text="not json"),
        httpx.Response(302, headers={"location": "https://elsewhere.test"}),
    ],
    ids=lambda reply: f"{reply.status_code} {reply.text[:12]}",
)
def test_what_the_api_does_not_say_is_an_unexpected_reply(
    client: Client, gateway: Gateway, reply: httpx.Response
) -> None:
    gateway.reply = lambda request: reply
    with pytest.raises(errors.UnexpectedReply) as caught:
        client.stat_object("c", "o")
    assert caught.value.status == reply.status_code


def test_what_a_gateway_itself_finds_too_large_is_too_large(
    client: Client, gateway: Gateway
) -> None:
    own = {"message": "Request Entity Too Large"}
    gateway.reply = lambda request: httpx.Response(413, json=own)
    with pytest.raises(errors.ContentTooLarge, match="Request Entity Too Large"):
        client.create_object("c", "o", b"content")


@pytest.mark.parametrize(("status", "attempts"), [(429, 3), (503, 1), (500, 1), (413, 1), (400, 1)])
def test_a_reply_of_a_gateway_itself_is_tried_again_only_if_nothing_was_done(
    gateway: Gateway, status: int, attempts: int
) -> None:
    gateway.reply = lambda request: httpx.Response(status, json={"message": "no"})
    transport = httpx.MockTransport(gateway)
    with (
        Client(RECORDER, "token", transport=transport, retries=2, clock=ClientClock()) as client,
        pytest.raises(errors.McosError) as caught,
    ):
        client.create_object("c", "o", b"content")
    assert caught.value.status == status
    assert len(gateway.requests) == attempts


def test_no_reply_is_unreachable(client: Client, gateway: Gateway) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    gateway.reply = refuse
    with pytest.raises(errors.Unreachable, match="refused"):
        client.list_container()


def downloaded(content: bytes, digest: str, status: int = 200) -> httpx.Response:
    return httpx.Response(
        status,
        content=content,
        headers={
            "content-type": "text/plain",
            "etag": '"e"',
            "repr-digest": f"sha-256=:{digest}:",
            "x-mcos-version": "v",
            "x-mcos-state": "CREATED",
            "x-object-meta-colour": "blue",
        },
    )


EMPTY_SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_a_download_is_checked_against_its_digest(client: Client, gateway: Gateway) -> None:
    gateway.reply = lambda request: downloaded(b"", EMPTY_SHA256)
    assert client.download_object("c", "o").metadata == {"colour": "blue"}
    gateway.reply = lambda request: downloaded(b"other", EMPTY_SHA256)
    with pytest.raises(errors.ContentCorrupted):
        client.download_object("c", "o")


def test_a_range_is_not_checked_against_the_digest_of_the_whole(
    client: Client, gateway: Gateway
) -> None:
    gateway.reply = lambda request: downloaded(b"part", EMPTY_SHA256, status=206)
    assert client.download_object("c", "o", range_="bytes=0-3").content == b"part"
    assert gateway.requests[-1].headers["range"] == "bytes=0-3"


def test_304_is_not_modified(client: Client, gateway: Gateway) -> None:
    gateway.reply = lambda request: httpx.Response(304, headers={"etag": '"e"'})
    with pytest.raises(errors.NotModified):
        client.download_object("c", "o", if_none_match='"e"')
