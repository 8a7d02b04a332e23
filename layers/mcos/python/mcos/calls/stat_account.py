"""stat_account: what an account uses, and what it may use."""

from typing import NamedTuple

from mcos.catalog import usage
from mcos.catalog.registry import current_registry
from mcos.model.quotas import Amount, Quota, quota_of


class AccountStat(NamedTuple):
    """What an account uses, as it was counted some seconds ago, and its quota."""

    used: Amount
    quota: Quota


def stat_account(account: str) -> AccountStat:
    """Return what an account uses, and its quota: one network call."""
    found = usage.get(account)
    return AccountStat(found.shown, quota_of(current_registry().default_quota, found.own))
