"""Operators' calls are for whoever is an enabled admin now."""

import pytest

from mcos.admin.guard import require_admin
from mcos.catalog import accounts
from mcos.errors import NotPermitted
from mcos.model.accounts import Role
from tests.support.network import Network

pytestmark = pytest.mark.usefixtures("network")


def refused(account: str) -> bool:
    try:
        require_admin(account)
    except NotPermitted:
        return True
    return False


def test_an_enabled_admin_is_let_through_and_nobody_else() -> None:
    accounts.create("ada", "hash", Role.ADMIN)
    accounts.create("eve", "hash", Role.ADMIN)
    accounts.create("bob", "hash")
    accounts.change("eve", enabled=False)
    assert not refused("ada")
    assert refused("eve")
    assert refused("bob")
    assert refused("nobody")


def test_it_is_looked_up_at_every_call_strongly_consistent(network: Network) -> None:
    accounts.create("ada", "hash", Role.ADMIN)
    accounts.create("eve", "hash", Role.ADMIN)
    assert not refused("ada")
    accounts.change("ada", role=Role.USER)
    with network.record() as calls:
        assert refused("ada")
    assert [call.name for call in calls] == ["dynamodb:GetItem"]
