"""Bearer tokens: JWTs of an hour, signed with HMAC-SHA-256 by a key that only functions read."""

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
    """A token and when it ends, RFC 3339."""

    token: str
    expires_at: str


@dataclass(frozen=True)
class Claims:
    """What a token says: whom it speaks for, and since when (Unix time, with a fraction)."""

    account: str
    issued_at: float


def issue(account: str, *, at: datetime | None = None) -> Token:
    """Make a token for an account.

    Parameters
    ----------
    at
        The moment from which on it is good; now if None.
    """
    issued = at or clock.moment()
    expires = issued.replace(microsecond=0) + timedelta(seconds=limits.TOKEN_SECONDS)
    # With its fraction: see ``mcos.auth.revocation``. PyJWT would cut it off a datetime.
    claims = {"iss": _ISSUER, "sub": account, "iat": issued.timestamp(), "exp": expires}
    token = jwt.encode(claims, _key(), algorithm=_ALGORITHM)
    return Token(token, expires.isoformat().replace("+00:00", "Z"))


def claims_of(token: str) -> Claims:
    """What a token says, once it is known to be one of ours and not to have ended.

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
            # Its times are looked at below, by our clock.
            options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
        )
        found = Claims(account=claims["sub"], issued_at=float(claims["iat"]))
        ends = float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise TokenInvalid("The token is not one of this service.") from None
    now = clock.moment().timestamp()
    if ends <= now:
        raise TokenExpired("The token has expired; log in again.")
    if found.issued_at > now:
        raise TokenInvalid("The token is not one of this service.")
    return found


def _key() -> str:
    return secret(settings().token_key_secret)
