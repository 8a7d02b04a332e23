"""Passwords that are guessed, and sessions: refreshed, ended, and ended by another password."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.shared.endpoint import logger
from mcos import limits
from mcos.catalog import accounts, logins
from mcos.catalog.tables import LoginItem
from mcos.model.attempts import ACCOUNT, ADDRESS, KNOWN_SECONDS, PAIR
from tests.support.cloud import CLUSTERS, Cloud
from tests.support.gateway import Reply
from tests.support.network import Died, Manner

ADA, BOB = "ada", "bob"
RIGHT, WRONG, NEW = "the right password", "a wrong password", "the next password"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
LIST = "/v1/containers"


@pytest.fixture(autouse=True)
def people(cloud: Cloud) -> None:
    for name in (ADA, BOB):
        cloud.add_account(name, RIGHT)


def log_in(
    cloud: Cloud, name: str = ADA, password: str = RIGHT, address: str = HERE, at: str = "s3"
) -> Reply:
    body = json.dumps({"user_name": name, "password": password}).encode()
    return cloud.call(at, "POST", "/v1/login", body=body, address=address)


def token_of(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    token: str = reply.json()["token"]
    return token


def is_good(cloud: Cloud, token: str, at: str = "s3") -> bool:
    reply = cloud.call(at, "GET", LIST, token=token)
    assert reply.status in (200, 401)
    return reply.status == 200


def change_password(cloud: Cloud, token: str, current: str, new: str, **given: Any) -> Reply:
    body = json.dumps({"current_password": current, "new_password": new}).encode()
    return cloud.call("s3", "PUT", "/v1/password", body=body, token=token, **given)


# Guessing


def test_a_thousand_wrong_passwords_from_one_address_stop_nobody_else(cloud: Cloud) -> None:
    log_in(cloud, BOB)
    statuses = []
    for number in range(1000):
        reply = log_in(cloud, password=f"{WRONG} {number}", at=CLUSTERS[number % 3])
        statuses.append(reply.status)
        if reply.status == 429:
            assert 1 <= int(reply.headers["retry-after"]) <= PAIR.longest_seconds
            assert reply.code == "too_many_attempts"
        if number % 100 == 50:
            # Another account at the same address, and the account at another address.
            assert log_in(cloud, BOB).status == 200
            assert log_in(cloud, address=ELSEWHERE).status == 200
    assert statuses.count(401) < 20
    assert statuses.count(401) + statuses.count(429) == 1000
    assert log_in(cloud).status == 429, "the right one waits as the wrong ones do"
    cloud.clock.freeze(PAIR.longest_seconds)
    assert log_in(cloud).status == 200
    assert log_in(cloud, password=WRONG).status == 401, "its login has begun a new count"


def test_a_refused_try_costs_one_call_and_no_work(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(PAIR.free + 1):
        log_in(cloud, password=WRONG)
    monkeypatch.setattr("mcos.auth.passwords._scrypt", None)
    with cloud.network.record() as calls:
        assert log_in(cloud).status == 429
    assert [call.name for call in calls] == ["dynamodb:BatchGetItem"]


def test_a_login_costs_one_call_where_its_user_is_known(cloud: Cloud) -> None:
    def calls_of(password: str = RIGHT) -> list[str]:
        with cloud.network.record() as calls:
            log_in(cloud, password=password)
        return [call.name.removeprefix("dynamodb:") for call in calls]

    calls_of()
    cloud.chill()
    assert calls_of() == ["BatchGetItem", "ssm:GetParameter"]
    assert calls_of() == ["BatchGetItem"]
    assert calls_of(WRONG) == ["BatchGetItem", "UpdateItem"]
    assert calls_of(WRONG) == ["BatchGetItem", "UpdateItem"]
    assert calls_of() == ["BatchGetItem", "UpdateItem", "DeleteItem"]
    assert calls_of() == ["BatchGetItem"]


def test_a_login_that_goes_right_leaves_no_count_behind(cloud: Cloud) -> None:
    for _ in range(3 * PAIR.free):
        assert log_in(cloud, password=WRONG).status == 401
        assert log_in(cloud).status == 200


def test_who_is_not_there_is_answered_like_who_is(cloud: Cloud) -> None:
    def story(name: str) -> list[tuple[int, str, str, str | None]]:
        found = []
        for _ in range(12):
            with cloud.network.record() as calls:
                reply = log_in(cloud, name, WRONG, address=ELSEWHERE)
            found.append(
                (
                    reply.status,
                    reply.code,
                    reply.json()["detail"],
                    reply.headers.get("retry-after"),
                    *(call.name for call in calls),
                )
            )
            cloud.clock.freeze(1)
        return found

    begin = cloud.clock.moment()
    assert story(ADA) == story("nobody") == story("no user name")
    assert cloud.clock.moment() > begin


def test_many_addresses_on_one_account_wait_and_its_user_does_not(cloud: Cloud) -> None:
    assert log_in(cloud).status == 200
    statuses = [
        log_in(cloud, password=WRONG, address=f"203.0.113.{number}").status
        for number in range(ACCOUNT.free + 20)
    ]
    assert statuses.count(401) < ACCOUNT.free + 10
    assert statuses[-1] == 429
    # Also the right one, from where nobody has seen the user.
    assert log_in(cloud, address="203.0.113.250").status == 429
    for _ in range(3):
        assert log_in(cloud).status == 200
    # It ends without anybody's help.
    cloud.clock.freeze(ACCOUNT.longest_seconds)
    assert log_in(cloud, address="203.0.113.250").status == 200


def test_one_address_on_many_accounts_waits_but_for_who_is_known_there(cloud: Cloud) -> None:
    assert log_in(cloud).status == 200
    statuses = [
        log_in(cloud, f"user-{number}", WRONG).status for number in range(ADDRESS.free + 20)
    ]
    assert statuses[-1] == 429
    assert log_in(cloud).status == 200
    assert log_in(cloud, BOB).status == 429
    assert log_in(cloud, BOB, address=ELSEWHERE).status == 200
    cloud.clock.freeze(ADDRESS.longest_seconds)
    assert log_in(cloud, BOB).status == 200


@pytest.mark.parametrize("wrong_before", [0, 1])
def test_of_many_tries_at_the_same_time_one_goes_on(cloud: Cloud, wrong_before: int) -> None:
    for _ in range(wrong_before):
        log_in(cloud, password=WRONG)
    key: list[str] = []

    def meanwhile(name: str) -> None:
        if name == "dynamodb:UpdateItem" and not key:
            key.append(name)
            with cloud.network.outside():
                assert log_in(cloud, password=WRONG).status == 401

    cloud.network.before = meanwhile
    try:
        assert log_in(cloud).status == 429
    finally:
        cloud.network.before = None
    assert key


def test_what_is_remembered_of_logins_is_removed_when_it_is_of_no_use(cloud: Cloud) -> None:
    log_in(cloud, password=WRONG)
    log_in(cloud, BOB)

    def count() -> int:
        with cloud.network.outside():
            logins.tidy(lambda: True)
            return len(list(LoginItem.scan()))

    before = count()
    assert before >= 4
    cloud.clock.freeze(24 * 3600)
    assert count() == 1
    cloud.clock.freeze(KNOWN_SECONDS)
    assert count() == 0


# Sessions


def refresh(cloud: Cloud, token: str, at: str = "swift") -> Reply:
    return cloud.call(at, "POST", "/v1/token", token=token)


def logout(cloud: Cloud, token: str, at: str = "s3") -> Reply:
    return cloud.call(at, "POST", "/v1/logout", token=token)


def later_than_the_registry(cloud: Cloud) -> None:
    cloud.clock.freeze(limits.REGISTRY_AGE_SECONDS + 1)


def test_a_session_goes_on_until_it_is_too_old(cloud: Cloud) -> None:
    token = token_of(log_in(cloud))
    step = limits.TOKEN_SECONDS - 60
    for _ in range(limits.SESSION_SECONDS // step):
        cloud.clock.freeze(step)
        with cloud.network.record() as calls:
            token = token_of(refresh(cloud, token))
        made = [one.name for one in calls if one.function == "login"]
        assert [one for one in made if not one.startswith(("secrets", "ssm:"))] == [
            "dynamodb:Scan",  # the registry, which is read again by then
            "dynamodb:BatchGetItem",
        ]
    cloud.clock.freeze(step)
    assert is_good(cloud, token)
    assert refresh(cloud, token).code == "token_expired"


def test_a_token_that_has_expired_is_not_exchanged(cloud: Cloud) -> None:
    token = token_of(log_in(cloud))
    cloud.clock.freeze(limits.TOKEN_SECONDS)
    assert refresh(cloud, token).code == "token_expired"


def test_a_session_that_ended_is_over_and_others_are_not(cloud: Cloud) -> None:
    one, other = token_of(log_in(cloud)), token_of(log_in(cloud))
    next_one = token_of(refresh(cloud, one))
    assert logout(cloud, one).status == 204
    later_than_the_registry(cloud)
    for cluster in CLUSTERS:
        assert not is_good(cloud, one, cluster)
        assert not is_good(cloud, next_one, cluster)
        assert is_good(cloud, other, cluster)
    assert logout(cloud, one).code == "token_revoked"
    token_of(refresh(cloud, other))


def test_no_session_outlives_its_end_by_what_functions_do_not_know_yet(cloud: Cloud) -> None:
    """Who has stolen a token exchanges it in the seconds in which it is still taken."""
    token = token_of(log_in(cloud))
    assert is_good(cloud, token)
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr("mcos.catalog.registry.forget", lambda: None)
        assert logout(cloud, token).status == 204
    assert is_good(cloud, token), "nobody has read the registry since"
    assert refresh(cloud, token).code == "token_revoked"


def test_ending_many_sessions_ends_them_all_and_keeps_the_registry_small(cloud: Cloud) -> None:
    last = token_of(log_in(cloud))
    for _ in range(limits.ENDED_SESSIONS + 1):
        assert is_good(cloud, last)
        assert logout(cloud, token_of(log_in(cloud))).status == 204
    later_than_the_registry(cloud)
    assert not is_good(cloud, last)
    assert refresh(cloud, last).code == "token_revoked"
    assert is_good(cloud, token_of(log_in(cloud)))


def test_many_accounts_that_log_out_do_not_fill_what_every_function_reads(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ACCOUNTS_OF_ENDED_SESSIONS", 1)
    first, second = token_of(log_in(cloud)), token_of(log_in(cloud, BOB))
    assert logout(cloud, first).status == 204
    later_than_the_registry(cloud)
    cloud.chill()
    with cloud.network.record() as calls:
        assert logout(cloud, second).status == 204
    assert "dynamodb:GetItem" not in [one.name for one in calls]
    assert refresh(cloud, second).code == "token_revoked"
    assert not is_good(cloud, first)


def test_ones_own_password_is_changed_and_other_sessions_end(cloud: Cloud) -> None:
    one, other, bobs = (token_of(log_in(cloud, name)) for name in (ADA, ADA, BOB))
    reply = change_password(cloud, one, RIGHT, NEW)
    fresh = token_of(reply)
    assert reply.headers["cache-control"] == "no-store"
    later_than_the_registry(cloud)
    assert is_good(cloud, fresh)
    token_of(refresh(cloud, fresh))
    for old in (one, other):
        assert not is_good(cloud, old)
        assert refresh(cloud, old).code == "token_revoked"
    assert is_good(cloud, bobs)
    assert log_in(cloud).status == 401
    assert log_in(cloud, password=NEW).status == 200


def test_a_token_alone_changes_no_password_and_guesses_none(cloud: Cloud) -> None:
    token = token_of(log_in(cloud))
    statuses = [change_password(cloud, token, WRONG, NEW).status for _ in range(20)]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < PAIR.free + 3
    assert log_in(cloud, address=ELSEWHERE).status == 200


@pytest.mark.parametrize(
    "new", ["", "short", "ninechars", "a" * 20, "abcabcabcabc", "password1234", "Password1234"]
)
def test_a_weak_password_is_refused_and_said_why(cloud: Cloud, new: str) -> None:
    token = token_of(log_in(cloud))
    reply = change_password(cloud, token, RIGHT, new)
    assert (reply.status, reply.code) == (400, "invalid_body")
    assert "password must" in reply.json()["detail"]
    assert log_in(cloud).status == 200


def test_a_disabled_account_gets_no_new_token(cloud: Cloud) -> None:
    token = token_of(log_in(cloud))
    with cloud.network.outside():
        accounts.change(ADA, enabled=False)
    assert refresh(cloud, token).code == "token_revoked"
    assert log_in(cloud).code == "invalid_credentials"


@pytest.mark.parametrize("manner", [Manner.DIES, Manner.UNKNOWN])
def test_a_change_of_the_password_that_ends_anywhere_can_be_made_again(
    cloud: Cloud, manner: Manner
) -> None:
    start = cloud.keep()
    token = token_of(log_in(cloud))
    with cloud.network.record() as calls:
        token_of(change_password(cloud, token, RIGHT, NEW))
    for number in range(len(calls)):
        start()
        cloud.chill()
        token = token_of(log_in(cloud))
        with cloud.network.record(fault=(number, manner)), suppress(Died):
            change_password(cloud, token, RIGHT, NEW)
        # Whichever it is now, it is one of the two, and it can be changed from there.
        password = next(
            one
            for one in (RIGHT, NEW)
            if log_in(cloud, password=one, address=ELSEWHERE).status == 200
        )
        if password == NEW:  # who had the old one has lost the sessions by then
            assert refresh(cloud, token).code == "token_revoked"
        again = token_of(log_in(cloud, password=password, address=ELSEWHERE))
        after = token_of(change_password(cloud, again, password, NEW + "!", address=ELSEWHERE))
        later_than_the_registry(cloud)
        assert not is_good(cloud, token)
        assert is_good(cloud, after)


# The audit log


@pytest.fixture
def audited() -> Iterator[list[dict[str, Any]]]:
    """The lines of the audit log, as they are written."""
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "audit":
                lines.append(json.loads(logger.registered_formatter.format(record)))

    keep = Keep()
    own = logging.getLogger(logger.service)
    level = own.level
    own.addHandler(keep)
    own.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        own.removeHandler(keep)
        own.setLevel(level)


FIELDS = {"cluster", "call", "account", "address", "target", "outcome", "request_id"}


def test_logins_and_operators_calls_are_in_the_audit_log_without_secrets(
    cloud: Cloud, audited: list[dict[str, Any]]
) -> None:
    with cloud.network.outside():
        accounts.change(BOB, role=accounts.Role.ADMIN)
    token = token_of(log_in(cloud, BOB))
    log_in(cloud, password=WRONG, address=ELSEWHERE)
    log_in(cloud, name=f"{RIGHT} ", password=WRONG)
    body = json.dumps({"password": NEW}).encode()
    cloud.call("ceph", "PUT", "/v1/admin/accounts/eve", body=body, token=token)
    change_password(cloud, token, RIGHT, NEW)
    logout(cloud, token)
    cloud.call("s3", "GET", "/v1/admin/accounts")
    told = [
        (one["call"], one["account"], one["address"], one["target"], one["outcome"])
        for one in audited
    ]
    assert told == [
        ("login", BOB, HERE, "/v1/login", "ok"),
        ("login", ADA, ELSEWHERE, "/v1/login", "invalid_credentials"),
        ("login", "", HERE, "/v1/login", "invalid_credentials"),
        ("create_account", BOB, HERE, {"account": "eve"}, "ok"),
        ("change_password", BOB, HERE, "/v1/password", "ok"),
        ("logout", "", HERE, "/v1/logout", "token_revoked"),
        ("list_accounts", "", HERE, "/v1/admin/accounts", "token_missing"),
    ]
    for line in audited:
        assert line.keys() >= FIELDS
        assert not [secret for secret in (RIGHT, WRONG, NEW, token) if secret in json.dumps(line)]
