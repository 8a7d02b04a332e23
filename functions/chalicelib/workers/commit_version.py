"""commit_version: the last step of the state machine."""

from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.messages import CommitInput, CommitResult
from mcos.model.objects import ObjectRecord
from mcos.model.versions import Stored
from mcos.versions.commit import commit_version


def handle(event: CommitInput, context: Any) -> CommitResult:
    """Commit a version."""
    record = ObjectRecord.from_json(event["record"])
    version = record.find(event["version_id"])
    if version is None:
        raise ValueError("the record must have the version to be committed")
    stored = {
        one["cluster"]: Stored(one.get("incarnation", ""), one.get("tag"))
        for one in event["results"]
        if one["stored"]
    }
    wrong = {
        one["cluster"]: one.get("incarnation", "") for one in event["results"] if one.get("wrong")
    }

    misread = any(one.get("misread", False) for one in event["results"])

    # What was written with other bytes is removed otherwise.
    failed = {one["cluster"] for one in event["results"]} - {*stored, *wrong}
    failed &= set(version.replicas)

    def work() -> tuple[str, CommitResult]:
        _, outcome = commit_version(
            record, version, stored, wrong=wrong, failed=failed, misread=misread
        )
        return outcome.value, {"outcome": outcome.value, "stored": sorted(stored)}

    result: CommitResult = logged(
        "commit_version", work, account=record.account, version=version.id
    )
    return result
