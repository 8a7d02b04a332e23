"""The operators' calls about scrubs and about one object's replicas, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any, Literal, Self

from mcos_client.api.call import Call, Repeat, given
from mcos_client.api.paths import admin_path

_TIMES = ("started_at", "updated_at", "ended_at", "oldest_full_reading")


@dataclass(frozen=True)
class Scrub:
    """A run of the comparison of a cluster's backend with the catalog; its counts so far.

    Attributes
    ----------
    reason
        Why it was STOPPED; None: an operator stopped it.
    waits
        Why it does not go on just now.
    held
        Why it has removed nothing.
    share
        The share of the copies that it reads in full, of how many: ``3/12``.
    oldest_full_reading
        Since when every copy was read in full; None: not every copy was yet.
    seen, healthy
        Copies that records say are there, and those that are.
    repaired, unrepairable, unreadable
        Copies that were missing or wrong and were sent to be repaired; those for which there is no
        other copy; those that the backend does not give, while it gives others.
    moving
        Replicas that are still to be stored there.
    handed
        Copies that the cluster's repair queue reads in full.
    unnamed, renewed
        Copies that do not say what they are; those that were sent to be written anew.
    sealed
        Copies whose identity only the operator's private key opens; none of them is an orphan.
    listed, orphans, removed, unknown
        Keys on the backend; what no record names; what of it was removed; what stays because it
        does not say that it is this deployment's.
    bytes_read, calls
        Bytes read in full, and calls of the backend.
    repairs_waiting
        Messages in the cluster's repair queue, about; only from ``get_scrub``.
    """

    run: str
    cluster: str
    state: Literal["RUNNING", "DONE", "STOPPED"]
    reason: str | None
    waits: str | None
    held: str | None
    rate: float
    full: bool
    mass_repair: bool
    renew: bool
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    leg: str | None
    share: str
    oldest_full_reading: datetime | None
    seen: int
    healthy: int
    repaired: int
    unrepairable: int
    unreadable: int
    moving: int
    handed: int
    unnamed: int
    renewed: int
    sealed: int
    listed: int
    orphans: int
    removed: int
    unknown: int
    bytes_read: int
    calls: int
    repairs_waiting: int | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        known = {name: one for name, one in value.items() if name in cls.__dataclass_fields__}
        times = {name: known[name] and datetime.fromisoformat(known[name]) for name in _TIMES}
        return cls(**{**known, **times})


@dataclass(frozen=True)
class ReplicaCheck:
    """What a replica is like now.

    Attributes
    ----------
    checked
        ``content``: it was read; ``tag``: only its size and tag were compared; None: nothing was.
    reason
        Why it is not whole.
    """

    cluster: str
    state: Literal["whole", "damaged", "unreachable", "writing", "leaving"]
    checked: Literal["content", "tag"] | None
    reason: str | None


@dataclass(frozen=True)
class ObjectCheck:
    """What an object's replicas are like now."""

    version: str
    replicas: tuple[ReplicaCheck, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["version"], tuple(ReplicaCheck(**one) for one in value["replicas"]))


@dataclass(frozen=True)
class ObjectRepair:
    """The clusters that were told to see to their replica of an object."""

    version: str
    clusters: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["version"], tuple(value["clusters"]))


def get_scrub(cluster: str) -> Call[Scrub]:
    """Get the last run of a cluster's scrub, and how far it is."""
    return Call(
        "GET",
        admin_path("clusters", cluster, "scrub"),
        lambda response: Scrub.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def start_scrub(
    cluster: str,
    *,
    rate: float | None = None,
    full: bool = False,
    mass_repair: bool = False,
    renew: bool = False,
) -> Call[Scrub]:
    """Have a cluster compare its backend with the catalog, both ways.

    Parameters
    ----------
    rate
        Copies a second that it looks at, at most.
    full
        Read every copy in full, and not only those whose turn it is.
    mass_repair
        Write anew whatever is missing, however much it is.
    renew
        Write copies anew that do not say what they are.
    """
    words = {"full": full, "mass_repair": mass_repair, "renew": renew}
    body = given({"rate": rate, **{name: word or None for name, word in words.items()}})
    return Call(
        "POST",
        admin_path("clusters", cluster, "scrub"),
        lambda response: Scrub.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=dumps(body).encode(),
    )


def stop_scrub(cluster: str) -> Call[Scrub]:
    """Stop the run of a cluster's scrub; one that is over does not change."""
    return Call(
        "DELETE",
        admin_path("clusters", cluster, "scrub"),
        lambda response: Scrub.from_json(response.json()),
        repeat=Repeat.ALWAYS,
    )


def verify_object(account: str, container: str, name: str) -> Call[ObjectCheck]:
    """Look at every replica of an object now; nothing is changed."""
    return Call(
        "POST",
        admin_path("objects", "verify"),
        lambda response: ObjectCheck.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=_object(account, container, name),
        repeat=Repeat.ALWAYS,
    )


def repair_object(account: str, container: str, name: str) -> Call[ObjectRepair]:
    """Have every replica of an object read in full, and written anew if it is not whole."""
    return Call(
        "POST",
        admin_path("objects", "repair"),
        lambda response: ObjectRepair.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=_object(account, container, name),
        repeat=Repeat.ALWAYS,
    )


def _object(account: str, container: str, name: str) -> bytes:
    return dumps({"account": account, "container": container, "object": name}).encode()
