"""The authorizer lets every request through, with its finding."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.api import authorizer
from mcos import clock
from mcos.auth import revocation, tokens
from mcos.model.clusters import Registry
from tests.support.token_keys import use_keys


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch)
    revoked(monkeypatch, {})


def revoked(monkeypatch: pytest.MonkeyPatch, before: dict[str, str]) -> None:
    """The registry says that tokens of these accounts are void before these moments."""
    found = Registry(clusters={}, revoked=before)
    monkeypatch.setattr(revocation, "current_registry", lambda: found)


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


def test_a_token_that_was_revoked_is_denied_and_a_later_one_of_the_same_second_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC).replace(microsecond=500_000) - timedelta(seconds=1)
    earlier = tokens.issue("ada", at=now - timedelta(microseconds=1)).token
    later = tokens.issue("ada", at=now).token
    others = tokens.issue("bob", at=now - timedelta(minutes=1)).token
    revoked(monkeypatch, {"ada": clock.text(now)})
    assert finding({"authorization": f"Bearer {earlier}"}) == {"denied": "token_revoked"}
    assert finding({"authorization": f"Bearer {later}"}) == {"account": "ada"}
    assert finding({"authorization": f"Bearer {others}"}) == {"account": "bob"}
