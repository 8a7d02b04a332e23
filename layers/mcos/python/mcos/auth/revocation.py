"""Tokens that are void before they end: those of an account that was disabled, or whose password
was changed, which were given out before that.

The registry keeps the moment for as long as such a token could live. Functions hear of it with
their next reading of the registry, so at most ``limits.REGISTRY_AGE_SECONDS`` later.
"""

from datetime import datetime

from mcos import clock, limits
from mcos.catalog.registry import REVOCATION, current_registry, write
from mcos.errors import TokenRevoked


def revoke(account: str) -> None:
    """Void all tokens that an account has: one network call.

    Call it after what it is for has been written: a login that looked at the account before that
    has asked for its token before now.
    """
    # What is written is cut to milliseconds; no token of this one may be left.
    before = clock.later(0.001)
    write(
        REVOCATION,
        account,
        {"before": before},
        expires=int(clock.moment().timestamp()) + limits.TOKEN_SECONDS + 1,
    )


def check(account: str, issued_at: float) -> None:
    """Refuse a token that is void; no network call while the reading of the registry is young.

    Parameters
    ----------
    issued_at
        What the token says of itself, Unix time.

    Raises
    ------
    TokenRevoked
    """
    before = current_registry().revoked.get(account)
    if before is not None and issued_at < datetime.fromisoformat(before).timestamp():
        raise TokenRevoked("The token was revoked; log in again.")
