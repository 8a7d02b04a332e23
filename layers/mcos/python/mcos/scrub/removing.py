"""The one way in which a scrub removes anything."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from mcos.model.scrub import Counts, Scrub
from mcos.scrub.guards import why_held
from mcos.scrub.signals import Waits, Wrong
from mcos.storage import StorageError

Save = Callable[[Scrub], Scrub]
"""Writes a run down and returns it as written; raises if an operator has stopped it."""

_ENOUGH = "the run has removed as much as it may: {0}"


class Orphan(NamedTuple):
    """Something that no record names.

    Attributes
    ----------
    is_still
        Reads everything again.
    """

    is_still: Callable[[], bool]
    remove: Callable[[], None]


def remove_orphans(run: Scrub, orphans: Sequence[Orphan], *, save: Save) -> Scrub:
    """Remove orphans, each only after everything was read again.

    What is about to be removed is counted first: a run that is cut short here removes no more than
    it may.

    Returns
    -------
    The run, with the orphans counted.

    Raises
    ------
    Waits
    Wrong
        The run may not remove all of them.
    """
    if not orphans:
        return run
    held = _why_held()
    going = [] if held else orphans[: run.may_remove]
    if going:
        run = save(replace(run, counts=run.counts + Counts(removed=len(going))))
    for orphan in going:
        held = held or _why_held()
        if held is None and orphan.is_still():
            orphan.remove()
    if held is None and len(going) < len(orphans):
        raise Wrong(_ENOUGH.format(run.counts.removed))
    return replace(run, held=held or run.held, counts=run.counts + Counts(orphans=len(orphans)))


def _why_held() -> str | None:
    try:
        return why_held()
    except StorageError as error:
        raise Waits(f"the backend does not answer: {type(error).__name__}") from error
