"""commit_version: the last step of the state machine."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.worker import logged
from mcos.model.objects import ObjectRecord
from mcos.versions.commit import commit_version


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"record", "version_id", "results": [{"cluster", "stored", "tag"?}]}``.

    Returns
    -------
    ``{"outcome", "stored"}``: an ``Outcome`` of ``mcos.model.lifecycle``, and the clusters that
    stored their replica.
    """
    record = ObjectRecord.from_json(event["record"])
    version = record.find(event["version_id"])
    if version is None:
        raise ValueError("the record must have the version to be committed")
    stored = {result["cluster"] for result in event["results"] if result["stored"]}
    tags = {result["cluster"]: result["tag"] for result in event["results"] if "tag" in result}

    def work() -> tuple[str, dict[str, Any]]:
        _, outcome = commit_version(record, version, stored, tags)
        return outcome.value, {"outcome": outcome.value, "stored": sorted(stored)}

    result: dict[str, Any] = logged(
        "commit_version", work, account=record.account, version=version.id
    )
    return result
