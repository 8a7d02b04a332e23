"""Runs calls at the same time, in every order of their steps that can make a difference.

A step is what lies between two calls of the catalog: whatever else they speak to, two calls never
speak to the same part of it, so the order makes no difference there. Nor does the order of two
steps that touch different items of the catalog, or only read: of the orders that differ in such
neighbours alone, one is played (dynamic partial-order reduction, Flanagan and Godefroid 2005).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore, Thread, get_ident
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tests.support.environment import ACCOUNT_ID, REGION
from tests.support.network import Network

Outcome = Any
"""What a call returned, or the exception that it raised."""

_WHOLE = ""
_READS = ("GetItem", "Query", "Scan")


@dataclass(frozen=True)
class Access:
    """What a step touches of the catalog: tables, with the key of an item or all of it.

    Nothing: it is the way to an actor's first call.
    """

    touched: frozenset[tuple[str, str]] = frozenset()
    writes: bool = False

    def minds(self, other: "Access") -> bool:
        """Whether it makes a difference which of the two comes first."""
        return (self.writes or other.writes) and any(
            table == other_table and (key == other_key or _WHOLE in (key, other_key))
            for table, key in self.touched
            for other_table, other_key in other.touched
        )


def access_of(name: str, body: bytes) -> Access:
    """What a call of the catalog touches."""
    operation, asked = name.partition(":")[2], json.loads(body)
    if operation in ("Query", "Scan"):
        return Access(frozenset({(asked["TableName"], _WHOLE)}))
    if operation == "BatchGetItem":
        return Access(
            frozenset(
                _item(table, key)
                for table, of in asked["RequestItems"].items()
                for key in of["Keys"]
            )
        )
    item = _item(asked["TableName"], asked.get("Key") or asked["Item"])
    return Access(frozenset({item}), writes=operation not in _READS)


def _item(name: str, given: Mapping[str, Any]) -> tuple[str, str]:
    table = dynamodb_backends[ACCOUNT_ID][REGION].get_table(name)
    names = [one for one in (table.hash_key_attr, table.range_key_attr) if one]
    return name, json.dumps([given[one] for one in names])


@dataclass
class _Node:
    """A place where one of some actors goes on.

    Attributes
    ----------
    options
        What each of the actors that can go on will touch.
    asleep
        Those of them with which nothing new would begin.
    wanted
        Those of them with which something new may begin.
    """

    options: dict[int, Access]
    asleep: set[int]
    chosen: int
    wanted: set[int] = field(default_factory=set)

    @property
    def made(self) -> Access:
        """What was touched."""
        return self.options[self.chosen]


@dataclass
class _Actor:
    call: Callable[[], Any]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    done: bool = False
    outcome: Outcome = None
    following: Access = field(default_factory=Access)


class Stage:
    """Lets one actor at a time go on to its next call of the catalog.

    Parameters
    ----------
    choices
        Which of the actors that can go on goes first, second, ... When they are used up, the first
        of those with which something new begins.

    Attributes
    ----------
    path
        What was chosen, and among what.
    """

    def __init__(self, network: Network, choices: Sequence[int] = ()) -> None:
        self._network = network
        self._choices = choices
        self._waiting = Semaphore(0)
        self._actors: dict[int, _Actor] = {}
        self.path: list[_Node] = []

    def play(self, *calls: Callable[[], Any]) -> list[Outcome]:
        """Run the calls to their ends; what each returned or raised."""
        actors = [_Actor(call) for call in calls]
        threads = [Thread(target=self._act, args=(actor,), daemon=True) for actor in actors]
        with self._listening():
            for thread in threads:
                thread.start()
                self._waiting.acquire()
            position = 0
            while going := [actor for actor in actors if not actor.done]:
                options = {actors.index(actor): actor.following for actor in going}
                actors[self._choose(position, options)].turn.release()
                self._waiting.acquire()
                position += 1
            for thread in threads:
                thread.join()
        return [actor.outcome for actor in actors]

    def _choose(self, position: int, options: dict[int, Access]) -> int:
        if position < len(self.path):
            node = self.path[position]
            assert list(node.options) == list(options), "the calls are not the same as before"
            node.options = options
            return node.chosen
        asleep = self._asleep(options)
        if position < len(self._choices):
            chosen = list(options)[self._choices[position] % len(options)]
        else:
            # With all of them asleep this order was played before; it comes to its end.
            chosen = next((one for one in options if one not in asleep), next(iter(options)))
        self.path.append(_Node(options, asleep, chosen))
        return chosen

    def _asleep(self, options: dict[int, Access]) -> set[int]:
        if not self.path:
            return set()
        before = self.path[-1]
        if before.asleep >= set(before.options):
            return set(options)
        return {one for one in before.asleep if not before.options[one].minds(before.made)}

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._network.before = self._pause
        try:
            yield
        finally:
            self._network.before = None

    def _act(self, actor: _Actor) -> None:
        self._actors[get_ident()] = actor
        self._waiting.release()
        actor.turn.acquire()
        try:
            actor.outcome = actor.call()
        except Exception as error:
            actor.outcome = error
        actor.done = True
        del self._actors[get_ident()]
        self._waiting.release()

    def _pause(self, name: str) -> None:
        actor = self._actors.get(get_ident())
        if actor and name.startswith("dynamodb:"):
            actor.following = access_of(name, self._network.asked)
            self._waiting.release()
            actor.turn.acquire()


def interleavings(network: Network) -> Iterator[Stage]:
    """A stage for each order that can make a difference; play the same calls on each, from the
    same state."""
    path: list[_Node] = []
    while True:
        stage = Stage(network)
        stage.path = path
        yield stage
        _want_the_other_way_round(path)
        while path:
            node = path[-1]
            node.asleep.add(node.chosen)
            awake = [one for one in node.options if one in node.wanted - node.asleep]
            if awake:
                node.chosen = awake[0]
                break
            path.pop()
        if not path:
            return


def _want_the_other_way_round(path: Sequence[_Node]) -> None:
    """For every step, the last one before it that another actor took and that it minds is to be
    taken after it, unless there is a chain of steps between the two of which each minds the next.
    """
    # By step, the last step of each actor that cannot but come before it.
    known: list[dict[int, int]] = []
    latest: dict[int, dict[int, int]] = {}
    for position, node in enumerate(path):
        before = latest.get(node.chosen, {})
        minded = [
            earlier
            for earlier in range(position)
            if path[earlier].chosen != node.chosen and path[earlier].made.minds(node.made)
        ]
        for earlier in reversed(minded):
            if before.get(path[earlier].chosen, -1) < earlier:
                path[earlier].wanted.add(node.chosen)
                break
        mine = dict(before)
        for earlier in minded:
            for actor, step in known[earlier].items():
                mine[actor] = max(mine.get(actor, -1), step)
        mine[node.chosen] = position
        known.append(mine)
        latest[node.chosen] = mine
