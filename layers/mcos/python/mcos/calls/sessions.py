"""What becomes of a session: its token is exchanged, it ends, its account's password changes."""

from datetime import UTC, datetime, timedelta

from mcos import clock, limits
from mcos.auth import passwords, revocation, tokens
from mcos.auth.tokens import Claims, Token
from mcos.calls.login import check_password
from mcos.catalog import accounts, logins
from mcos.errors import TokenExpired, TokenRevoked
from mcos.model.attempts import session_key, sessions_key


def refresh(claims: Claims) -> Token:
    """Exchange a valid token for one that is valid for an hour from now: one network call.

    The old one stays valid until it expires.

    Raises
    ------
    TokenExpired
        The session is too old.
    TokenRevoked
        The session has ended, or the account is disabled.
    """
    now = clock.moment()
    begun_at = datetime.fromtimestamp(claims.begun_at, UTC)
    if now >= begun_at + timedelta(seconds=limits.SESSION_SECONDS):
        raise TokenExpired("The session has ended; log in again.")
    all_key, key = sessions_key(claims.account), session_key(claims.session)
    found = logins.look(claims.account, [all_key, key])
    ended = found.items.get(all_key)
    if (
        not found.has_account
        or key in found.items
        or (ended is not None and begun_at < datetime.fromisoformat(ended.at))
    ):
        raise TokenRevoked("The session has ended; log in again.")
    return tokens.issue(claims.account, at=now, of=claims)


def logout(claims: Claims) -> None:
    """End the session of a token: three network calls.

    A token of release 0.1.0 has no session; all tokens of its account are revoked.

    Raises
    ------
    Conflict
    """
    if claims.session:
        revocation.end_session(claims.account, claims.session)
    else:
        revocation.revoke(claims.account)


def change_password(claims: Claims, current: str, new: str, address: str) -> Token:
    """Change the caller's own password; all sessions end, and one begins.

    The current password is asked for and counted as in a login: a token alone changes nothing.

    Parameters
    ----------
    address
        IP address of the caller.

    Raises
    ------
    InvalidCredentials, TooManyAttempts, InvalidBody, Conflict
    """
    passwords.check_strength(new, claims.account)
    check_password(claims.account, current, address, clock.moment())
    # Before the change too: a call that ends between the two would leave the sessions of whoever
    # knows the old password, and by that one the user could not ask again.
    revocation.revoke(claims.account)
    accounts.change(claims.account, password_hash=passwords.hash_password(new))
    return tokens.issue(claims.account, at=revocation.revoke(claims.account))
