"""Keys of tokens that tests sign with."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mcos.auth import tokens
from mcos.model.token_keys import TokenKey, signing_text, verifying_text


def made_key(key_id: str, signs_from: str = "2020-01-01T00:00:00.000Z") -> TokenKey:
    """A key that has signed for years; the same one for the same id."""
    seed = key_id.encode().ljust(32, b"\0")[:32]
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return TokenKey(key_id, public=public, private=seed, signs_from=signs_from)


KEYS = [made_key("the-first-key")]


def use_keys(monkeypatch: pytest.MonkeyPatch, *keys: TokenKey) -> None:
    """Let tokens be signed and verified with these keys, without a network call."""
    texts = {
        "/signing-keys": signing_text(keys or KEYS),
        "mcos/token-key": verifying_text(keys or KEYS),
    }
    monkeypatch.setenv("MCOS_SIGNING_KEYS_PARAMETER", "/signing-keys")
    monkeypatch.setattr(tokens, "parameter", lambda name: texts[name])
    monkeypatch.setattr(tokens, "secret", lambda name, renew=False: texts[name])
