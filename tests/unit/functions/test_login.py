"""login: whoever has a password can send it, and a disabled account is no different from none."""

from __future__ import annotations

import json

import pytest

from mcos import limits
from mcos.auth import passwords
from mcos.catalog import accounts
from tests.support.api import call
from tests.support.token_keys import use_keys

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch)


def test_the_longest_password_can_be_sent_whatever_is_in_it() -> None:
    for character in ("x", "é", "\U0001f511", "\ud800", "\0"):
        password = character * limits.PASSWORD_CHARACTERS
        accounts.change("bob", password_hash=passwords.hash_password(password))
        body = {"user_name": "bob", "password": password}
        assert call("POST", "/v1/login", body, account=None).status == 200
        body["password"] += character
        assert call("POST", "/v1/login", body, account=None).code == "invalid_body"


def test_a_disabled_account_is_answered_as_one_that_is_not_there() -> None:
    accounts.change("bob", enabled=False)
    replies = [
        call("POST", "/v1/login", {"user_name": name, "password": "bob's"}, account=None)
        for name in ("bob", "ada", "nobody")
    ]
    told = [(one.status, one.code, one.json()["detail"]) for one in replies]
    assert told == [told[0]] * 3
    assert told[0][:2] == (401, "invalid_credentials")


def test_more_than_the_longest_password_is_not_read() -> None:
    body = json.dumps({"user_name": "bob", "password": "x", "more": "y" * 20_000}).encode()
    assert call("POST", "/v1/login", body, account=None).code == "invalid_body"


def test_a_field_that_login_does_not_have_is_refused() -> None:
    body = {"user_name": "bob", "password": "bob's", "otp": "1"}
    reply = call("POST", "/v1/login", body, account=None)
    assert (reply.status, reply.code) == (400, "invalid_body")
