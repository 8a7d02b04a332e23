"""Backends that lose everything while clients work, and the scrubs that make them whole again."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

from mcos.admin.scrubs import start_scrub
from mcos.catalog import scrubs
from mcos.model.jobs import JobState
from mcos.scrub import looking
from tests.support.cloud import CLUSTERS, Cloud, arn
from tests.support.faults.trouble import Troublemaker
from tests.support.faults.turns import Task

Result = TypeVar("Result")

_RUNS = 6
"""So many runs find nothing to do any more, or something is stuck."""


class Wipe:
    """Some of the backends lose everything, once; then an operator starts their scrubs.

    Parameters
    ----------
    number
        How many backends; with none, nothing is done at all.
    at
        The round in which it happens.
    """

    def __init__(
        self, cloud: Cloud, random: Random, maker: Troublemaker, *, number: int, at: int
    ) -> None:
        self._cloud, self._maker, self._at = cloud, maker, at
        self._clusters = random.sample(CLUSTERS, number) if number else []

    def begin_round(self) -> None:
        """What schedules do before a round: every cluster looks at its backend, and marks it."""
        if self._clusters:
            with self._cloud.network.outside():
                for name in CLUSTERS:
                    self._cloud.invoke(arn(name, "check_health"), {})

    def tasks(self, number: int) -> Iterator[Task]:
        """What is done in a round while clients work."""
        if not self._clusters or number < self._at:
            return
        if number == self._at:
            yield self._wipe
            return
        if number == self._at + 1:
            self._start()
        for name in self._clusters:
            yield lambda name=name: self._take_on(name)  # type: ignore[misc]

    def finish(self) -> bool:
        """Start runs until one finds nothing to do; returns whether one did."""
        for _ in range(_RUNS if self._clusters else 0):
            self.begin_round()
            self._start()
            for name in self._clusters:
                self._take_on(name)
            self._cloud.settle()
            if all(map(self._is_whole, self._clusters)):
                break
        return all(map(self._is_whole, self._clusters))

    def _wipe(self) -> None:
        for name in self._clusters:
            self._cloud.backends[name].replicas.clear()
            self._maker.done["backend wiped"] += 1

    def _start(self) -> None:
        """Give an operator's word that all of it is to be written anew."""
        with self._cloud.network.outside(), self._cloud.at(CLUSTERS[0]):
            for name in self._clusters:
                start_scrub(name, mass_repair=True)

    def _take_on(self, name: str) -> None:
        self._cloud.try_to_invoke(arn(name, "scrub_backend"), {"seconds": 30})

    def _is_whole(self, name: str) -> bool:
        with self._cloud.network.outside():
            run = scrubs.get(name)
        return (
            run is not None
            and run.state is JobState.DONE
            and not (run.counts.repaired or run.counts.unreadable or run.counts.moving)
        )


class AtOnce(Executor):
    """Does what it is given before it says that it has taken it, in the same thread."""

    def submit(self, do: Callable[..., Result], /, *given: Any, **named: Any) -> "Future[Result]":
        done: Future[Result] = Future()
        try:
            done.set_result(do(*given, **named))
        except BaseException as error:
            done.set_exception(error)
        return done


@contextmanager
def one_look_at_a_time() -> Iterator[None]:
    """Let a scrub look at one copy after another, in the thread of its task.

    Those of two clusters would wait for each other: each for a turn, or for a thread.
    """
    with patch.object(looking, "_looking", AtOnce()):
        yield
