"""What of which deployment's journal lies on a backend."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mcos_rescue.errors import NoCatalog
from mcos_rescue.journal import COMPLETE, place_of_key
from mcos_rescue.stores.contract import Listed
from mcos_rescue.ulids import moment_of


@dataclass
class Journal:
    """The keys of a deployment's journal.

    Attributes
    ----------
    segments
        Keys by ULID, in the order of their writing.
    snapshots
        ULIDs of those that were completed, the newest first.
    newest_at
        Until when the journal tells, by the backend's clock: when the newest segment was written
        there, or without segments, when the newest snapshot was begun.
    newest_id
        The greatest ULID.
    """

    deployment: str
    segments: dict[str, str] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    newest_at: datetime | None = None
    newest_id: str = ""


def journals_in(keys: Iterable[Listed]) -> dict[str, Journal]:
    """Return the journals that a listing shows, by deployment."""
    found: dict[str, Journal] = {}
    for one in keys:
        place = place_of_key(one.key)
        if place is None:
            continue
        journal = found.setdefault(place.deployment, Journal(place.deployment))
        if place.kind == "log":
            journal.segments[place.ulid] = one.key
            journal.newest_at = one.modified  # a listing is in the order of the keys
        elif place.name == COMPLETE:
            journal.snapshots.insert(0, place.ulid)
        else:
            continue
        journal.newest_id = max(journal.newest_id, place.ulid)
    for journal in found.values():
        if not journal.segments and journal.snapshots:
            journal.newest_at = moment_of(journal.snapshots[0])
    return found


def choose(found: dict[str, Journal], deployment: str | None) -> Journal:
    """Return the journal of a deployment; None: the only one, else that written last.

    Raises
    ------
    NoCatalog
    """
    if deployment is not None and deployment not in found:
        raise NoCatalog("no journal of that deployment is on this backend")
    if not found:
        raise NoCatalog("no journal is on this backend")
    if deployment is not None:
        return found[deployment]
    return max(found.values(), key=lambda one: (one.newest_id, one.deployment))
