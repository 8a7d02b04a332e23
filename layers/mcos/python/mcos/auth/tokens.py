"""Bearer tokens: JWTs valid for an hour, signed with Ed25519.

Only ``login`` can read what signs; who verifies a token reads public keys. A token names its key,
so keys can be replaced while tokens live: see ``mcos.admin.token_keys``. Tokens of release 0.1.0
are signed with HMAC-SHA-256 and name no key; they are valid until its key has an end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mcos import clock, limits
from mcos.aws import SecretEmpty, parameter, secret
from mcos.errors import TokenExpired, TokenInvalid
from mcos.model.token_keys import SHARED_ID, TokenKey, keys_in, signer, verifier
from mcos.settings import settings, signing_keys_parameter

_ISSUER = "mcos"
_CLAIMS = ("iss", "sub", "iat", "exp")
_NOT_OURS = "The token must be one that this service issued."


@dataclass(frozen=True)
class Token:
    """A token and when it expires, RFC 3339."""

    token: str
    expires_at: str


@dataclass(frozen=True)
class Claims:
    """The claims of a token.

    Attributes
    ----------
    account
        Name of its user.
    issued_at
        Time of issue, Unix time, with a fraction.
    session
        Id of the login that it comes from; empty if it is of release 0.1.0.
    begun_at
        When that login was, Unix time, with a fraction.
    """

    account: str
    issued_at: float
    session: str = ""
    begun_at: float = 0.0


def issue(account: str, *, at: datetime | None = None, of: Claims | None = None) -> Token:
    """Issue a token for an account.

    Parameters
    ----------
    at
        Time of issue; None: now.
    of
        A token whose session goes on; None: a session begins.

    Raises
    ------
    NoSigningKey, BotoCoreError, ClientError
    """
    issued = at or clock.moment()
    expires = issued.replace(microsecond=0) + timedelta(seconds=limits.TOKEN_SECONDS)
    claims = {
        "iss": _ISSUER,
        "sub": account,
        # With the fraction, for ``mcos.auth.revocation``; PyJWT would drop it from a datetime.
        "iat": issued.timestamp(),
        "exp": expires,
        "sid": of.session if of else clock.new_id(),
        "auth_time": of.begun_at if of else issued.timestamp(),
    }
    key = _signing_key()
    headers = {"kid": key.id} if key.id != SHARED_ID else None
    token = jwt.encode(claims, _private(key), algorithm=_algorithm(key), headers=headers)
    return Token(token, expires.isoformat().replace("+00:00", "Z"))


def claims_of(token: str) -> Claims:
    """Verify a token and return its claims.

    Raises
    ------
    TokenExpired, TokenInvalid
    """
    try:
        key_id = jwt.get_unverified_header(token).get("kid", SHARED_ID)
    except jwt.InvalidTokenError:
        raise TokenInvalid(_NOT_OURS) from None
    key = _verifying_key(key_id)
    try:
        claims = jwt.decode(
            token,
            _public(key),
            # The key says how it is used, and never the token.
            algorithms=[_algorithm(key)],
            issuer=_ISSUER,
            # The times are checked below, by ``mcos.clock``.
            options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
        )
        issued_at = float(claims["iat"])
        found = Claims(
            account=claims["sub"],
            issued_at=issued_at,
            session=str(claims.get("sid", "")),
            begun_at=float(claims.get("auth_time", issued_at)),
        )
        ends = float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise TokenInvalid(_NOT_OURS) from None
    now = clock.moment().timestamp()
    if ends <= now:
        raise TokenExpired("The token has expired; log in again.")
    if found.issued_at > now + limits.CLOCK_SKEW_SECONDS:
        raise TokenInvalid(_NOT_OURS)
    return found


class NoSigningKey(Exception):
    """The deployment has no key for tokens yet: ``tools/token_keys.py`` makes it."""


def _signing_key() -> TokenKey:
    try:
        text = parameter(signing_keys_parameter())
    except SecretEmpty:
        # A deployment of release 0.1.0 that was upgraded, and whose key was not rotated since.
        text = secret(settings().token_key_secret)
    key = signer(_keys(text), clock.moment())
    if key is None or not (key.private or key.shared):
        raise NoSigningKey("no key signs tokens: run tools/token_keys.py")
    return key


def _verifying_key(key_id: str) -> TokenKey:
    """Return the key of that id; if it is not known here, the secret is read, as it may be new.

    Raises
    ------
    TokenInvalid
    """
    name, now = settings().token_key_secret, clock.moment()
    key = verifier(_keys(secret(name)), key_id, now)
    # What names no key names none that is new.
    if key is None and key_id != SHARED_ID:
        key = verifier(_keys(secret(name, renew=True)), key_id, now)
    if key is None:
        raise TokenInvalid(_NOT_OURS)
    return key


@lru_cache(maxsize=2)
def _keys(text: str) -> list[TokenKey]:
    return keys_in(text)


def _algorithm(key: TokenKey) -> str:
    return "HS256" if key.shared else "EdDSA"


def _private(key: TokenKey) -> Ed25519PrivateKey | bytes:
    return key.shared or Ed25519PrivateKey.from_private_bytes(key.private)


def _public(key: TokenKey) -> Ed25519PublicKey | bytes:
    return key.shared or Ed25519PublicKey.from_public_bytes(key.public)
