"""Sessions and guessed passwords, by the deployed functions, whose roles are enforced."""

from functools import partial

import pytest

from tests.functional.api.conftest import CLUSTERS, AccountFactory
from tests.functional.conftest import PASSWORD
from tests.support.waiting import wait_until
from tests.support.wire import Wire, code_of

NEW = "the next password"
UNNOTICED_SECONDS = 90


@pytest.fixture
def nobody(endpoints: dict[str, str]) -> Wire:
    return Wire(endpoints["swift"])


def is_void(wire: Wire) -> bool:
    return wire.send("GET", "/v1/containers").status_code == 401


def logged_in(wire: Wire, user_name: str, password: str = PASSWORD) -> str:
    reply = wire.send_json("POST", "/v1/login", {"user_name": user_name, "password": password})
    assert reply.status_code == 200
    return str(reply.json()["token"])


def test_a_session_goes_on_ends_and_takes_no_other_with_it(
    new_account: AccountFactory, nobody: Wire
) -> None:
    account = new_account()
    first = Wire(account.endpoints["s3"], account.token)
    other = Wire(account.endpoints["ceph"], logged_in(nobody, account.user_name))
    reply = first.send("POST", "/v1/token")
    assert reply.status_code == 200
    exchanged = Wire(account.endpoints["ceph"], reply.json()["token"])
    assert exchanged.send("GET", "/v1/containers").status_code == 200
    assert first.send("POST", "/v1/logout").status_code == 204
    # Who exchanges it is not told later than who asks for anything else.
    assert code_of(exchanged.send("POST", "/v1/token")) == "token_revoked"
    for cluster in CLUSTERS:
        there = Wire(account.endpoints[cluster], account.token)
        wait_until(partial(is_void, there), "its token is void", seconds=UNNOTICED_SECONDS)
        there.close()
    assert other.send("GET", "/v1/containers").status_code == 200
    for wire in (first, other, exchanged, nobody):
        wire.close()


def test_ones_own_password_is_changed(new_account: AccountFactory, nobody: Wire) -> None:
    account = new_account()
    wire = account.wire()
    weak = {"current_password": PASSWORD, "new_password": "aaaaaaaaaaaa"}
    assert code_of(wire.send_json("PUT", "/v1/password", weak)) == "invalid_body"
    wrong = {"current_password": "a wrong one", "new_password": NEW}
    assert code_of(wire.send_json("PUT", "/v1/password", wrong)) == "invalid_credentials"
    right = {"current_password": PASSWORD, "new_password": NEW}
    reply = wire.send_json("PUT", "/v1/password", right)
    assert reply.status_code == 200
    assert code_of(wire.send("POST", "/v1/token")) == "token_revoked"
    fresh = Wire(account.endpoints["ceph"], reply.json()["token"])
    assert fresh.send("GET", "/v1/containers").status_code == 200
    assert logged_in(nobody, account.user_name, NEW)
    for one in (wire, fresh, nobody):
        one.close()


def test_who_guesses_waits_and_others_do_not(new_account: AccountFactory, nobody: Wire) -> None:
    account, other = new_account(), new_account()
    guess = {"user_name": account.user_name, "password": "a wrong one"}
    for _ in range(30):
        reply = nobody.send_json("POST", "/v1/login", guess)
        if reply.status_code == 429:
            break
        assert code_of(reply) == "invalid_credentials"
    assert code_of(reply) == "too_many_attempts"
    assert int(reply.headers["retry-after"]) >= 1
    assert logged_in(nobody, other.user_name)
    right = {"user_name": account.user_name, "password": PASSWORD}
    wait_until(
        lambda: nobody.send_json("POST", "/v1/login", right).status_code == 200,
        "the wait has ended",
        seconds=UNNOTICED_SECONDS,
    )
    nobody.close()
