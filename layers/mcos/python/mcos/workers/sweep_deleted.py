"""The sweeper's part that looks after deleted versions: ``sweep_pending`` calls it."""

import logging

from mcos import clock
from mcos.catalog import deleted
from mcos.catalog.registry import sweepers
from mcos.errors import McosError
from mcos.model.deleted import DeletedState
from mcos.versions.undelete import remove_due, restore

_log = logging.getLogger(__name__)


def sweep_deleted(*, until: float, limit: int) -> dict[str, int]:
    """Look at the deleted versions that are due, of this cluster and those that it has adopted.

    Parameters
    ----------
    until
        Time (``clock.elapsed``) after which no further one is looked at.
    limit
        Most of one Query; those that are due for longest come first.

    Returns
    -------
    Number of versions by what was done: ``purged``: they are removed; ``restored``: what took them
    back has ended on its way.
    """
    done: dict[str, int] = {}
    for cluster in sweepers():
        seen: set[tuple[str, str]] = set()
        while clock.elapsed() < until:
            found = deleted.find_due(cluster, before=clock.now(), limit=limit)
            fresh = [key for key in found if key not in seen]
            for key in fresh:
                if clock.elapsed() > until:
                    break
                try:
                    action = look_at(*key)
                except Exception:
                    # One that cannot be swept must not hold up the others.
                    _log.exception("a deleted version could not be swept")
                    continue
                if action:
                    done[action] = done.get(action, 0) + 1
            seen.update(fresh)
            if not fresh or len(found) < limit:
                break
    return done


def look_at(partition: str, entry: str) -> str | None:
    """Look at one of them, by the key of its item; what was done, if anything."""
    found = deleted.get(partition, entry)
    if found is None:
        return None
    match found.state:
        case DeletedState.RESTORED | DeletedState.REMOVED:
            deleted.forget(found)
        case DeletedState.RESTORING:
            try:
                restore(found)
            except McosError as error:
                _log.info("a deleted version cannot be taken back: %s", error.code)
            else:
                return "restored"
        case DeletedState.KEPT | DeletedState.REMOVING:
            return "purged" if remove_due(found) else None
    return None
