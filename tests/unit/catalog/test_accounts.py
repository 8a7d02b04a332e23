"""Accounts: a name is taken once, and there is always an admin."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from pynamodb.exceptions import PynamoDBException

from mcos.catalog import accounts
from mcos.catalog.tables import AccountItem
from mcos.errors import AccountNotFound, Conflict, LastAdmin
from mcos.model.accounts import Account, Role
from tests.support.interleaving import interleavings
from tests.support.network import Died, Manner, Network

pytestmark = pytest.mark.usefixtures("network")


def admins(*names: str) -> None:
    for name in names:
        assert accounts.create(name, f"scrypt${name}", Role.ADMIN)


def is_admin(name: str) -> bool:
    found = accounts.find(name)
    assert found is not None
    return found.is_admin


def test_an_account_is_made_once_and_keeps_its_first_password() -> None:
    assert accounts.password_hash("ada") is None
    assert accounts.create("ada", "scrypt$first")
    assert not accounts.create("ada", "scrypt$second", Role.ADMIN)
    assert accounts.password_hash("ada") == "scrypt$first"
    assert accounts.password_hash("Ada") is None
    assert not is_admin("ada")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("manner", [Manner.LOST])
def test_a_create_whose_reply_was_lost_says_whether_it_made_it(
    network: Network, there: bool, manner: Manner
) -> None:
    if there:
        accounts.create("ada", "scrypt$first")
    with network.record((0, manner)):
        made = accounts.create("ada", "scrypt$second")
    assert (made is None) is there
    assert accounts.password_hash("ada") == ("scrypt$first" if there else "scrypt$second")


def test_an_account_is_read_without_its_hash(network: Network) -> None:
    made = accounts.create("ada", "scrypt$first", Role.ADMIN)
    with network.record() as calls:
        assert accounts.find("ada") == made
        assert accounts.find("bob") is None
    assert [call.name for call in calls] == ["dynamodb:GetItem"] * 2
    assert "scrypt" not in repr(made)


def test_a_disabled_account_has_no_hash_to_log_in_with() -> None:
    accounts.create("ada", "scrypt$first")
    accounts.change("ada", enabled=False)
    assert accounts.password_hash("ada") is None
    accounts.change("ada", enabled=True)
    assert accounts.password_hash("ada") == "scrypt$first"


def test_what_is_not_changed_stays(network: Network) -> None:
    before = accounts.create("bob", "scrypt$first")
    assert before is not None
    with network.record() as calls:
        assert accounts.change("bob") == before
    assert [call.name for call in calls] == ["dynamodb:GetItem"]
    with network.record() as calls:
        changed = accounts.change("bob", password_hash="scrypt$second")
    assert [call.name for call in calls] == ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    assert changed == before == accounts.find("bob")
    assert accounts.password_hash("bob") == "scrypt$second"


def test_an_account_that_is_not_there_is_not_made_by_changing_it() -> None:
    with pytest.raises(AccountNotFound):
        accounts.change("bob", enabled=True)
    assert accounts.find("bob") is None


@pytest.mark.parametrize("change", [{"role": Role.USER}, {"enabled": False}])
def test_an_admin_steps_down_only_while_another_one_is_there(change: dict[str, object]) -> None:
    admins("ada", "eve")
    accounts.create("bob", "hash")
    accounts.change("ada", **change)  # type: ignore[arg-type]
    assert not is_admin("ada")
    with pytest.raises(LastAdmin):
        accounts.change("eve", **change)  # type: ignore[arg-type]
    assert is_admin("eve")
    accounts.change("bob", **change)  # type: ignore[arg-type]
    accounts.change("ada", role=Role.ADMIN, enabled=True)
    accounts.change("eve", **change)  # type: ignore[arg-type]
    assert not is_admin("eve")


def test_an_admin_who_is_disabled_already_may_become_a_user() -> None:
    admins("ada", "eve")
    accounts.change("ada", enabled=False)
    accounts.change("ada", role=Role.USER)
    accounts.change("eve", password_hash="scrypt$new", role=Role.ADMIN, enabled=True)
    assert is_admin("eve")


@pytest.mark.parametrize("change", [{"role": Role.USER}, {"enabled": False}])
def test_of_two_admins_who_put_each_other_down_one_stays(
    network: Network, change: dict[str, object]
) -> None:
    """The other one's call is done after this one has found a witness, and before it writes."""
    admins("ada", "eve")
    written = 0

    def before(name: str) -> None:
        nonlocal written
        written += name == "dynamodb:UpdateItem"
        if written == 2:
            network.before = None
            with network.outside():
                accounts.change("ada", **change)  # type: ignore[arg-type]

    network.before = before
    with pytest.raises(LastAdmin):
        accounts.change("eve", **change)  # type: ignore[arg-type]
    assert is_admin("eve")
    assert not is_admin("ada")


def test_of_many_admins_who_step_down_at_once_one_stays() -> None:
    names = ["ada", "eve", "joe", "kim"]
    admins(*names)
    together = Barrier(len(names))

    def step_down(name: str) -> None:
        together.wait()
        try:
            accounts.change(name, role=Role.USER)
        except (LastAdmin, Conflict):
            return

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(step_down, names))
    assert sum(map(is_admin, names)) == 1


def test_who_becomes_an_admin_meanwhile_steps_down_as_one(network: Network) -> None:
    """It was a user when it was looked at."""
    admins("ada")
    accounts.create("bob", "hash")

    def before(name: str) -> None:
        if name == "dynamodb:UpdateItem":
            network.before = None
            with network.outside():
                accounts.change("bob", role=Role.ADMIN)
                accounts.change("ada", enabled=False)

    network.before = before
    with pytest.raises(LastAdmin):
        accounts.change("bob", enabled=False)
    assert is_admin("bob")


@pytest.mark.parametrize("number", range(4))
def test_a_step_down_one_of_whose_replies_was_lost_is_done(network: Network, number: int) -> None:
    admins("ada", "eve")
    with network.record((number, Manner.LOST)) as calls:
        changed = accounts.change("ada", role=Role.USER)
    assert len(calls) > number
    assert changed == accounts.find("ada")
    assert is_admin("eve")


@pytest.mark.parametrize("manner", [Manner.DIES, Manner.UNKNOWN])
def test_a_step_down_that_ends_anywhere_holds_up_nobody(network: Network, manner: Manner) -> None:
    """And there is an admin all the time."""
    for number in range(4):
        names = [f"{who}{number}" for who in ("ada", "eve")]
        admins(*names)
        with network.record((number, manner)), suppress(Died, PynamoDBException):
            accounts.change(names[0], role=Role.USER)
        assert is_admin(names[1])
        if is_admin(names[0]):
            accounts.change(names[1], enabled=False)
            assert is_admin(names[0])
        with pytest.raises(LastAdmin):
            accounts.change(next(filter(is_admin, names)), role=Role.USER)
        end(*names)


def end(*names: str) -> None:
    """Remove the accounts, which nobody else may."""
    for name in names:
        AccountItem(name).delete()


@pytest.mark.parametrize("change", [{"role": Role.USER}, {"enabled": False}])
def test_admins_who_step_down_in_every_order_leave_one(
    network: Network, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_TRIES", 1)  # they could hold each other up all the time
    orders = 0
    for stage in interleavings(network):
        with network.outside():
            admins("ada", "eve")
        outcomes = stage.play(
            lambda: accounts.change("ada", **change),  # type: ignore[arg-type]
            lambda: accounts.change("eve", **change),  # type: ignore[arg-type]
        )
        orders += 1
        with network.outside():
            assert any(map(is_admin, ("ada", "eve")))
            end("ada", "eve")
        assert all(isinstance(one, Account | LastAdmin | Conflict) for one in outcomes), outcomes
        assert not all(isinstance(one, Account) for one in outcomes)
    assert orders > 5
