"""``tools/account.py``: how the first admin comes to be."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from mcos import limits
from mcos.auth import passwords
from mcos.catalog import accounts
from mcos.model.accounts import Role
from tools import account

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time."""
    monkeypatch.setattr(limits, "PASSWORD_WORK", 2)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = "word of ada") -> int:
    monkeypatch.setattr(sys, "argv", ["account.py", *arguments])
    monkeypatch.setenv("MCOS_PASSWORD", password)
    return account.main()


def role(name: str) -> Role | None:
    found = accounts.find(name)
    return found.role if found else None


def test_an_account_is_a_users_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "bob") == 0
    assert run(monkeypatch, "--role", "user", "joe") == 0
    assert run(monkeypatch, "--role", "admin", "--", "ada", password="-word of ada") == 0
    assert [role(name) for name in ("bob", "joe", "ada")] == [Role.USER, Role.USER, Role.ADMIN]
    assert passwords.is_correct("-word of ada", accounts.password_hash("ada"))


def test_a_password_may_come_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("word of bob\n"))
    assert run(monkeypatch, "bob", "-") == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("word of joe\n"))
    assert run(monkeypatch, "joe", password="") == 0
    for name in ("bob", "joe"):
        assert passwords.is_correct(f"word of {name}", accounts.password_hash(name))


def test_a_password_is_no_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody on the machine can see those of a process."""
    assert run(monkeypatch, "bob", "word of bob") == 2
    assert role("bob") is None
    assert "word" not in "".join(capsys.readouterr()).removeprefix("A password")


def test_make_hands_it_on_in_the_environment() -> None:
    planned = subprocess.run(
        ["make", "--dry-run", "account", "NAME=bob", "PASSWORD=word-of-bob"],
        cwd=account.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tools/account.py" in planned.stdout
    assert "word-of-bob" not in planned.stdout


def test_what_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bob") == 0
    assert run(monkeypatch, "--role", "admin", "bob", password="other words") == 1
    assert role("bob") is Role.USER
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    for name, password in (
        ("a b", "word of ada"),
        ("eve", ""),
        ("eve", "word"),
        ("eve", "words" * 206),
    ):
        assert run(monkeypatch, name, password=password) == 2
    assert limits.PASSWORD_CHARACTERS == 1024
    with pytest.raises(SystemExit):
        run(monkeypatch, "--role", "root", "eve")
    assert role("eve") is None
    assert "word of ada" not in capsys.readouterr().out


def test_who_was_brought_back_without_a_password_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert accounts.create("bob", "hash", Role.ADMIN)
    assert accounts.create("ada", "", Role.ADMIN)
    assert not passwords.is_correct("", accounts.password_hash("ada"))
    accounts.change("ada", enabled=False)
    assert run(monkeypatch, "ada") == 0
    assert passwords.is_correct("word of ada", accounts.password_hash("ada"))
    assert role("ada") is Role.ADMIN
    assert run(monkeypatch, "ada", password="other words") == 1
    assert passwords.is_correct("word of ada", accounts.password_hash("ada"))
