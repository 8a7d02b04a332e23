"""Passwords: kept as scrypt hashes, verified with the same work whether or not there is one."""

import hashlib
from typing import Any

import pytest

from mcos.auth import passwords


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What scrypt was asked for; it is done with little work."""
    asked: list[dict[str, Any]] = []
    scrypt = hashlib.scrypt

    def cheap(password: bytes, **parameters: Any) -> bytes:
        asked.append({**parameters, "salt": len(parameters["salt"])})
        return scrypt(password, **{**parameters, "n": 2})

    monkeypatch.setattr(hashlib, "scrypt", cheap)
    return asked


def test_the_right_password_is_the_only_one() -> None:
    """With all of the work."""
    stored = passwords.hash_password("correct horse")
    assert passwords.is_correct("correct horse", stored)
    assert not passwords.is_correct("Correct horse", stored)


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("password", ["x", "", "é日本", "\ud800", "a" * 4000, "nul\0", " "])
def test_any_text_can_be_a_password(password: str) -> None:
    stored = passwords.hash_password(password)
    assert passwords.is_correct(password, stored)
    assert not passwords.is_correct(password + "x", stored)


@pytest.mark.usefixtures("work")
def test_without_a_hash_no_password_is_right() -> None:
    for password in ("", "x", "\0" * 32):
        assert not passwords.is_correct(password, None)
        assert not passwords.is_correct(password, "")


@pytest.mark.usefixtures("work")
def test_the_same_password_is_never_stored_alike() -> None:
    assert passwords.hash_password("x") != passwords.hash_password("x")


def test_the_same_work_is_done_whether_or_not_there_is_an_account(
    work: list[dict[str, Any]],
) -> None:
    stored = passwords.hash_password("x")
    work.clear()
    passwords.is_correct("y", stored)
    passwords.is_correct("y", None)
    with_account, without = work
    assert with_account == without
    # OWASP Password Storage Cheat Sheet: N=2^15, r=8, p=3.
    assert (without["n"], without["r"], without["p"], without["dklen"]) == (2**15, 8, 3, 32)
