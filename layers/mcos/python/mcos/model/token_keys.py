"""The keys of tokens, as they are kept twice: for who signs, and for who only verifies.

Both are JSON, ``{"keys": [...]}``, of JSON Web Keys (RFC 7517) on the curve Ed25519. Only the first
has private keys. Times are in the keys, so that everybody changes at the same moment, however long
they have kept what they read: a key is published, signs later, and is not verified any more once
the last token that it signed has expired.

Release 0.1.0 has one secret, whose text is the key of HMAC tokens without ``kid``. It is read as a
key without an id, until the first rotation gives it an end.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

SHARED_ID = ""
"""Id of the key of release 0.1.0, whose tokens name none."""

_ALWAYS = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class TokenKey:
    """A key of tokens.

    Attributes
    ----------
    id
        ``kid`` of the tokens that it signs.
    public
        32 bytes; empty if the key is a shared one.
    private
        32 bytes; empty for who only verifies.
    shared
        HMAC key of release 0.1.0; empty if the key is not a shared one.
    signs_from
        RFC 3339; empty: not yet. The newest key that signs is the only one that does.
    verifies_until
        RFC 3339; empty: without an end.
    """

    id: str
    public: bytes = b""
    private: bytes = b""
    shared: bytes = b""
    signs_from: str = ""
    verifies_until: str = ""


def keys_in(text: str) -> list[TokenKey]:
    """Read a secret; a text that is not JSON is the key of release 0.1.0.

    Raises
    ------
    ValueError
        The text is JSON, but of no keys.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return [shared_key(text)]
    match value:
        case {"keys": list(keys)}:
            # A key of a type that only a newer release knows is none of ours.
            return [_key(one) for one in keys if _is_known(one)]
    raise ValueError("a secret of token keys must be an object with 'keys'")


def shared_key(text: str) -> TokenKey:
    """Return the key of release 0.1.0, which has always signed."""
    return TokenKey(SHARED_ID, shared=text.encode(), signs_from=_ALWAYS)


def signing_text(keys: Iterable[TokenKey]) -> str:
    """Return the text for who signs."""
    return json.dumps({"keys": [_document(key) for key in keys]})


def verifying_text(keys: Iterable[TokenKey]) -> str:
    """Return the text for who only verifies; nothing in it can sign.

    The key of release 0.1.0 is the exception, for as long as it is verified.
    """
    return signing_text(replace(key, private=b"", signs_from="") for key in keys)


def signer(keys: Iterable[TokenKey], now: datetime) -> TokenKey | None:
    """Return the key that signs now, if any."""
    begun = [key for key in keys if key.signs_from and _time(key.signs_from) <= now]
    return max(begun, key=lambda key: _time(key.signs_from), default=None)


def verifier(keys: Iterable[TokenKey], key_id: str, now: datetime) -> TokenKey | None:
    """Return the key of that id, if it is to be verified now."""
    for key in keys:
        if key.id == key_id and (not key.verifies_until or now < _time(key.verifies_until)):
            return key
    return None


def published(
    signing: Sequence[TokenKey], before: Iterable[TokenKey], now: datetime
) -> list[TokenKey]:
    """Return what who verifies is to know: what may sign, and what has signed and has no end yet.

    Parameters
    ----------
    signing
        The keys for who signs.
    before
        What was published before.
    """
    known = {key.id for key in signing}
    left = [
        key
        for key in before
        if key.id not in known and key.verifies_until and now < _time(key.verifies_until)
    ]
    return [*signing, *left]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_known(value: Any) -> bool:
    match value:
        case {"kty": "OKP", "crv": "Ed25519", "kid": str(), "x": str()}:
            return True
        case {"kty": "oct", "kid": str(), "k": str()}:
            return True
    return False


def _key(value: dict[str, Any]) -> TokenKey:
    return TokenKey(
        value["kid"],
        public=_bytes(value.get("x", "")),
        private=_bytes(value.get("d", "")),
        shared=_bytes(value.get("k", "")),
        signs_from=value.get("signs_from", ""),
        verifies_until=value.get("verifies_until", ""),
    )


def _document(key: TokenKey) -> dict[str, str]:
    kind = {"kty": "oct"} if key.shared else {"kty": "OKP", "crv": "Ed25519"}
    fields = {
        "x": _text(key.public),
        "d": _text(key.private),
        "k": _text(key.shared),
        "signs_from": key.signs_from,
        "verifies_until": key.verifies_until,
    }
    return {**kind, "kid": key.id, **{name: text for name, text in fields.items() if text}}


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
