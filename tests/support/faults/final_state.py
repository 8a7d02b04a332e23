"""What has to be so once all is over, over plain data: no order of operations is looked for.

Each function returns what is wrong, a line each, and nothing if all is well.
"""

from collections.abc import Collection, Mapping
from math import inf

from tests.support.faults.history import History, Kind, Operation, Result, acknowledged

_MAY_HAVE_TAKEN_EFFECT = (Result.DONE, Result.TAKEN, Result.UNKNOWN, Result.SUPERSEDED)


def lost_writes(history: History, final: Mapping[str, str | None]) -> list[str]:
    """Acknowledged writes that can neither be read nor have been replaced by what can.

    Parameters
    ----------
    final
        The value that is read of each object in the end; None: there is no such object.
    """
    wrong = []
    for name in history.names:
        operations = history.of(name).operations
        last = final.get(name)
        ends = [one for one in operations if _leaves(one, last)]
        for written in acknowledged(operations):
            if not any(one is written or _may_follow(one, written) for one in ends):
                wrong.append(f"{name}: lost: {written}; in the end there is {last and last[:8]}")
    return wrong


def _leaves(one: Operation, value: str | None) -> bool:
    """Whether the object is so after the operation, if it took effect."""
    if one.result not in _MAY_HAVE_TAKEN_EFFECT:
        return False
    if value is None:
        return one.kind is Kind.DELETE
    return one.value == value


def _may_follow(one: Operation, other: Operation) -> bool:
    """Whether an operation may have taken effect after another one."""
    end = inf if one.completed is None or one.result is Result.UNKNOWN else one.completed
    return end > other.invoked


def unsettled(
    states: Mapping[str, str | None], *, ends: Collection[str] = ("CREATED",)
) -> list[str]:
    """Objects that are not in a state in which they may stay; None: there is no such object."""
    return [
        f"{name}: still {state}"
        for name, state in sorted(states.items())
        if state is not None and state not in ends
    ]


def misplaced(
    wanted: Mapping[str, Mapping[str, str]],
    held: Mapping[str, Mapping[str, str]],
    *,
    orphans: Collection[str] = (),
) -> list[str]:
    """Where the backends hold something else than the catalog says.

    Parameters
    ----------
    wanted, held
        Digest by replica's key, by cluster: as the catalog says, and as is listed and read.
    orphans
        Keys that may be held though the catalog knows nothing of them (any more).
    """
    wrong = []
    for cluster in sorted({*wanted, *held}):
        named, found = wanted.get(cluster, {}), held.get(cluster, {})
        wrong += [f"{cluster}: missing {key}" for key in sorted(named.keys() - found.keys())]
        strange = found.keys() - named.keys() - set(orphans)
        wrong += [f"{cluster}: orphan {key}" for key in sorted(strange)]
        wrong += [
            f"{cluster}: other bytes in {key}"
            for key in sorted(named.keys() & found.keys())
            if named[key] != found[key]
        ]
    return wrong
