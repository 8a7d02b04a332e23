"""check_health: probe this cluster's backend by writing, reading and deleting a replica."""

import os
from dataclasses import dataclass, replace
from io import BytesIO

from mcos import clock
from mcos.catalog.registry import read_health, write_health
from mcos.model.clusters import Health
from mcos.model.digests import digests_of
from mcos.replicas.backend import own_backend
from mcos.settings import settings
from mcos.storage import StorageError

FAILURES_TO_DOWN = 3
SUCCESSES_TO_ACTIVE = 3
"""Number of probes in a row that must contradict the verdict to change it."""

_PAUSE_SECONDS = 5
_PROBE_BYTES = 64
# No account has this name.
_PREFIX = "~health"
_SMOOTHING = 0.3


@dataclass(frozen=True)
class Probe:
    """Result of one probe: the time to read (milliseconds), or why it failed."""

    read_ms: float | None = None
    reason: str | None = None


def check_health() -> Health:
    """Probe the backend and write its health to the registry.

    A probe that confirms the verdict is the only one. A probe that contradicts it is followed by
    others, 5 s apart, so that an outage, or its end, is confirmed soon after it was first seen.
    """
    name = settings().cluster
    health = read_health(name)
    while True:
        verdict = health.healthy
        health = judge(health, probe())
        if health.streak == 0 or health.healthy != verdict:
            break
        clock.sleep(_PAUSE_SECONDS)
    write_health(name, health)
    return health


def judge(health: Health, found: Probe) -> Health:
    """Return the health after one more probe."""
    succeeded = found.reason is None
    read_ms = health.read_ms
    if found.read_ms is not None:
        before = found.read_ms if read_ms is None else read_ms
        read_ms = round((1 - _SMOOTHING) * before + _SMOOTHING * found.read_ms, 1)
    following = replace(
        health, checked_at=clock.now(), read_ms=read_ms, reason=found.reason, streak=0
    )
    if succeeded == health.healthy:
        return following
    streak = health.streak + 1
    if streak < (SUCCESSES_TO_ACTIVE if succeeded else FAILURES_TO_DOWN):
        return replace(following, streak=streak)
    return replace(following, healthy=succeeded)


def probe() -> Probe:
    """Write, read and delete a small replica that belongs to no object."""
    content = os.urandom(_PROBE_BYTES)
    digests = digests_of(content)
    key = f"{_PREFIX}/{settings().cluster}-{clock.new_id()}"
    try:
        backend = own_backend()
        backend.put(
            key,
            BytesIO(content),
            size=len(content),
            md5=digests.md5,
            sha256=digests.sha256,
            content_type="application/octet-stream",
        )
        started = clock.elapsed()
        with backend.get(key) as reader:
            read = reader.read()
        elapsed = clock.elapsed() - started
        backend.delete(key)
    except StorageError as error:
        return Probe(reason=f"{type(error).__name__}: {error}")
    if read != content:
        return Probe(reason="the bytes read differ from the bytes written")
    return Probe(read_ms=elapsed * 1000)
