"""Accounts as plain values: one user, one account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Given = Mapping[str, float | None]
"""Some fields of a quota, as an operator has given them: see ``mcos.model.quotas.Quota``."""


class Role(StrEnum):
    """USER may make the calls for its own data, ADMIN also the operators' calls."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True)
class Account:
    """An account. The hash of its password stays in the catalog.

    Attributes
    ----------
    is_enabled
        Whether it can log in. Disabling an account revokes its tokens.
    created_at
        RFC 3339.
    quota
        What of its quota is not the default: see ``mcos.model.quotas``.
    """

    user_name: str
    role: Role
    is_enabled: bool
    created_at: str
    quota: Given = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Whether it may make operators' calls."""
        return self.is_enabled and self.role is Role.ADMIN
