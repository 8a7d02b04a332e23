"""Bearer tokens: JWTs of an hour, signed with HMAC-SHA-256 by a key that only functions read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from mcos import limits
from mcos.aws import secret
from mcos.errors import TokenExpired, TokenInvalid
from mcos.settings import settings

_ALGORITHM = "HS256"
_ISSUER = "mcos"


@dataclass(frozen=True)
class Token:
    """A token and when it ends, RFC 3339."""

    token: str
    expires_at: str


def issue(account: str) -> Token:
    """Make a token for an account."""
    issued = datetime.now(UTC).replace(microsecond=0)
    expires = issued + timedelta(seconds=limits.TOKEN_SECONDS)
    claims = {"iss": _ISSUER, "sub": account, "iat": issued, "exp": expires}
    token = jwt.encode(claims, _key(), algorithm=_ALGORITHM)
    return Token(token, expires.isoformat().replace("+00:00", "Z"))


def account_of(token: str) -> str:
    """The account that a token speaks for.

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
            options={"require": ["iss", "sub", "iat", "exp"]},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired("The token has expired; log in again.") from None
    except jwt.InvalidTokenError:
        raise TokenInvalid("The token is not one of this service.") from None
    account: str = claims["sub"]
    return account


def _key() -> str:
    return secret(settings().token_key_secret)
