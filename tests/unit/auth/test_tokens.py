"""Tokens: an hour, our key, one algorithm."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.auth import tokens
from mcos.errors import TokenExpired, TokenInvalid

KEY = "a key of thirty-two bytes or more"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_key", lambda: KEY)


def claims(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    made = {"iss": "mcos", "sub": "ada", "iat": now, "exp": now + timedelta(hours=1), **changed}
    return {name: value for name, value in made.items() if value is not None}


def test_a_token_speaks_for_its_account_for_an_hour() -> None:
    token = tokens.issue("ada")
    assert tokens.claims_of(token.token).account == "ada"
    left = datetime.fromisoformat(token.expires_at) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(seconds=limits.TOKEN_SECONDS)
    assert token.expires_at.endswith("Z")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_token_says_from_when_on_it_is_good_to_the_fraction_of_a_second(at: datetime) -> None:
    told = jwt.decode(tokens.issue("ada", at=at).token, options={"verify_signature": False})
    assert datetime.fromtimestamp(told["iat"], UTC) == at
    assert 0 <= at.timestamp() + limits.TOKEN_SECONDS - told["exp"] < 1


def test_its_moment_is_read_with_its_fraction() -> None:
    at = datetime.now(UTC).replace(microsecond=123456) - timedelta(seconds=2)
    assert tokens.claims_of(tokens.issue("ada", at=at).token).issued_at == at.timestamp()


def test_a_token_that_has_ended_says_so() -> None:
    ended = jwt.encode(claims(exp=datetime.now(UTC) - timedelta(seconds=1)), KEY, "HS256")
    with pytest.raises(TokenExpired):
        tokens.claims_of(ended)


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(claims(), "another key of thirty-two bytes or more", "HS256"),
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(), KEY * 2, "HS512"),
        jwt.encode(claims(), KEY * 2, "HS256"),
        jwt.encode(claims(iss="another"), KEY, "HS256"),
        *(
            jwt.encode(claims(**{name: None}), KEY, "HS256")
            for name in ("iss", "sub", "iat", "exp")
        ),
        jwt.encode(claims(sub=7), KEY, "HS256", sort_headers=True),
        jwt.encode(claims(iat=datetime.now(UTC) + timedelta(hours=1)), KEY, "HS256"),
        jwt.encode(claims(), KEY, "HS256")[:-2],
        "",
        "x",
        "..",
        "e30.e30.",
    ],
)
def test_every_other_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.claims_of(token)


@given(st.text(max_size=60))
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.claims_of(text)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_token_of_which_a_byte_was_changed_is_refused(position: int, change: int) -> None:
    token = tokens.issue("ada").token
    position %= len(token)
    other = chr((ord(token[position]) + change) % 128)
    changed = token[:position] + other + token[position + 1 :]
    try:
        account = tokens.claims_of(changed).account
    except TokenInvalid:
        return
    # The last character of base64 has bits that mean nothing.
    assert account == "ada"
    assert position == len(token) - 1 or other == token[position]
