"""Objects as their records in the journal describe them: which content, and where its copies are.

The records are those of ``mcos.model.objects``, read as plain JSON: what a newer release has added
is ignored.
"""

import json
from dataclasses import dataclass
from typing import Any

from mcos_rescue.errors import Damaged
from mcos_rescue.fold import State


@dataclass(frozen=True)
class Copy:
    """A replica on a cluster; ``key`` is what it has on the cluster's backend."""

    cluster: str
    key: str
    is_stored: bool


@dataclass(frozen=True)
class Version:
    """One content of an object.

    Attributes
    ----------
    id
        With the account's name, the beginning of the keys of its copies: ``<account>/<version>``.
    sha256, md5
        Base64 and hexadecimal; empty: not known.
    lender
        Id of the version that it is a copy of, whose copies have its content until it has enough of
        its own; empty: there is none.
    """

    account: str
    id: str
    size: int
    sha256: str
    md5: str
    content_type: str
    metadata: dict[str, str]
    headers: dict[str, str]
    created_at: str
    copies: tuple[Copy, ...]
    lender: str = ""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """``prefix``, and that of its lender's copies if it has one."""
        return (self.prefix, *([f"{self.account}/{self.lender}"] if self.lender else []))

    @property
    def prefix(self) -> str:
        """The key of a copy without an incarnation, with which all others' begin."""
        return f"{self.account}/{self.id}"

    @property
    def stored_on(self) -> tuple[str, ...]:
        """Clusters that have a copy."""
        return tuple(one.cluster for one in self.copies if one.is_stored)

    def keys_on(self, cluster: str | None) -> list[str]:
        """Return where its copy on a cluster should be; None: on any."""
        copies = sorted(self.copies, key=lambda one: not one.is_stored)
        return [one.key for one in copies if cluster is None or one.cluster == cluster]


@dataclass(frozen=True)
class RescuedObject:
    """An object that users see, or saw soon.

    Attributes
    ----------
    current
        The version that users see; None: they see none yet.
    previous
        The one before, while the current one has too few copies.
    pending
        Those that were not seen yet.
    """

    account: str
    container: str
    name: str
    state: str
    last_modified: str
    current: Version | None
    previous: Version | None
    pending: tuple[Version, ...]

    @property
    def path(self) -> str:
        """Its full name."""
        return f"{self.account}/{self.container}/{self.name}"


def object_of(state: State) -> RescuedObject | None:
    """Return the object of a state; None if it was removed, is being removed, or has failed.

    Raises
    ------
    Damaged
        The record makes no sense.
    """
    if state.record is None:
        return None
    account, container, name = state.key
    try:
        record: dict[str, Any] = json.loads(state.record)
        current, previous = (_version(account, record.get(n)) for n in ("current", "previous"))
        pending = (_version(account, one) for one in record.get("pending") or ())
        found = RescuedObject(
            account,
            container,
            name,
            str(record["state"]),
            str(record["last_modified"]),
            current,
            previous,
            tuple(one for one in pending if one is not None),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged("its record is malformed") from None
    return found if found.current or found.pending else None


def _version(account: str, found: dict[str, Any] | None) -> Version | None:
    if not found:
        return None
    identifier = str(found["id"])
    lender = (found.get("borrowed_from") or {}).get("version") or {}
    copies = _copies(account, found) + (_copies(account, lender) if lender else ())
    return Version(
        account,
        identifier,
        int(found["size"]),
        str(found.get("sha256") or "") if found.get("digested", True) else "",
        str(found.get("md5") or "") if found.get("digested", True) else "",
        str(found.get("content_type") or ""),
        _texts(found.get("metadata")),
        _texts(found.get("headers")),
        str(found.get("created_at") or ""),
        copies,
        str(lender.get("id") or ""),
    )


def _copies(account: str, found: dict[str, Any]) -> tuple[Copy, ...]:
    identifier = str(found["id"])
    return tuple(
        Copy(
            cluster,
            "/".join(filter(None, (account, identifier, str(one.get("incarnation") or "")))),
            bool(one.get("stored")),
        )
        for cluster, one in found["replicas"].items()
    )


def _texts(found: dict[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}


def versions_named(record: str) -> set[str]:
    """Return the ids of all versions that a record, or an item of ``deleted``, names anywhere."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name in ("id", "version"):
                if isinstance(value.get(name), str):
                    found.add(value[name])
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(json.loads(record))
    return found
