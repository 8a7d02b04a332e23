"""Rules for what operators send; each names the field that breaks it, and nothing was changed.

All raise ``InvalidBody``.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from mcos import limits
from mcos.errors import InvalidBody
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.storage import BACKEND_KINDS

OWN_LABELS = ("cluster", "backend", "provider", "location")
"""What every cluster has of itself, by ``Cluster.all_labels``."""


def check_cluster(cluster: Cluster) -> None:
    """Refuse a row by which a cluster could not be reached, or not be placed on."""
    if cluster.backend not in BACKEND_KINDS:
        raise InvalidBody(f"backend is one of {', '.join(BACKEND_KINDS)}.")
    for field in ("provider", "location", "staging_bucket"):
        _check_text(field, getattr(cluster, field))
    for field in ("put_replica", "put_parts", "get_replica"):
        _check_text(field, getattr(cluster, field))
        if not getattr(cluster, field).startswith("arn:"):
            raise InvalidBody(f"{field} is the ARN of a function.")
    for field in ("entry_point", "repair_queue_url"):
        _check_text(field, getattr(cluster, field))
        _check_url(field, getattr(cluster, field))
    check_weight(cluster.weight)
    check_own_labels(cluster.labels)


def check_weight(weight: float) -> None:
    """Refuse a weight that is no share."""
    if not 0 <= weight <= limits.WEIGHT_MAX:
        raise InvalidBody(f"weight is a number from 0 to {limits.WEIGHT_MAX}.")


def check_own_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that a cluster cannot be given."""
    check_labels("labels", labels)
    for name in OWN_LABELS:
        if name in labels:
            raise InvalidBody(f"labels: {name!r} is what a cluster has of itself.")


def check_labels(field: str, labels: Mapping[str, str]) -> None:
    """Refuse labels that no cluster can have."""
    if len(labels) > limits.LABELS:
        raise InvalidBody(f"{field} holds {len(labels)} labels; {limits.LABELS} are allowed.")
    for name, value in labels.items():
        if not 1 <= len(name) <= limits.LABEL_NAME_LENGTH or not name.isprintable():
            raise InvalidBody(
                f"{field}: a name is 1 to {limits.LABEL_NAME_LENGTH} printable characters."
            )
        if len(value) > limits.LABEL_VALUE_LENGTH or not value.isprintable():
            raise InvalidBody(
                f"{field}: a value is at most {limits.LABEL_VALUE_LENGTH} printable characters."
            )


def check_policy(policy: StoragePolicy) -> None:
    """Refuse a storage policy that says nothing, or more than can be done."""
    if not 1 <= len(policy.parts) <= limits.POLICY_PARTS:
        raise InvalidBody(f"parts holds 1 to {limits.POLICY_PARTS} parts.")
    for number, part in enumerate(policy.parts):
        if part.replicas < 1:
            raise InvalidBody(f"parts[{number}].replicas is 1 or more.")
        check_labels(f"parts[{number}].must", part.must)
        check_labels(f"parts[{number}].should", part.should)
    if policy.replicas > limits.POLICY_REPLICAS:
        raise InvalidBody(f"parts have at most {limits.POLICY_REPLICAS} replicas in all.")
    if not 1 <= policy.readable <= policy.replicas:
        raise InvalidBody("readable is a number from 1 to that of the replicas.")


def check_rate(rate: float) -> None:
    """Refuse a rate at which a job would not end, or would take everything."""
    if not limits.JOB_RATE_MIN <= rate <= limits.JOB_RATE_MAX:
        raise InvalidBody(
            f"rate is a number from {limits.JOB_RATE_MIN} to {limits.JOB_RATE_MAX}, "
            "replicas a second."
        )


def _check_text(field: str, text: str) -> None:
    if not 1 <= len(text) <= limits.CLUSTER_TEXT_LENGTH or not text.isprintable():
        raise InvalidBody(f"{field} is 1 to {limits.CLUSTER_TEXT_LENGTH} printable characters.")


def _check_url(field: str, text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidBody(f"{field} is a URL of http or https.")
