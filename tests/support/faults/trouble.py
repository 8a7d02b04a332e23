"""What goes wrong between the functions and the services of an in-process cloud, by a seed."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import get_ident

from tests.support.network import Manner, NetworkCall


@dataclass(frozen=True)
class Trouble:
    """How much goes wrong.

    Attributes
    ----------
    manners
        The share of network calls that go wrong, by manner.
    backend_down
        The share of rounds in which one backend answers nothing.
    execution_lost
        The share of executions that end before they begin, and of versions that were not queued.
    execution_repeated, message_repeated
        The share of the workers' tasks that are one that was done before.
    put_aside
        The share of the calls that went wrong after which whatever made them waits for long.
    swept
        The share of rounds in which a cluster's sweeper comes by.
    wiped
        How many backends lose everything in one of the rounds; the scrub makes them whole.
    aimed_at
        The calls that go wrong, as ``function -> service:operation``, either of them ``*``; all
        if none are named.
    """

    manners: Mapping[Manner, float] = field(default_factory=dict)
    backend_down: float = 0.0
    execution_lost: float = 0.0
    execution_repeated: float = 0.0
    message_repeated: float = 0.0
    put_aside: float = 0.5
    swept: float = 0.3
    wiped: int = 0
    aimed_at: frozenset[str] = frozenset()

    def strikes(self, call: NetworkCall) -> bool:
        """Whether anything goes wrong in such a call."""
        names = {
            f"{function} -> {name}"
            for function in (call.function, "*")
            for name in (call.name, "*")
        }
        return not self.aimed_at or bool(names & self.aimed_at)


TROUBLES = {
    "nothing": Trouble(),
    "a call does not arrive": Trouble(manners={Manner.FAILS: 0.02}),
    "a reply is lost": Trouble(manners={Manner.LOST: 0.02, Manner.UNKNOWN: 0.01}),
    "a function dies": Trouble(manners={Manner.DIES: 0.01}),
    "a backend is down": Trouble(backend_down=0.4, message_repeated=0.1),
    "executions are lost and repeated": Trouble(execution_lost=0.3, execution_repeated=0.2),
    "a write's reply is lost, and others do much before it is repeated": Trouble(
        manners={Manner.LOST: 0.3}, aimed_at=frozenset({"* -> dynamodb:PutItem"}), put_aside=0.8
    ),
    "two of three backends lose everything": Trouble(wiped=2, message_repeated=0.1),
    "everything": Trouble(
        manners=dict.fromkeys(Manner, 0.005),
        backend_down=0.2,
        execution_lost=0.1,
        execution_repeated=0.1,
        message_repeated=0.1,
    ),
}
"""The kinds of trouble that tests make."""


class Troublemaker:
    """Chooses what goes wrong; for ``Network.choose``.

    Attributes
    ----------
    done
        How often each fault was done, by its name.
    put_aside
        Lets the function wait for long before it makes its next call.
    """

    def __init__(
        self, trouble: Trouble, random: Random, *, put_aside: Callable[[], None] | None = None
    ) -> None:
        self._put_aside = put_aside
        self._trouble, self._random = trouble, random
        self._last: dict[int, tuple[str, Manner | None]] = {}
        self.done: Counter[str] = Counter()

    def __call__(self, call: NetworkCall, again: bool) -> Manner | None:
        name, before = self._last.get(get_ident(), ("", None))
        if again and name == call.name and before in (Manner.FAILS, Manner.UNKNOWN):
            return before  # the driver's second try goes like its first
        manner = self._drawn() if self._trouble.strikes(call) else None
        self._last[get_ident()] = (call.name, manner)
        if manner is not None:
            self.done[manner.name.lower()] += 1
            if self._put_aside and self._random.random() < self._trouble.put_aside:
                # What others do before the driver's second try is what makes a lost reply hurt.
                self._put_aside()
        return manner

    def happens(self, name: str, share: float) -> bool:
        """Whether something else goes wrong now; if so it is counted."""
        if self._random.random() >= share:
            return False
        self.done[name] += 1
        return True

    def _drawn(self) -> Manner | None:
        drawn = self._random.random()
        for manner, share in self._trouble.manners.items():
            drawn -= share
            if drawn < 0:
                return manner
        return None
