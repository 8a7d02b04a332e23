"""Revocation of tokens: of an account that was disabled or got another password, and of a session.

A session is what begins with a login; its tokens can be exchanged for new ones. Two notes end it:

- one in the registry, for as long as a token could live. Functions notice it when they next read
  the registry, at most ``limits.REGISTRY_AGE_SECONDS`` later;
- one beside the logins, for as long as the session could live. Who exchanges a token reads it at
  once, so no session that has ended goes on by a token of those seconds.
"""

from datetime import datetime

from mcos import clock, limits
from mcos.catalog import logins
from mcos.catalog.registry import REVOCATION, current_registry, read, replace, write
from mcos.errors import Conflict, TokenRevoked
from mcos.model.attempts import session_key, sessions_key

_NEVER = "1970-01-01T00:00:00.000Z"
_TRIES = 8


def revoke(account: str) -> datetime:
    """Revoke all tokens of an account, and end its sessions: two network calls.

    Call it after the account's change was written. A login that still read the old account has
    asked for its token before that, so the token is revoked too.

    Returns
    -------
    The moment; only what begins before it is revoked.
    """
    # The written time is truncated to milliseconds; add one to cover the current millisecond.
    before = clock.later(0.001)
    logins.note(sessions_key(account), _expires(limits.SESSION_SECONDS), at=before)
    write(REVOCATION, account, {"before": before}, expires=_expires(limits.TOKEN_SECONDS))
    return datetime.fromisoformat(before)


def end_session(account: str, session: str) -> None:
    """End a session: three network calls; one, if very many accounts have ended some just now.

    If an account ends more sessions than ``limits.ENDED_SESSIONS`` within an hour, all of them end:
    every function reads what is revoked.

    Raises
    ------
    Conflict
        Other calls kept ending sessions of the account.
    """
    logins.note(session_key(session), _expires(limits.SESSION_SECONDS))
    known = current_registry().ended_sessions
    if account not in known and len(known) >= limits.ACCOUNTS_OF_ENDED_SESSIONS:
        return
    for _ in range(_TRIES):
        before = read(REVOCATION, account)
        now = int(clock.moment().timestamp())
        ended = {one: at for one, at in (before or {}).get("sessions", {}).items() if at > now}
        if session in ended:
            return
        if len(ended) >= limits.ENDED_SESSIONS:
            revoke(account)
            return
        expires = _expires(limits.TOKEN_SECONDS)
        document = {
            "before": (before or {}).get("before", _NEVER),
            "sessions": {**ended, session: expires},
        }
        if replace(REVOCATION, account, document, before=before, expires=expires):
            return
    raise Conflict("Other calls ended sessions at the same time; try again.")


def check(account: str, begun_at: float, session: str = "") -> None:
    """Refuse a revoked token; no network call while the cached registry is young enough.

    Parameters
    ----------
    begun_at
        When the token's session began by its claim, Unix time.
    session
        Id of the session; empty: the token has none.

    Raises
    ------
    TokenRevoked
    """
    registry = current_registry()
    before = registry.revoked.get(account)
    if before is not None and begun_at < datetime.fromisoformat(before).timestamp():
        raise TokenRevoked("The token was revoked; log in again.")
    if session and session in registry.ended_sessions.get(account, ()):
        raise TokenRevoked("The token was revoked; log in again.")


def _expires(seconds: int) -> int:
    return int(clock.moment().timestamp()) + seconds + 1
