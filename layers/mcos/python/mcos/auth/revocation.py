"""Revocation of the tokens of an account that was disabled or whose password was changed.

The registry keeps the moment of the revocation for as long as an older token could live. Functions
notice it when they next read the registry, at most ``limits.REGISTRY_AGE_SECONDS`` later.
"""

from datetime import datetime

from mcos import clock, limits
from mcos.catalog.registry import REVOCATION, current_registry, write
from mcos.errors import TokenRevoked


def revoke(account: str) -> None:
    """Revoke all tokens of an account: one network call.

    Call it after the account's change was written. A login that still read the old account has
    asked for its token before that, so the token is revoked too.
    """
    # The written time is truncated to milliseconds; add one to cover the current millisecond.
    before = clock.later(0.001)
    write(
        REVOCATION,
        account,
        {"before": before},
        expires=int(clock.moment().timestamp()) + limits.TOKEN_SECONDS + 1,
    )


def check(account: str, issued_at: float) -> None:
    """Refuse a revoked token; no network call while the cached registry is young enough.

    Parameters
    ----------
    issued_at
        Time of issue by the token's claim, Unix time.

    Raises
    ------
    TokenRevoked
    """
    before = current_registry().revoked.get(account)
    if before is not None and issued_at < datetime.fromisoformat(before).timestamp():
        raise TokenRevoked("The token was revoked; log in again.")
