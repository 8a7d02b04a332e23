"""Many clients at once: what is acknowledged waits, and neither is refused nor holds others up."""

from collections.abc import Callable

import pytest
from rich.table import Table

from tests.functional.conftest import INSTANCE, AccountFactory
from tools import local
from tools.burst import Burst, User, burst, paused

CLIENTS, OBJECTS = 16, 200
TIMES = 4
"""How much longer the calls may take while there is replication: it has a share of two cores."""


@pytest.fixture(scope="module")
def user(new_account: AccountFactory, endpoints: dict[str, str]) -> User:
    account = new_account()
    return User(endpoints["s3"], account.user_name, account.password)


def test_a_burst_is_taken_as_a_whole_and_all_of_it_is_created(
    user: User, show: Callable[[Table | str], None]
) -> None:
    """Once while nothing is replicated, and once while what came before it still is."""
    with paused(local.describe(INSTANCE)["aws_endpoint_url"]) as go_on:
        alone = burst(user, clients=CLIENTS, objects=OBJECTS, acknowledged=go_on)
    user.add_container()
    again = burst(user, clients=CLIENTS, objects=OBJECTS)
    for name, seen in (("nothing is replicated", alone), ("all is replicated", again)):
        show(f"{OBJECTS} creates by {CLIENTS} clients while {name}\n" + "\n".join(seen.lines()))
        check(seen)
    assert again.taken < TIMES * alone.taken


def check(seen: Burst) -> None:
    """Nothing was refused, and without anybody's help all was replicated."""
    assert seen.refused == []
    assert len(seen.acks) == OBJECTS
    assert seen.created is not None
    assert seen.stats
