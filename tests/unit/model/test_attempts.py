"""How long the next password must wait."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import clock
from mcos.model.attempts import (
    ACCOUNT,
    ADDRESS,
    PAIR,
    Count,
    Gate,
    known_key,
    network_of,
    pair,
    wait_seconds,
)

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
GATES = [PAIR, ACCOUNT, ADDRESS]


def guesses(gate: Gate, seconds: int) -> int:
    """How many passwords somebody can try who tries as often as they may."""
    now, count, tried = NOW, Count(), 0
    key = gate.key("x", now)
    end = NOW + timedelta(seconds=seconds)
    while now < end:
        tried += 1
        count = Count(count.failures + 1, clock.text(now))
        wait = max(1, wait_seconds(gate, count, now))
        now += timedelta(seconds=wait)
        if gate.key("x", now) != key:
            key, count = gate.key("x", now), Count()
    return tried


def test_a_few_mistakes_cost_nothing_and_each_one_more_twice_as_long() -> None:
    waits = [wait_seconds(PAIR, Count(n, clock.text(NOW)), NOW) for n in range(17)]
    assert waits[:5] == [0] * 5
    assert waits[5:15] == [2**n for n in range(10)]
    assert waits[15:] == [PAIR.longest_seconds] * 2


def test_who_tries_without_rest_gets_few_tries() -> None:
    assert guesses(PAIR, 24 * 3600) < 130
    assert guesses(ACCOUNT, 24 * 3600) < 24 * 200
    assert guesses(ADDRESS, 24 * 3600) < 24 * 200


@pytest.mark.parametrize("gate", GATES)
@given(failures=st.integers(0, 10**9), passed=st.integers(0, 7200))
def test_no_wait_is_longer_than_it_may_be(gate: Gate, failures: int, passed: int) -> None:
    at = NOW - timedelta(seconds=passed)
    wait = wait_seconds(gate, Count(failures, clock.text(at)), NOW)
    assert 0 <= wait <= gate.longest_seconds
    later = NOW + timedelta(seconds=wait)
    assert wait_seconds(gate, Count(failures, clock.text(at)), later) == 0


@pytest.mark.parametrize("gate", GATES)
@given(st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_a_count_is_kept_as_long_as_it_is_used(gate: Gate, now: datetime) -> None:
    last = datetime.fromtimestamp(gate.ends(now), UTC) - timedelta(milliseconds=1)
    assert gate.key("x", now) == gate.key("x", last)
    assert gate.key("x", now) != gate.key("x", last + timedelta(milliseconds=2))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "no address", True),
        ("", "192.0.2.1", False),
    ],
)
def test_an_address_of_ipv6_stands_for_its_network(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same
    assert (pair("ada", one) == pair("ada", other)) is is_same


def test_keys_tell_neither_names_nor_addresses() -> None:
    for key in (PAIR.key(pair("ada", "192.0.2.1"), NOW), known_key("ada", "192.0.2.1")):
        assert "ada" not in key
        assert "192" not in key
    # A surrogate, as JSON can have it, is a name like others.
    assert PAIR.key(pair("\ud800", ""), NOW) != PAIR.key(pair("\ud801", ""), NOW)
