"""Every environment variable that the library reads.

``settings`` has the variables that all functions get; each variable that only some functions get
has a function of its own. All raise ``KeyError`` if a variable is missing: then the deployment is
wrong, and no call should be answered.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Mode = Literal["respond-async", "wait"]


@dataclass(frozen=True)
class Settings:
    """Settings of a function. No value is a secret; secrets are given by their names."""

    cluster: str
    staging_bucket: str
    state_machine_arn: str
    large_state_machine_arn: str
    replicate_queue_url: str
    repair_queue_url: str
    token_key_secret: str
    backend: str
    backend_secret: str
    default_prefer: Mode


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment.

    Raises
    ------
    KeyError
        A variable is missing.
    ValueError
        ``MCOS_DEFAULT_PREFER`` is neither ``respond-async`` nor ``wait``.
    """
    prefer = os.environ["MCOS_DEFAULT_PREFER"]
    if prefer not in ("respond-async", "wait"):
        raise ValueError(f"MCOS_DEFAULT_PREFER must be respond-async or wait; it is {prefer!r}")
    return Settings(
        cluster=os.environ["MCOS_CLUSTER"],
        staging_bucket=os.environ["MCOS_STAGING_BUCKET"],
        state_machine_arn=os.environ["MCOS_STATE_MACHINE_ARN"],
        large_state_machine_arn=os.environ["MCOS_LARGE_STATE_MACHINE_ARN"],
        replicate_queue_url=os.environ["MCOS_REPLICATE_QUEUE_URL"],
        repair_queue_url=os.environ["MCOS_REPAIR_QUEUE_URL"],
        token_key_secret=os.environ["MCOS_TOKEN_KEY_SECRET"],
        backend=os.environ["MCOS_BACKEND"],
        backend_secret=os.environ["MCOS_BACKEND_SECRET"],
        default_prefer=prefer,  # type: ignore[arg-type]  # narrowed by the check above
    )


def release() -> str:
    """Return what is deployed: the project's version, and a digest of the packages."""
    return os.environ["MCOS_RELEASE"]


def table_prefix() -> str:
    """Return the prefix of the names of the catalog's tables."""
    return os.environ["MCOS_TABLE_PREFIX"]


def endpoint_url() -> str | None:
    """Return the URL of an emulator of AWS; None: it is AWS itself."""
    return os.environ.get("AWS_ENDPOINT_URL") or None


def signing_keys_parameter() -> str:
    """Return the name of the parameter that has what signs tokens; only ``login`` is told it."""
    return os.environ["MCOS_SIGNING_KEYS_PARAMETER"]


def inbound_queue_url() -> str:
    """Return the URL of the cluster's inbound queue."""
    return os.environ["MCOS_INBOUND_QUEUE_URL"]


def inbound_dlq_url() -> str:
    """Return the URL of the queue of inbound messages that cannot become an object."""
    return os.environ["MCOS_INBOUND_DLQ_URL"]


def allowed_fetches() -> Mapping[str, Any]:
    """Return the fields of ``mcos.inbound.fetch.FetchRules``; empty: nothing may be fetched."""
    rules: Mapping[str, Any] = json.loads(os.environ.get("MCOS_FETCH_RULES", "{}"))
    return rules


def removal_grace_seconds() -> float:
    """Return how long the version of an object that users delete is kept; 0: not at all.

    Raises
    ------
    ValueError
    """
    return float(os.environ["MCOS_REMOVAL_GRACE_SECONDS"])


def removals_per_hour() -> int:
    """Return how many copies a cluster may remove in an hour that no user has asked for."""
    return int(os.environ["MCOS_REMOVALS_PER_HOUR"])


def default_quota() -> Mapping[str, float | None]:
    """Return the quota of accounts that have none of their own: see ``mcos.model.quotas``."""
    quota: Mapping[str, float | None] = json.loads(os.environ.get("MCOS_DEFAULT_QUOTA", "{}"))
    return quota


def event_bus() -> str:
    """Return the name of the bus on which changes of state are published."""
    return os.environ["MCOS_EVENT_BUS"]


def rescue_recipient() -> str | None:
    """Return the operator's public key (age, ``age1...``) for journal and identities, if any."""
    return os.environ.get("MCOS_RESCUE_RECIPIENT") or None


def batching_window_seconds() -> float:
    """Return for how long a batch of a stream waits for more, where its source does not wait."""
    return float(os.environ.get("MCOS_BATCHING_WINDOW_SECONDS", "0"))


def unpublished_queue_url() -> str:
    """Return the URL of the queue of changes that cannot be published."""
    return os.environ["MCOS_UNPUBLISHED_QUEUE_URL"]


def metrics_namespace() -> str:
    """Return the namespace of the metrics; empty: none are written."""
    return os.environ.get("MCOS_METRICS_NAMESPACE", "")


def watched_queues() -> Mapping[str, Mapping[str, str]]:
    """Return the URLs of what ``watch_cluster`` looks at: ``{"queues", "dead_letters"}``, by name.

    A queue of dead letters has the name of the queue that they come from.
    """
    queues: Mapping[str, Mapping[str, str]] = json.loads(os.environ["MCOS_WATCHED_QUEUES"])
    return queues


def run_jobs_function() -> str:
    """Return the ARN of the cluster's function ``run_jobs``."""
    return os.environ["MCOS_RUN_JOBS"]


@dataclass(frozen=True)
class ScrubSettings:
    """How the cluster's backend is compared with the catalog.

    Attributes
    ----------
    every_days
        A run begins so long after the last one has ended.
    grace_days
        What is younger is never taken for an orphan.
    slots
        A run reads one share, of so many, in full.
    rate
        Copies that a run looks at per second, at most.
    """

    every_days: float = 7
    grace_days: float = 14
    slots: int = 12
    rate: float = 100


def scrub_settings() -> ScrubSettings:
    """Return the settings of the scrub."""
    return ScrubSettings(**json.loads(os.environ.get("MCOS_SCRUB", "{}")))


def routes() -> Mapping[str, Sequence[str]]:
    """Return the methods of each path template of the API."""
    paths: Mapping[str, Sequence[str]] = json.loads(os.environ["MCOS_ROUTES"])
    return paths
