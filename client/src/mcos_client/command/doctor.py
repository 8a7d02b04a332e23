"""mcos doctor: what keeps the command from working, and what to do about it."""

import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Literal

import typer

from mcos_client import (
    CatalogUnavailable,
    Health,
    McosError,
    NotAuthenticated,
    NotUsable,
    Unreachable,
    __version__,
)
from mcos_client.command.shared.exit_codes import ExitCode
from mcos_client.command.shared.output import print_json, time_of
from mcos_client.command.shared.session import Json, Session, session_of
from mcos_client.config import ConfigProblem, NotLoggedIn, Profile

CLOCK_SECONDS = 60
"""Clocks that differ by more are told; replies tell time in whole seconds."""


@dataclass(frozen=True)
class Check:
    """What was found of one thing; ``advice``: what to do, if anything is wrong."""

    what: str
    found: str
    advice: str | None = None

    @property
    def state(self) -> Literal["ok", "wrong"]:
        return "ok" if self.advice is None else "wrong"


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look at what the command needs, and say what to do if it is wrong.

    Looked at are its version, its configuration, each entry point with its clock, and the login.
    It ends with 1 if anything is wrong.
    """
    session = session_of(context)
    wrong = False
    for check in _checks(session):
        wrong = wrong or check.advice is not None
        if session.json:
            told = {"check": check.what, "state": check.state, "found": check.found}
            print_json(session, {**told, "advice": check.advice})
            continue
        session.console.print(f"{check.state:5}  {check.what}: {check.found}")
        if check.advice is not None:
            session.console.print(f"       {check.advice}")
    if wrong:
        raise typer.Exit(ExitCode.OTHER)


def _checks(session: Session) -> Iterator[Check]:
    where = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Check("version", f"mcos {__version__}, {where}")
    try:
        profile = session.profile
    except (ConfigProblem, NotLoggedIn) as error:
        advice = "Repair the file, or move it away and log in again."
        if isinstance(error, NotLoggedIn):
            advice = "Log in: mcos login URL --user NAME; --profile or MCOS_PROFILE choose another."
        yield Check("configuration", str(error), advice)
        return
    yield _configuration(session.config, session.profile_name, profile)
    works = False
    for url in profile.entry_points:
        answered, check = _entry_point(session, url)
        works = works or answered
        yield check
    if works:
        yield _login(session, profile)


def _configuration(path: Path, name: str, profile: Profile) -> Check:
    return Check("configuration", f"{path}: profile {name!r} is {profile.user_name}")


def _entry_point(session: Session, url: str) -> tuple[bool, Check]:
    """Return whether it answers, and what there is to say of it."""
    what = f"entry point {url}"
    started = perf_counter()
    try:
        with session.client_at((url,), retries=0) as client:
            found = client.health()
    except McosError as error:
        return False, Check(what, str(error), _advice(error))
    took = perf_counter() - started
    told = f"cluster {found.cluster}, release {found.release}, {took * 1000:.0f} ms"
    if found.at is None:
        return True, Check(what, told)
    return True, _clock(what, told, found, found.at - datetime.now(UTC))


def _clock(what: str, told: str, found: Health, ahead: timedelta) -> Check:
    seconds = round(ahead.total_seconds())
    if abs(seconds) <= CLOCK_SECONDS:
        return Check(what, f"{told}, clocks agree")
    which = "ahead of" if seconds > 0 else "behind"
    return Check(
        what,
        f"{told}, its clock is {abs(seconds)} s {which} this machine's",
        "Set this machine's clock, by NTP for instance: times of files and logins are told by it.",
    )


def _advice(error: McosError) -> str:
    if isinstance(error, CatalogUnavailable):
        return (
            "It runs and cannot read its catalog: use another entry point, and tell its operator."
        )
    if isinstance(error, NotUsable):
        return "Look at the URL, and at the proxy in HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
    if isinstance(error, Unreachable):
        return "Look at the URL, the network and the proxy (HTTPS_PROXY); is it running?"
    if error.code == "internal_error" or (error.status or 0) >= 500:
        return "It answers and does not work: use another entry point, and tell its operator."
    return "No entry point of this release answers there: look at the URL, or ask its operator."


def _login(session: Session, profile: Profile) -> Check:
    what = "login"
    try:
        with session.client() as client:
            client.list_container(limit=1)
    except NotAuthenticated as error:
        return Check(what, str(error), f"Run mcos login {profile.entry_points[0]} --user NAME.")
    except McosError as error:
        return Check(what, str(error), _advice(error))
    until = profile.expires_at
    with suppress(ConfigProblem, NotLoggedIn, ValueError):
        until = time_of(datetime.fromisoformat(session.profile.expires_at))
    return Check(what, f"{profile.user_name} is logged in, until {until} unless mcos is used")
