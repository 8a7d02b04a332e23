"""When a reading counts as slow."""

from hypothesis import given
from hypothesis import strategies as st

from mcos.replicas.latency import UNKNOWN_SECONDS, Latencies


def seen(*seconds: float) -> Latencies:
    latencies = Latencies()
    for one in seconds:
        latencies.add("s3", one)
    return latencies


def test_before_enough_was_seen_a_fixed_time_holds() -> None:
    assert seen().slow("s3") == UNKNOWN_SECONDS
    assert seen(*[0.1] * 7).slow("s3") == UNKNOWN_SECONDS
    assert seen().usual("s3") is None


def test_slow_is_slower_than_nearly_all_of_the_last_readings() -> None:
    latencies = seen(*[0.1] * 57, *[0.3] * 7)
    assert latencies.slow("s3") == 0.3
    assert latencies.usual("s3") == 0.1
    assert latencies.slow("ceph") == UNKNOWN_SECONDS


def test_what_is_long_ago_is_forgotten() -> None:
    assert seen(*[1.5] * 100, *[0.1] * 64).slow("s3") == 0.1


@given(seconds=st.lists(st.floats(0, 1000), max_size=100))
def test_a_hedge_comes_neither_at_once_nor_never(seconds: list[float]) -> None:
    assert 0.02 <= seen(*seconds).slow("s3") <= 2.0
