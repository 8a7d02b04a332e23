"""login: exchange a user name and a password for a token."""

from dataclasses import dataclass
from datetime import datetime

from mcos import clock
from mcos.auth import passwords, tokens
from mcos.auth.tokens import Token
from mcos.catalog import logins
from mcos.errors import InvalidCredentials, TooManyAttempts
from mcos.model import attempts
from mcos.model.attempts import ACCOUNT, ADDRESS, PAIR, Gate
from mcos.model.names import is_user_name


def login(user_name: str, password: str, address: str = "") -> Token:
    """Exchange credentials for a token that is valid for an hour, and begin a session.

    It takes one network call; up to three more from an address that is new, one or two more after
    wrong passwords.

    Parameters
    ----------
    address
        IP address of the caller; empty: unknown, which is an address like others.

    Raises
    ------
    InvalidCredentials, TooManyAttempts
    """
    # Before the account is read, so that a revocation after that revokes this token too.
    asked_at = clock.moment()
    check_password(user_name, password, address, asked_at)
    return tokens.issue(user_name, at=asked_at)


def check_password(user_name: str, password: str, address: str, now: datetime) -> None:
    """Check a password, unless too many wrong ones came before.

    What is done, and what it is answered with, is the same whether or not the account exists and is
    enabled.

    Raises
    ------
    InvalidCredentials, TooManyAttempts
    """
    attempt = _Attempt(user_name, address, now)
    stored = attempt.begin()
    if not passwords.is_correct(password, stored):
        attempt.failed()
        raise InvalidCredentials("The user name or the password is wrong.")
    attempt.succeeded()


@dataclass
class _Attempt:
    """One try of a password.

    Attributes
    ----------
    is_counted
        Whether it was counted as a wrong one before the password was looked at.
    is_known
        Whether the user has logged in from this address before.
    """

    user_name: str
    address: str
    now: datetime
    is_counted: bool = False
    is_known: bool = False
    is_fresh: bool = False

    def begin(self) -> str | None:
        """Return the hash of the account's password, if it can log in.

        Raises
        ------
        TooManyAttempts
        """
        keys = {gate: gate.key(what, self.now) for gate, what in self._counted().items()}
        known_key = attempts.known_key(self.user_name, self.address)
        name = self.user_name if is_user_name(self.user_name) else None
        found = logins.look(name, [*keys.values(), known_key])
        if (known := found.items.get(known_key)) is not None:
            self.is_known = True
            left = known.expires - self.now.timestamp()
            self.is_fresh = left > attempts.KNOWN_AGAIN_SECONDS
        for gate, key in keys.items():
            if gate is PAIR or not self.is_known:
                wait = attempts.wait_seconds(gate, found.count(key), self.now)
                if wait:
                    raise TooManyAttempts(wait)
        before = found.count(keys[PAIR])
        if before.failures or not self.is_known:
            # Of several tries at the same time, one goes on.
            self.is_counted = self._count(PAIR, after=before)
            if not self.is_counted:
                raise TooManyAttempts(1)
        return found.password_hash

    def failed(self) -> None:
        """Count a wrong password."""
        if not self.is_counted:
            self._count(PAIR)
        if not self.is_known:
            self._count(ACCOUNT)
            self._count(ADDRESS)

    def succeeded(self) -> None:
        """Forget the wrong passwords before, and know the address from now on."""
        if self.is_counted:
            logins.forget(PAIR.key(self._counted()[PAIR], self.now))
        if not self.is_fresh:
            expires = int(self.now.timestamp()) + attempts.KNOWN_SECONDS
            logins.note(attempts.known_key(self.user_name, self.address), expires)

    def _count(self, gate: Gate, *, after: attempts.Count | None = None) -> bool:
        key = gate.key(self._counted()[gate], self.now)
        return logins.count_failure(key, clock.moment(), gate.ends(self.now), after=after)

    def _counted(self) -> dict[Gate, str]:
        return {
            PAIR: attempts.pair(self.user_name, self.address),
            ACCOUNT: self.user_name,
            ADDRESS: attempts.network_of(self.address),
        }
