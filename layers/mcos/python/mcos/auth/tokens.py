"""Bearer tokens: JWTs valid for an hour, signed with HMAC-SHA-256. Only functions read the key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from mcos import clock, limits
from mcos.aws import secret
from mcos.errors import TokenExpired, TokenInvalid
from mcos.settings import settings

_ALGORITHM = "HS256"
_ISSUER = "mcos"
_CLAIMS = ("iss", "sub", "iat", "exp")


@dataclass(frozen=True)
class Token:
    """A token and when it expires, RFC 3339."""

    token: str
    expires_at: str


@dataclass(frozen=True)
class Claims:
    """The claims of a token: the account, and the time of issue (Unix time, with a fraction)."""

    account: str
    issued_at: float


def issue(account: str, *, at: datetime | None = None) -> Token:
    """Issue a token for an account.

    Parameters
    ----------
    at
        Time of issue; None: now.
    """
    issued = at or clock.moment()
    expires = issued.replace(microsecond=0) + timedelta(seconds=limits.TOKEN_SECONDS)
    # With the fraction, for ``mcos.auth.revocation``; PyJWT would drop it from a datetime.
    claims = {"iss": _ISSUER, "sub": account, "iat": issued.timestamp(), "exp": expires}
    token = jwt.encode(claims, _key(), algorithm=_ALGORITHM)
    return Token(token, expires.isoformat().replace("+00:00", "Z"))


def claims_of(token: str) -> Claims:
    """Verify a token and return its claims.

    Raises
    ------
    TokenExpired, TokenInvalid
    """
    try:
        claims = jwt.decode(
            token,
            _key(),
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            # The times are checked below, by ``mcos.clock``.
            options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
        )
        found = Claims(account=claims["sub"], issued_at=float(claims["iat"]))
        ends = float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise TokenInvalid("The token must be one that this service issued.") from None
    now = clock.moment().timestamp()
    if ends <= now:
        raise TokenExpired("The token has expired; log in again.")
    if found.issued_at > now:
        raise TokenInvalid("The token must be one that this service issued.")
    return found


def _key() -> str:
    return secret(settings().token_key_secret)
