"""Accounts as operators create and change them, and what becomes of their tokens."""

from datetime import UTC, datetime

import pytest
from pynamodb.exceptions import PutError

from mcos import clock, limits
from mcos.admin.accounts import change_account, create_account, list_accounts
from mcos.auth import passwords, revocation, tokens
from mcos.calls.login import login
from mcos.catalog import accounts
from mcos.catalog.registry import REVOCATION, current_registry, forget
from mcos.catalog.tables import RegistryItem
from mcos.errors import (
    AccountExists,
    AccountNotFound,
    InvalidBody,
    InvalidCredentials,
    InvalidName,
    InvalidQuery,
    LastAdmin,
    TokenRevoked,
)
from mcos.model.accounts import Role
from tests.support.network import Manner, Network
from tests.support.token_keys import use_keys

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for tokens, and hashes that take no time."""
    use_keys(monkeypatch)
    monkeypatch.setattr(limits, "PASSWORD_WORK", 2)


def is_good(token: str) -> bool:
    claims = tokens.claims_of(token)
    try:
        revocation.check(claims.account, claims.begun_at, claims.session)
    except TokenRevoked:
        return False
    return True


def test_an_account_can_log_in_once_it_is_created() -> None:
    made = create_account("bob", "first password", Role.USER)
    assert (made.user_name, made.role, made.is_enabled) == ("bob", Role.USER, True)
    assert accounts.find("bob") == made
    assert is_good(login("bob", "first password").token)


def test_a_name_is_taken_once() -> None:
    create_account("bob", "first password", Role.USER)
    with pytest.raises(AccountExists):
        create_account("bob", "second password", Role.ADMIN)
    assert login("bob", "first password")
    found = accounts.find("bob")
    assert found is not None
    assert found.role is Role.USER


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "é", "x" * 65, "a/b"])
def test_what_is_no_user_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        create_account(name, "some password", Role.USER)
    with pytest.raises(AccountNotFound):
        change_account(name, enabled=False)


@pytest.mark.parametrize("length", [0, limits.PASSWORD_CHARACTERS + 1])
def test_a_password_that_nobody_could_log_in_with_is_refused(length: int) -> None:
    with pytest.raises(InvalidBody, match="password"):
        create_account("bob", "x" * length, Role.USER)
    assert accounts.find("bob") is None
    longest = ("longest" * limits.PASSWORD_CHARACTERS)[: limits.PASSWORD_CHARACTERS]
    create_account("bob", longest, Role.USER)
    with pytest.raises(InvalidBody, match="password"):
        change_account("bob", password="x" * length)
    assert login("bob", longest)


def test_an_account_that_is_not_there_is_not_made_by_changing_it() -> None:
    with pytest.raises(AccountNotFound):
        change_account("bob", password="new password", role=Role.ADMIN, enabled=True)
    assert accounts.find("bob") is None
    assert current_registry(fresh=True).revoked == {}


def test_a_new_password_voids_the_tokens_there_are_and_no_later_one() -> None:
    create_account("bob", "old password", Role.USER)
    create_account("eve", "old password", Role.USER)
    before, others = login("bob", "old password").token, login("eve", "old password").token
    change_account("bob", password="new password")
    after = login("bob", "new password").token
    assert not is_good(before)
    assert is_good(after)
    assert is_good(others)
    with pytest.raises(InvalidCredentials):
        login("bob", "old password")


def test_a_disabled_account_has_no_good_token_and_gets_none_until_it_is_enabled() -> None:
    create_account("bob", "word of bob", Role.USER)
    before = login("bob", "word of bob").token
    assert not change_account("bob", enabled=False).is_enabled
    assert not is_good(before)
    with pytest.raises(InvalidCredentials) as refused:
        login("bob", "word of bob")
    with pytest.raises(InvalidCredentials) as wrong:
        login("bob", "wrong")
    assert str(refused.value) == str(wrong.value)
    assert change_account("bob", enabled=True).is_enabled
    assert not is_good(before)
    assert is_good(login("bob", "word of bob").token)


def test_a_disabled_account_costs_as_much_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create_account("bob", "word of bob", Role.USER)
    change_account("bob", enabled=False)
    hashed = []
    work = passwords._scrypt

    def counted(password: str, salt: bytes) -> bytes:
        hashed.append(password)
        return work(password, salt)

    monkeypatch.setattr(passwords, "_scrypt", counted)
    with pytest.raises(InvalidCredentials):
        login("bob", "word of bob")
    assert hashed == ["word of bob"]


def test_a_login_that_looked_before_the_account_was_disabled_gets_a_void_token(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the hash, and does the work of the password while the account is disabled."""
    create_account("bob", "word of bob", Role.USER)
    work = passwords.is_correct

    def meanwhile(password: str, stored: str | None) -> bool:
        change_account("bob", enabled=False)
        return work(password, stored)

    monkeypatch.setattr(passwords, "is_correct", meanwhile)
    assert not is_good(login("bob", "word of bob").token)


def test_another_role_voids_nothing() -> None:
    create_account("bob", "word of bob", Role.USER)
    token = login("bob", "word of bob").token
    assert change_account("bob", role=Role.ADMIN).role is Role.ADMIN
    assert change_account("bob", enabled=True).is_admin
    assert is_good(token)


def test_the_last_admin_stays_and_keeps_its_tokens() -> None:
    create_account("ada", "word of bob", Role.ADMIN)
    token = login("ada", "word of bob").token
    for change in (
        {"role": Role.USER},
        {"enabled": False},
        {"password": "another password", "enabled": False},
    ):
        with pytest.raises(LastAdmin):
            change_account("ada", **change)
    assert is_good(token)
    assert login("ada", "word of bob")


def test_a_change_whose_revocation_fails_is_no_success_and_can_be_repeated(
    network: Network,
) -> None:
    create_account("bob", "word of bob", Role.USER)
    token = login("bob", "word of bob").token
    with network.record((2, Manner.FAILS)), pytest.raises(PutError):
        change_account("bob", enabled=False)
    assert is_good(token)
    change_account("bob", enabled=False)
    assert not is_good(token)


def test_a_revocation_goes_when_the_last_token_has_ended_that_it_voids() -> None:
    create_account("bob", "word of bob", Role.USER)
    token = tokens.claims_of(login("bob", "word of bob").token)
    change_account("bob", password="new password")
    item = RegistryItem.get(REVOCATION, "bob")
    before = datetime.fromisoformat(item.document["before"])
    assert token.issued_at < before.timestamp() <= datetime.now(UTC).timestamp()
    assert 0 <= item.expires - (before.timestamp() + limits.TOKEN_SECONDS) <= 2


def test_tokens_are_checked_without_a_call_while_the_reading_is_young(network: Network) -> None:
    create_account("bob", "word of bob", Role.USER)
    forget()
    with network.record() as calls:
        for _ in range(3):
            revocation.check("bob", datetime.now(UTC).timestamp())
    assert [call.name for call in calls] == ["dynamodb:Scan"]


def test_pages_show_every_account_once_and_no_hash() -> None:
    names = {f"user-{number}" for number in range(7)}
    for name in names:
        create_account(name, "word of bob", Role.USER)
    found, marker = [], ""
    while True:
        page = list_accounts(marker=marker, limit=3)
        assert len(page.accounts) <= 3
        found += page.accounts
        if page.more_after is None:
            break
        marker = page.more_after
    assert {one.user_name for one in found} == names
    assert len(found) == len(names)
    assert "scrypt" not in repr(found)
    with pytest.raises(InvalidQuery):
        list_accounts(marker="no user name", limit=3)


def test_its_moment_is_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-01-01T00:00:00.000Z")
    assert create_account("bob", "word of bob", Role.USER).created_at == "2026-01-01T00:00:00.000Z"
