"""Jobs as JSON."""

from typing import Any

from mcos.model.jobs import Job


def describe(job: Job) -> dict[str, Any]:
    """Return a job and its progress as JSON."""
    return {
        "job": job.id,
        "kind": str(job.kind),
        "cluster": job.cluster,
        "state": str(job.state),
        "rate": job.rate,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "passes": job.passes,
        "examined": job.examined,
        "waiting": job.waiting,
        "stuck": job.stuck,
        "moved": job.moved,
        "remaining": job.remaining,
    }
