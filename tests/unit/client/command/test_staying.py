"""Staying logged in, logging out, and changing the password."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from mcos_client import Client, Token, TokenRevoked
from mcos_client.config import (
    Profile,
    ProfileToken,
    read_profile,
    remove_profile,
    write_profile,
)
from mcos_client.fs import McosFileSystem
from mcos_client.sending.tokens import RENEW_AFTER
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import ENTRY_POINT, PASSWORD, System, problem

NEW = "another-Password-2"


@pytest.fixture(autouse=True)
def account(system: System) -> None:
    system.add_account()


def log_in(mcos: Mcos, *options: str, secret: str = PASSWORD, code: int = 0) -> None:
    user = ("--user", mcos.system.account)
    stdin = f"{secret}\n".encode()
    mcos("login", ENTRY_POINT, *user, "--password-stdin", *options, stdin=stdin, code=code)
    mcos.system.requests.clear()


def kept(mcos: Mcos, name: str = "default") -> Profile:
    return read_profile(mcos.config, name)


def let_it_age(mcos: Mcos, seconds: float = RENEW_AFTER) -> None:
    """Let the kept token have come so long ago, on this machine and at the service."""
    profile = kept(mcos)
    then = datetime.fromisoformat(profile.received_at) - timedelta(seconds=seconds)
    write_profile(mcos.config, "default", replace(profile, received_at=then.isoformat()))
    mcos.system.server_clock.freeze(seconds)


def paths(mcos: Mcos) -> list[str]:
    return [one.url.path.rpartition("/v1")[2] for one in mcos.system.requests]


def test_who_runs_commands_now_and_then_stays_logged_in_for_a_week(stranger: Mcos) -> None:
    log_in(stranger)
    for _ in range(4):
        let_it_age(stranger, 50 * 60)
        stranger("ls")
    assert paths(stranger) == ["/token", "/containers"] * 4
    assert stat.S_IMODE(stranger.config.stat().st_mode) == 0o600
    assert datetime.fromisoformat(kept(stranger).expires_at) > datetime.now(UTC)
    stranger.system.requests.clear()
    stranger("ls")
    assert paths(stranger) == ["/containers"]


def test_a_session_that_is_over_says_what_to_do(stranger: Mcos) -> None:
    log_in(stranger)
    let_it_age(stranger, 3601)
    result = stranger("ls", code=5)
    assert "Run mcos login" in result.errors
    assert result.errors.count("\n") == 1


def test_a_profile_of_the_release_before_is_used_as_it_is(mcos: Mcos) -> None:
    config = json.loads(mcos.config.read_text())
    del config["profiles"]["default"]["received_at"]
    mcos.config.write_text(json.dumps(config))
    mcos("ls")
    assert paths(mcos) == ["/containers"]
    assert json.loads(mcos.config.read_text()) == config


def test_a_folder_that_cannot_be_written_keeps_no_command_from_working(
    stranger: Mcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(stranger)
    let_it_age(stranger)
    before = stranger.config.read_text()

    def refuse(path: Path, text: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("mcos_client.config.write_private", refuse)
    stranger("ls")
    assert paths(stranger) == ["/token", "/containers"]
    assert stranger.config.read_text() == before


def test_who_has_logged_in_or_out_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    profile = Profile((ENTRY_POINT,), "ada", "old", "2030-01-01T00:00:00Z")
    new = Token("new", datetime(2030, 1, 1, tzinfo=UTC))
    store = ProfileToken(path, "default", profile)
    others = {
        "another login": replace(profile, token="other"),
        "another user": replace(profile, user_name="bob"),
        "another place": replace(profile, entry_points=("http://other.test",)),
    }
    for other in others.values():
        write_profile(path, "default", other)
        store.replace("old", new)
        assert read_profile(path, "default") == other
    remove_profile(path, "default")
    store.replace("old", new)
    assert store.read() is None
    write_profile(path, "default", profile)
    store.replace("old", new)
    assert read_profile(path, "default").token == "new"


def test_profiles_that_are_changed_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    profile = Profile((ENTRY_POINT,), "ada", "t", "2030-01-01T00:00:00Z")
    names = [f"p{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: write_profile(path, name, profile), names))
    assert all(read_profile(path, name) == profile for name in names)


def test_a_file_system_of_a_profile_keeps_what_it_has_exchanged(stranger: Mcos) -> None:
    log_in(stranger)
    let_it_age(stranger)
    fs = McosFileSystem(transport=httpx.MockTransport(stranger.system), skip_instance_cache=True)
    fs.ls("")
    assert paths(stranger) == ["/token", "/containers"]
    assert kept(stranger).token == fs.client.token


def test_logout_ends_the_session_and_forgets_it(stranger: Mcos) -> None:
    log_in(stranger)
    log_in(stranger, "--profile", "other")
    token = kept(stranger).token
    assert stranger.system.account in stranger("logout").text
    stranger("ls", code=5)
    stranger("--profile", "other", "ls")
    assert token not in stranger.config.read_text()
    stranger.system.server_clock.freeze(30)
    transport = httpx.MockTransport(stranger.system)
    with Client(ENTRY_POINT, token, transport=transport) as client, pytest.raises(TokenRevoked):
        client.list_container()
    stranger("logout", code=5)


def test_a_session_that_is_over_is_forgotten_by_logout(stranger: Mcos) -> None:
    log_in(stranger)
    let_it_age(stranger, 3601)
    stranger("logout")
    assert "run mcos login" in stranger("ls", code=5).errors


def test_logout_forgets_even_what_it_cannot_end(stranger: Mcos) -> None:
    log_in(stranger)
    stranger.system.instead = lambda request: problem(503, "busy")
    result = stranger("logout", code=6)
    assert "could not be ended" in result.errors
    stranger("ls", code=5)


def passwd(mcos: Mcos, current: str, new: str, code: int = 0) -> None:
    stdin = f"{current}\n{new}\n".encode()
    result = mcos("passwd", "--password-stdin", stdin=stdin, code=code)
    assert current not in result.text + result.errors
    assert new not in result.text + result.errors


def test_a_password_is_changed_and_the_session_goes_on(stranger: Mcos) -> None:
    log_in(stranger, "--profile", "other")
    log_in(stranger)
    passwd(stranger, PASSWORD, NEW)
    stranger.system.server_clock.freeze(30)
    stranger("ls")
    stranger("--profile", "other", "ls", code=5)
    log_in(stranger, secret=PASSWORD, code=5)
    log_in(stranger, secret=NEW)


def test_a_wrong_or_weak_password_changes_nothing(stranger: Mcos) -> None:
    log_in(stranger)
    before = stranger.config.read_text()
    passwd(stranger, "wrong-Password-1", NEW, code=5)
    passwd(stranger, PASSWORD, "weak", code=2)
    assert stranger.config.read_text() == before
    stranger("ls")


def test_passwords_are_asked_for_on_the_terminal_and_twice_if_new(stranger: Mcos) -> None:
    log_in(stranger)
    typed = f"{PASSWORD}\n{NEW}\nno-{NEW}\n{NEW}\n{NEW}\n".encode()
    result = stranger("passwd", stdin=typed)
    assert result.errors.count("New password") >= 2
    assert NEW not in result.text + result.errors
    stranger("ls")


def test_a_password_is_no_argument(stranger: Mcos) -> None:
    log_in(stranger)
    stranger("passwd", NEW, code=2)
    assert paths(stranger) == []
