"""What keeps the command from working."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from mcos_client.config import Profile, write_profile
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import ENTRY_POINT, problem


def checks(mcos: Mcos, code: int = 0) -> dict[str, tuple[str, str, str | None]]:
    values = mcos("doctor", "--json", code=code).values
    return {one["check"]: (one["state"], one["found"], one["advice"]) for one in values}


def dated(mcos: Mcos, ahead: timedelta) -> None:
    """Let replies tell the time of a clock that is so far ahead."""

    def instead(request: httpx.Request) -> httpx.Response:
        reply = mcos.system.answer(request)
        reply.headers["date"] = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
        return reply

    mcos.system.instead = instead


def test_all_is_well(mcos: Mcos) -> None:
    dated(mcos, timedelta(0))
    found = checks(mcos)
    assert list(found) == ["version", "configuration", f"entry point {ENTRY_POINT}", "login"]
    assert {state for state, _, _ in found.values()} == {"ok"}
    assert "cluster s3, release 0.1.0" in found[f"entry point {ENTRY_POINT}"][1]
    assert "clocks agree" in found[f"entry point {ENTRY_POINT}"][1]
    assert mcos.system.account in found["login"][1]
    text = mcos("doctor").text
    assert text.count("ok ") == 4
    assert mcos.system.token not in text


def test_a_reply_without_a_time_says_nothing_of_clocks(mcos: Mcos) -> None:
    assert "clock" not in checks(mcos)[f"entry point {ENTRY_POINT}"][1]


@pytest.mark.parametrize(("minutes", "told"), [(10, "ahead of"), (-10, "behind")])
def test_a_clock_that_differs(mcos: Mcos, minutes: int, told: str) -> None:
    dated(mcos, timedelta(minutes=minutes))
    all_of_it = checks(mcos, code=1)
    state, found, advice = all_of_it[f"entry point {ENTRY_POINT}"]
    assert state == "wrong"
    assert all_of_it["login"][0] == "ok"  # it answers, after all
    assert told in found
    assert "NTP" in str(advice)


def test_without_a_login(stranger: Mcos) -> None:
    state, _, advice = checks(stranger, code=1)["configuration"]
    assert state == "wrong"
    assert "mcos login" in str(advice)
    assert not stranger.config.exists()


def test_a_file_that_others_can_read(mcos: Mcos) -> None:
    mcos.config.chmod(0o644)
    assert "chmod 600" in checks(mcos, code=1)["configuration"][1]


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (refused, "is it running"),
        (lambda request: problem(503, "catalog_unavailable"), "catalog"),
        (lambda request: problem(500, "internal_error"), "tell its operator"),
        (lambda request: httpx.Response(502, text="<html>"), "tell its operator"),
        (lambda request: httpx.Response(404, text="<html>"), "No entry point"),
        (lambda request: httpx.Response(200, text="<html>"), "No entry point"),
    ],
    ids=["refused", "catalog", "500", "502", "404", "another service"],
)
def test_an_entry_point_that_does_not_work(
    mcos: Mcos, instead: Callable[[httpx.Request], httpx.Response], told: str
) -> None:
    mcos.system.instead = instead
    found = checks(mcos, code=1)
    assert list(found) == ["version", "configuration", f"entry point {ENTRY_POINT}"]
    state, _, advice = found[f"entry point {ENTRY_POINT}"]
    assert state == "wrong"
    assert told in str(advice)
    assert len(mcos.system.requests) == 1  # no attempt is repeated: people wait for this


def test_each_entry_point_is_asked_itself(mcos: Mcos) -> None:
    urls = (ENTRY_POINT, "http://down.test")
    profile = Profile(urls, mcos.system.account, mcos.system.token, "2030-01-01T00:00:00Z")
    write_profile(mcos.config, "default", profile)
    mcos.system.instead = lambda request: (
        refused(request) if request.url.host == "down.test" else None
    )
    states = [state for state, _, _ in checks(mcos, code=1).values()]
    assert states == ["ok", "ok", "ok", "wrong", "ok"]


def test_a_token_that_has_expired(mcos: Mcos) -> None:
    mcos.system.server_clock.freeze(3601)
    state, _, advice = checks(mcos, code=1)["login"]
    assert state == "wrong"
    assert f"mcos login {ENTRY_POINT}" in str(advice)
