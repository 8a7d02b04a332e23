"""login: exchange a user name and a password for a token."""

from mcos import clock
from mcos.auth import passwords, tokens
from mcos.auth.tokens import Token
from mcos.catalog import accounts
from mcos.errors import InvalidCredentials
from mcos.model.names import is_user_name


def login(user_name: str, password: str) -> Token:
    """Exchange credentials for a token that is valid for an hour: one network call.

    The work is the same whether or not the account exists and is enabled.

    Raises
    ------
    InvalidCredentials
    """
    # Before the account is read, so that a revocation after that revokes this token too.
    asked_at = clock.moment()
    stored = accounts.password_hash(user_name) if is_user_name(user_name) else None
    if not passwords.is_correct(password, stored):
        raise InvalidCredentials("The user name or the password is wrong.")
    return tokens.issue(user_name, at=asked_at)
