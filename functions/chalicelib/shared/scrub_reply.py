"""Runs of scrubs as JSON."""

from dataclasses import asdict
from typing import Any

from mcos.model.scrub import Leg, Scrub

_SHOWN = (
    "seen",
    "healthy",
    "repaired",
    "unrepairable",
    "unreadable",
    "moving",
    "handed",
    "unnamed",
    "renewed",
    "sealed",
    "listed",
    "orphans",
    "removed",
    "bytes_read",
    "calls",
)


def describe(run: Scrub) -> dict[str, Any]:
    """Return a run and what it has found as JSON."""
    counts = asdict(run.counts)
    return {
        "run": run.id,
        "cluster": run.cluster,
        "state": str(run.state),
        "reason": run.reason,
        "waits": run.waits,
        "held": run.held,
        "rate": run.rate,
        "full": run.full,
        "mass_repair": run.mass_repair,
        "renew": run.renew,
        "started_at": run.created_at,
        "updated_at": run.updated_at,
        "ended_at": run.ended_at,
        "leg": str(run.leg) if run.is_running and isinstance(run.leg, Leg) else None,
        "share": f"{run.slot + 1}/{len(run.slots)}",
        "oldest_full_reading": run.oldest_full_reading,
        **{name: counts[name] for name in _SHOWN},
        "unknown": run.counts.unknown,
    }
