"""Tasks take turns at their network calls, by a seed, each in its own place."""

from functools import partial
from random import Random

import pytest

from tests.support.cloud import CLUSTERS, Cloud
from tests.support.faults.turns import Turns


def play(cloud: Cloud, seed: int) -> list[tuple[str, int]]:
    """Three tasks with twenty calls each; the order in which the calls were made."""
    made: list[tuple[str, int]] = []

    def act(cluster: str) -> None:
        with cloud.at(cluster, "test"):
            for number in range(20):
                cloud.network.through("test:Call", lambda: None, error=AssertionError)
                assert cloud.network.place == (cluster, "test")
                made.append((cluster, number))

    Turns(cloud, Random(seed)).play([partial(act, cluster) for cluster in CLUSTERS])
    return made


def test_tasks_go_on_in_an_order_that_the_seed_draws(running: Cloud) -> None:
    running.deploy()
    orders = [play(running, seed) for seed in range(6)]
    assert orders == [play(running, seed) for seed in range(6)]
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert len({tuple(order) for order in orders}) == 6


def test_one_is_put_aside_while_the_others_come_to_their_ends(running: Cloud) -> None:
    running.deploy()
    made: list[str] = []
    turns = Turns(running, Random(1))

    def call(name: str) -> None:
        running.network.through("test:Call", lambda: None, error=AssertionError)
        made.append(name)

    def slow() -> None:
        call("slow, before")
        turns.put_aside()
        call("slow, after")

    def quick() -> None:
        for _ in range(3):
            call("quick")

    turns.play([slow, quick])
    assert made[-1] == "slow, after"


def test_what_a_task_raises_comes_through(running: Cloud) -> None:
    running.deploy()

    def fail() -> None:
        raise ValueError("a fault of the test itself")

    with pytest.raises(ValueError, match="of the test itself"):
        Turns(running, Random(1)).play([fail, lambda: None])
