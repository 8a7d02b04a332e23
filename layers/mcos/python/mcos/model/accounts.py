"""Accounts as plain values: one user, one account."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account may call: USER the calls for its own data, ADMIN the operators' calls too."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Account:
    """An account; its password's hash is nowhere but in the catalog.

    Attributes
    ----------
    enabled
        Whether it can log in. Tokens that it had before it was disabled are void.
    created_at
        RFC 3339.
    """

    user_name: str
    role: Role
    enabled: bool
    created_at: str

    @property
    def is_admin(self) -> bool:
        """Whether it may make operators' calls now."""
        return self.enabled and self.role is Role.ADMIN
