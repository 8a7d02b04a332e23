"""Tokens: an hour, our key, one algorithm."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.auth import tokens
from mcos.errors import TokenExpired, TokenInvalid
from mcos.model.token_keys import keys_in, shared_key, signing_text, verifying_text
from tests.support.token_keys import KEYS, made_key, use_keys

(OURS,) = KEYS
KEY = Ed25519PrivateKey.from_private_bytes(OURS.private)
ANOTHER = Ed25519PrivateKey.from_private_bytes(made_key("another").private)
SHARED = "a key of thirty-two bytes or more"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    use_keys(monkeypatch)


def signed(told: dict[str, Any], key: Any = KEY, algorithm: str = "EdDSA", **headers: Any) -> str:
    return jwt.encode(told, key, algorithm, headers={"kid": OURS.id, **headers})


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
    ended = signed(claims(exp=datetime.now(UTC) - timedelta(seconds=1)))
    with pytest.raises(TokenExpired):
        tokens.claims_of(ended)


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(), ANOTHER),
        signed(claims(), ANOTHER, kid="another"),
        signed(claims(), kid="another"),
        jwt.encode(claims(), KEY, "EdDSA"),
        jwt.encode(claims(), "", "none"),
        signed(claims(), "", "none"),
        # What everybody may know is no shared secret.
        signed(claims(), OURS.public, "HS256"),
        jwt.encode(claims(), OURS.public, "HS256"),
        jwt.encode(claims(), SHARED, "HS256"),
        signed(claims(iss="another")),
        *(signed(claims(**{name: None})) for name in ("iss", "sub", "iat", "exp")),
        signed(claims(sub=7)),
        signed(claims(iat=datetime.now(UTC) + timedelta(hours=1))),
        signed(claims())[:-2],
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


def test_a_token_of_the_first_release_is_good_until_its_key_has_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = jwt.encode(claims(), SHARED, "HS256")
    now = datetime.now(UTC)
    for end, is_good in (("", True), (now + timedelta(hours=1), True), (now, False)):
        key = replace(shared_key(SHARED), verifies_until=str(end))
        use_keys(monkeypatch, key, OURS)
        if is_good:
            assert tokens.claims_of(token).account == "ada"
        else:
            with pytest.raises(TokenInvalid):
                tokens.claims_of(token)


def test_the_key_of_the_first_release_opens_no_other_way_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_keys(monkeypatch, shared_key(SHARED), OURS)
    for token in (
        signed(claims(), SHARED, "HS256"),
        jwt.encode(claims(), SHARED * 2, "HS512"),
        jwt.encode(claims(), SHARED * 2, "HS256"),
        jwt.encode(claims(), OURS.public, "HS256"),
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(), KEY, "EdDSA"),
    ):
        with pytest.raises(TokenInvalid):
            tokens.claims_of(token)


def test_a_clock_that_is_a_little_ahead_refuses_nobody() -> None:
    ahead = datetime.now(UTC) + timedelta(seconds=limits.CLOCK_SKEW_SECONDS - 2)
    assert tokens.claims_of(tokens.issue("ada", at=ahead).token).account == "ada"


def test_who_verifies_is_told_nothing_that_signs() -> None:
    text = verifying_text(KEYS)
    assert keys_in(text) == [replace(OURS, private=b"", signs_from="")]
    assert signing_text(keys_in(signing_text(KEYS))) == signing_text(KEYS)


def test_a_key_of_a_kind_of_a_newer_release_is_passed_over() -> None:
    newer = {"kty": "AKP", "kid": "newer", "alg": "ML-DSA-44", "pub": "AAAA"}
    known = json.loads(verifying_text(KEYS))["keys"]
    assert [key.id for key in keys_in(json.dumps({"keys": [newer, *known]}))] == [OURS.id]


@pytest.mark.parametrize("text", ['{"keys": 7}', "[]", "7", "{}"])
def test_a_secret_that_holds_no_keys_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="keys"):
        keys_in(text)
