"""The authorizer lets every request through, with its finding."""

from typing import Any

import pytest

from chalicelib import authorizer
from mcos import tokens


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_key", lambda: "a key of thirty-two bytes or more")


def finding(headers: dict[str, str] | None) -> Any:
    event = {"headers": headers, "requestContext": {"requestId": "request-1"}}
    answer = authorizer.handle(event, None)
    assert answer["isAuthorized"] is True
    return answer["context"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_account_of_a_token_is_found(scheme: str) -> None:
    token = tokens.issue("ada").token
    assert finding({"authorization": f"{scheme}  {token} "}) == {"account": "ada"}


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer  "},
        {"authorization": "Basic YWRhOng="},
        {"Authorization": "Bearer x"},
    ],
)
def test_a_request_without_a_token_is_denied(headers: dict[str, str] | None) -> None:
    assert finding(headers) == {"denied": "token_missing"}


@pytest.mark.parametrize("token", ["x", "x y", "é", "a.b.c", "\x00"])
def test_a_token_that_is_none_of_ours_is_denied(token: str) -> None:
    assert finding({"authorization": f"Bearer {token}"}) == {"denied": "token_invalid"}


def test_a_token_that_has_ended_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcos.limits.TOKEN_SECONDS", -1)
    token = tokens.issue("ada").token
    assert finding({"authorization": f"Bearer {token}"}) == {"denied": "token_expired"}
