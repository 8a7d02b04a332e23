"""The second leg: a record must name every copy on this backend.

A copy that no record names is an orphan if it carries this deployment's identity, is older than the
grace, and nothing speaks against removing anything. What has no identity, or another deployment's,
stays.

That nothing removes what is named needs no lock: a copy is named by its record before it is
written, under a key that is never used again. So once no record names it, none ever will.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mcos import clock
from mcos.catalog import deleted, objects
from mcos.catalog.registry import current_registry
from mcos.model.deleted import DeletedState
from mcos.model.names import is_id
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.scrub import Counts, Scrub
from mcos.model.versions import Version
from mcos.replicas import identity as identities
from mcos.replicas.backend import own_backend
from mcos.scrub.looking import check_answers, is_older, keep_rate, look_at_each, page_size
from mcos.scrub.removing import Orphan, Save, remove_orphans
from mcos.storage import ReplicaNotFound, ReplicaStat, StorageError

_CATALOG, _BEHIND_CATALOG = "~catalog/", "~catalog0"  # the character behind the slash
_HEALTH = "~health/"
_PROBE = re.compile(rf"{_HEALTH}[^/]+-([0-9A-HJKMNP-TV-Z]{{26}})")
_PROBE_AGE = timedelta(days=1)


class CopyKey(NamedTuple):
    """The parts of a copy's key; ``incarnation`` is empty if release 0.1.0 wrote it."""

    account: str
    version: str
    incarnation: str

    @classmethod
    def read(cls, key: str) -> "CopyKey | None":
        """Read a key; None if it is no copy's."""
        account, _, rest = key.partition("/")
        version, slash, incarnation = rest.partition("/")
        is_copy = is_id(version) and "/" not in incarnation and bool(incarnation) == bool(slash)
        return cls(account, version, incarnation) if is_copy else None


def is_referenced(record: ObjectRecord | None, key: CopyKey) -> bool:
    """Whether a record names a copy, on any cluster: as a replica, or as what must be removed."""
    if record is None:
        return False
    kept = [one.version for one in record.kept if one.version.id == key.version]
    owed = {(one.version, one.incarnation) for one in record.removals}
    return (
        any(_has(version, key) for version in (record.find(key.version), *kept))
        or (key.version, key.incarnation) in owed
    )


def _has(version: Version | None, key: CopyKey) -> bool:
    return version is not None and any(
        key.incarnation in (one.incarnation, one.replaces) for one in version.replicas.values()
    )


def is_kept(key: ObjectKey, copy: CopyKey) -> bool:
    """Whether anything but the object's record names a copy: what waits for its removal."""
    found = deleted.find(key, copy.version)
    over = (DeletedState.RESTORED, DeletedState.REMOVED)
    return found is not None and found.state not in over and _has(found.kept.version, copy)


class _State(StrEnum):
    NAMED = "named"
    GONE = "gone"
    UNREADABLE = "unreadable"
    NAMELESS = "without an identity"
    SEALED = "cannot be read here"
    FOREIGN = "of another deployment"
    ORPHAN = "orphan"


class _Look(NamedTuple):
    key: str
    state: _State
    calls: int = 1
    in_parts: bool = False


def compare_copies(run: Scrub, *, save: Save, grace_before: datetime) -> Scrub:
    """Look at a page of the copies on the backend, and remove orphans.

    Raises
    ------
    Waits, Wrong, StorageError
    """
    began = clock.elapsed()
    page = own_backend().list(marker=run.cursor or "", limit=page_size(run.rate))
    old = [one.key for one in page.replicas if _is_old(one, grace_before)]
    looks = look_at_each(_look_at, old)
    orphans = [_orphan(look) for look in looks if look.state is _State.ORPHAN]
    run = remove_orphans(run, orphans, save=save)
    keep_rate(len(looks), run.rate, began)
    following = page.next_marker
    if following is not None and following.startswith(_CATALOG):
        following = _BEHIND_CATALOG  # the journal's keys are many, and are known
    return replace(
        run,
        cursor=following,
        counts=run.counts
        + Counts(
            listed=len(page.replicas),
            calls=1 + sum(look.calls for look in looks),
            unreadable=sum(look.state is _State.UNREADABLE for look in looks),
            nameless=sum(look.state is _State.NAMELESS for look in looks),
            sealed=sum(look.state is _State.SEALED for look in looks),
            foreign=sum(look.state is _State.FOREIGN for look in looks),
        ),
    )


def _is_old(one: ReplicaStat, grace_before: datetime) -> bool:
    """Whether a key may be an orphan's, or nobody knows what it is."""
    if one.key.startswith(_CATALOG):
        return False
    if one.key.startswith(_HEALTH):
        return is_old_probe(one.key)
    copy = CopyKey.read(one.key)
    return copy is None or is_older(copy.version, grace_before)


def is_old_probe(key: str) -> bool:
    """Whether a key is that of a probe whose function ended before it removed it."""
    probe = _PROBE.fullmatch(key)
    return probe is not None and is_older(probe[1], clock.moment() - _PROBE_AGE)


def _look_at(key: str) -> _Look:
    """Say what a key is: one call of the backend, and one of the catalog if it has an identity.

    Raises
    ------
    Waits
    """
    if key.startswith(_HEALTH):
        return _Look(key, _State.ORPHAN, calls=0)
    copy = CopyKey.read(key)
    if copy is None:
        return _Look(key, _State.FOREIGN, calls=0)
    try:
        stat = own_backend().stat(key)
    except ReplicaNotFound:
        return _Look(key, _State.GONE)
    except StorageError as error:
        check_answers(error)
        return _Look(key, _State.UNREADABLE, calls=2)
    told = identities.read(stat.identity)
    if told is None:
        return _Look(key, _State.SEALED if stat.identity else _State.NAMELESS)
    if told.name is None:
        return _Look(key, _State.SEALED)  # the name was too long for it
    own = current_registry().deployment.id
    if not own or told.deployment != own or told.account != copy.account:
        return _Look(key, _State.FOREIGN)
    named = ObjectKey(told.account, told.container, told.name)
    state = _State.NAMED if _is_named(named, copy) else _State.ORPHAN
    return _Look(key, state, in_parts=stat.in_parts)


def _is_named(key: ObjectKey, copy: CopyKey) -> bool:
    # What is kept becomes a record's and the other way round, each before it ends to be the other.
    return (
        is_referenced(objects.get(key), copy)
        or is_kept(key, copy)
        or is_referenced(objects.get(key), copy)
    )


def _orphan(look: _Look) -> Orphan:
    return Orphan(lambda: _look_at(look.key).state is _State.ORPHAN, lambda: _remove(look))


def _remove(look: _Look) -> None:
    own_backend().delete(look.key)
    if look.in_parts:
        own_backend(patient=True).discard_parts(look.key)
