"""mcos login, and the file that it keeps."""

import json
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest

from mcos_client.config import config_path
from tests.unit.client.command_line import Mcos, Result
from tests.unit.client.system import ENTRY_POINT, PASSWORD, System


@pytest.fixture(autouse=True)
def account(system: System) -> None:
    system.add_account()


def login(mcos: Mcos, *options: str, secret: str = PASSWORD, code: int = 0) -> Result:
    user = ("--user", mcos.system.account)
    stdin = f"{secret}\n".encode()
    return mcos("login", ENTRY_POINT, *user, "--password-stdin", *options, stdin=stdin, code=code)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_readable_by_its_owner_only_and_has_no_password(stranger: Mcos) -> None:
    before = os.umask(0)
    try:
        login(stranger)
    finally:
        os.umask(before)
    assert mode(stranger.config) == 0o600
    assert mode(stranger.config.parent) == 0o700
    assert PASSWORD not in stranger.config.read_text()
    [profile] = json.loads(stranger.config.read_text())["profiles"].values()
    assert profile.keys() == {
        "entry_points",
        "user_name",
        "token",
        "expires_at",
        "received_at",
    }
    assert profile["entry_points"] == [ENTRY_POINT]
    assert profile["user_name"] == stranger.system.account
    assert datetime.fromisoformat(profile["expires_at"]).tzinfo is not None
    stranger("ls")  # by the token
    assert os.listdir(stranger.config.parent) == [stranger.config.name]


def test_the_password_is_asked_for(stranger: Mcos) -> None:
    typed = f"{PASSWORD}\n".encode()
    result = stranger("login", ENTRY_POINT, "--user", stranger.system.account, stdin=typed)
    assert "Password" in result.errors
    assert PASSWORD not in result.text + result.errors


def test_a_wrong_password_keeps_nothing(stranger: Mcos) -> None:
    result = login(stranger, secret="wrong", code=5)
    assert result.errors.endswith(" [invalid_credentials]\n")
    assert not stranger.config.exists()


def test_an_empty_password_and_what_is_no_url_are_usage(stranger: Mcos) -> None:
    login(stranger, secret="", code=2)
    stranger("login", "mcos.test", "--user", "demo", "--password-stdin", stdin=b"x\n", code=2)
    assert stranger.system.requests == []


def test_profiles_stand_side_by_side(stranger: Mcos, monkeypatch: pytest.MonkeyPatch) -> None:
    login(stranger, "--profile", "work")
    stranger("ls", code=5)
    stranger("--profile", "work", "ls")
    monkeypatch.setenv("MCOS_PROFILE", "work")
    stranger("ls")
    monkeypatch.setenv("MCOS_PROFILE", "home")
    login(stranger)
    assert sorted(json.loads(stranger.config.read_text())["profiles"]) == ["home", "work"]


def test_without_a_login_it_says_what_to_do(stranger: Mcos) -> None:
    result = stranger("ls", code=5)
    assert "run mcos login" in result.errors
    assert result.errors.count("\n") == 1


def test_a_file_that_others_can_read_is_not_used(mcos: Mcos) -> None:
    mcos.config.chmod(0o640)
    assert "chmod 600" in mcos("ls", code=1).errors


@pytest.mark.parametrize("text", ["", "[]", '{"profiles": {"default": {}}}', '{"profiles": 1}'])
def test_a_file_that_is_none_of_ours_is_left_alone(mcos: Mcos, text: str) -> None:
    mcos.config.write_text(text)
    assert "config_problem" in mcos("ls", code=1).errors
    login(mcos, code=1)
    assert mcos.config.read_text() == text


def test_the_file_is_where_xdg_has_it() -> None:
    home = Path.home() / ".config"
    assert config_path({"MCOS_CONFIG": "/a/b", "XDG_CONFIG_HOME": "/x"}) == Path("/a/b")
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/mcos/config.json")
    assert config_path({"XDG_CONFIG_HOME": "relative"}) == home / "mcos/config.json"
    assert config_path({}) == home / "mcos/config.json"
