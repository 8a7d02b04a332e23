"""Checks of operators' input. All raise ``InvalidBody``, whose message names the field."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from mcos import limits
from mcos.errors import InvalidBody
from mcos.model.clusters import Cluster, StoragePolicy
from mcos.storage import BACKEND_KINDS

OWN_LABELS = ("cluster", "backend", "provider", "location")
"""Built-in labels of every cluster: see ``Cluster.all_labels``."""


def check_cluster(cluster: Cluster) -> None:
    """Check a cluster's row."""
    if cluster.backend not in BACKEND_KINDS:
        raise InvalidBody(f"backend must be one of {', '.join(BACKEND_KINDS)}.")
    for field in ("provider", "location", "staging_bucket"):
        _check_text(field, getattr(cluster, field))
    for field in ("put_replica", "put_parts", "get_replica"):
        _check_text(field, getattr(cluster, field))
        if not getattr(cluster, field).startswith("arn:"):
            raise InvalidBody(f"{field} must be the ARN of a function.")
    for field in ("entry_point", "repair_queue_url"):
        _check_text(field, getattr(cluster, field))
        _check_url(field, getattr(cluster, field))
    check_weight(cluster.weight)
    check_own_labels(cluster.labels)


def check_weight(weight: float) -> None:
    """Check a cluster's weight."""
    if not 0 <= weight <= limits.WEIGHT_MAX:
        raise InvalidBody(f"weight must be a number between 0 and {limits.WEIGHT_MAX}.")


def check_own_labels(labels: Mapping[str, str]) -> None:
    """Check the labels of a cluster, which must not replace the built-in ones."""
    check_labels("labels", labels)
    for name in OWN_LABELS:
        if name in labels:
            raise InvalidBody(f"labels must not contain the built-in label {name!r}.")


def check_labels(field: str, labels: Mapping[str, str]) -> None:
    """Check the number, names and values of labels."""
    if len(labels) > limits.LABELS:
        raise InvalidBody(
            f"{field} must have at most {limits.LABELS} labels; it has {len(labels)}."
        )
    for name, value in labels.items():
        if not 1 <= len(name) <= limits.LABEL_NAME_LENGTH or not name.isprintable():
            raise InvalidBody(
                f"{field}: a name must have 1 to {limits.LABEL_NAME_LENGTH} printable characters."
            )
        if len(value) > limits.LABEL_VALUE_LENGTH or not value.isprintable():
            raise InvalidBody(
                f"{field}: a value must have at most {limits.LABEL_VALUE_LENGTH} printable "
                "characters."
            )


def check_policy(policy: StoragePolicy) -> None:
    """Check a storage policy."""
    if not 1 <= len(policy.parts) <= limits.POLICY_PARTS:
        raise InvalidBody(f"parts must have 1 to {limits.POLICY_PARTS} entries.")
    for number, part in enumerate(policy.parts):
        if part.replicas < 1:
            raise InvalidBody(f"parts[{number}].replicas must be 1 or more.")
        check_labels(f"parts[{number}].must", part.must)
        check_labels(f"parts[{number}].should", part.should)
    if policy.replicas > limits.POLICY_REPLICAS:
        raise InvalidBody(f"parts must have at most {limits.POLICY_REPLICAS} replicas in all.")
    if not 1 <= policy.readable <= policy.replicas:
        raise InvalidBody("readable must be between 1 and the number of replicas.")


def check_rate(rate: float) -> None:
    """Check the rate of a job."""
    if not limits.JOB_RATE_MIN <= rate <= limits.JOB_RATE_MAX:
        raise InvalidBody(
            f"rate must be between {limits.JOB_RATE_MIN} and {limits.JOB_RATE_MAX} replicas per "
            "second."
        )


def _check_text(field: str, text: str) -> None:
    if not 1 <= len(text) <= limits.CLUSTER_TEXT_LENGTH or not text.isprintable():
        raise InvalidBody(
            f"{field} must have 1 to {limits.CLUSTER_TEXT_LENGTH} printable characters."
        )


def _check_url(field: str, text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidBody(f"{field} must be an http or https URL.")
