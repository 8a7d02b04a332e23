"""What the settings of a bucket or container have against it, by what its service says of them.

Nothing here asks a service. A ``Finding`` that prevents says that replicas would be lost, could not
be read or could not be removed; the others cost something.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from mcos.storage.contract import Finding

CLOCK_SECONDS = 300
"""How much later or earlier a service's clock may be. Signed requests and URLs have times."""

PARTS_DAYS = 7
"""Parts that were begun must stay for so long: a large replica may take days."""

_SLOW_CLASSES = ("GLACIER", "DEEP_ARCHIVE")
_FULL = 0.9

_MANIFEST_SEGMENTS = 1000
_META_VALUE_BYTES = 200
_META_BYTES = 2048
_META_COUNT = 12


def of_clock(date: str | None, now: datetime) -> Iterator[Finding]:
    """Judge the ``Date`` of a reply."""
    if not date:
        return
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return
    late = abs((now - (told if told.tzinfo else told.replace(tzinfo=UTC))).total_seconds())
    if late > CLOCK_SECONDS:
        yield Finding(
            f"its clock is {late:.0f} s off: signed requests and URLs would be refused", True
        )


# S3


def of_versioning(reply: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge the reply to GetBucketVersioning."""
    if reply.get("Status") == "Enabled":
        yield Finding(
            "it keeps versions: what MCOS removes stays, and is paid for; suspend versioning, or "
            "let a lifecycle rule expire noncurrent versions"
        )


def of_lifecycle(rules: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge the rules that GetBucketLifecycleConfiguration returns."""
    for rule in rules:
        if rule.get("Status") != "Enabled" or _is_for_tags(rule):
            continue  # replicas have no tags
        name = f"the lifecycle rule {rule.get('ID', 'without an ID')!r}"
        expires = rule.get("Expiration", {})
        if "Days" in expires or "Date" in expires:
            yield Finding(f"{name} would delete replicas: remove it", True)
        classes = {one.get("StorageClass") for one in rule.get("Transitions", ())}
        if slow := sorted(classes.intersection(_SLOW_CLASSES)):
            yield Finding(
                f"{name} would move replicas to {', '.join(slow)}, where they cannot be read at "
                "once: remove it",
                True,
            )
        days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
        if days is not None and days < PARTS_DAYS:
            yield Finding(
                f"{name} aborts uploads after {days} days: large replicas may take longer; let it "
                f"be {PARTS_DAYS} days or more"
            )


def _is_for_tags(rule: Mapping[str, Any]) -> bool:
    chosen = rule.get("Filter", {})
    return "Tag" in chosen or bool(chosen.get("And", {}).get("Tags"))


def of_encryption(rules: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge the rules that GetBucketEncryption returns."""
    for rule in rules:
        algorithm = str(rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", ""))
        if algorithm.startswith("aws:kms"):
            yield Finding(
                "it encrypts with KMS keys, so its ETags are no MD5s and replicas could not be "
                "verified: use SSE-S3",
                True,
            )


# Swift


def of_container(headers: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the headers of a container."""
    is_kept = headers.get("x-versions-enabled", "").lower() in ("true", "1", "yes", "on")
    if is_kept or any(f"x-{word}-location" in headers for word in ("versions", "history")):
        yield Finding(
            "it keeps versions: what MCOS removes stays, and is paid for; switch them off"
        )
    for quota, used, what in (
        ("x-container-meta-quota-bytes", "x-container-bytes-used", "bytes"),
        ("x-container-meta-quota-count", "x-container-object-count", "objects"),
    ):
        yield from _of_quota("the container", what, headers.get(quota), headers.get(used))


def of_account(headers: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the headers of an account."""
    quota = headers.get("x-account-meta-quota-bytes") or headers.get("x-account-quota-bytes")
    yield from _of_quota("the account", "bytes", quota, headers.get("x-account-bytes-used"))


def _of_quota(whose: str, what: str, quota: str | None, used: str | None) -> Iterator[Finding]:
    if not quota or not quota.isdigit() or not used or not used.isdigit():
        return
    told = f"{whose} has a quota of {quota} {what}, of which {used} are used"
    if int(used) >= int(quota):
        yield Finding(f"{told}: nothing more can be written", True)
    elif int(used) >= _FULL * int(quota):
        yield Finding(told)


def of_capabilities(told: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge what Swift's ``/info`` says."""
    slo = told.get("slo")
    if slo is None:
        yield Finding("it has no static large objects: large replicas could not be written", True)
    elif slo.get("max_manifest_segments", _MANIFEST_SEGMENTS) < _MANIFEST_SEGMENTS:
        yield Finding(f"its manifests list fewer than {_MANIFEST_SEGMENTS} segments", True)
    urls = told.get("tempurl")
    if urls is None or "GET" not in urls.get("methods", ["GET"]):
        yield Finding("it has no temporary URLs: large objects could not be downloaded", True)
    elif "sha256" not in urls.get("allowed_digests", ["sha256"]):
        yield Finding("its temporary URLs do not take SHA-256: allow that digest", True)
    limits = told.get("swift", {})
    for name, needed in (
        ("max_meta_value_length", _META_VALUE_BYTES),
        ("max_meta_overall_size", _META_BYTES),
        ("max_meta_count", _META_COUNT),
    ):
        if limits.get(name, needed) < needed:
            yield Finding(f"its {name} is {limits[name]}: it must be {needed} at least", True)
