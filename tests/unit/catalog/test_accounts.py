"""Accounts: a name is taken once."""

import pytest

from mcos.catalog import accounts

pytestmark = pytest.mark.usefixtures("network")


def test_an_account_is_made_once_and_keeps_its_first_password() -> None:
    assert accounts.password_hash("ada") is None
    assert accounts.create("ada", "scrypt$first")
    assert not accounts.create("ada", "scrypt$second")
    assert accounts.password_hash("ada") == "scrypt$first"
    assert accounts.password_hash("Ada") is None
