"""While a deployment is upgraded, this release reads and writes what a newer one has written.

Every row has a field that this release does not know. It is ignored, and still there after this
release has changed the row.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcos.catalog import accounts, jobs, registry, uploads
from mcos.model.clusters import ClusterState
from mcos.model.jobs import JobState
from tests.support.cloud import ASYNC, SYNC, Cloud, arn
from tests.support.environment import CLUSTERS, PREFIX
from tests.support.paths import object_path
from tests.support.release import put_back
from tests.support.uploads import Sender
from tests.support.user import User

pytestmark = pytest.mark.usefixtures("small_parts")

NEWER, VALUE = "of_a_newer_release", {"since": ["0.9"]}
KEYS = {
    "accounts": ("user_name",),
    "containers": ("account", "name"),
    "registry": ("kind", "name"),
    "jobs": ("job",),
    "uploads": ("account", "upload"),
    "objects": ("container_key", "name"),
}
RELEASE = Path(__file__).parents[1] / "releases" / "0.1.0.json"


class Rows:
    """The rows of a table as they are kept, each by its key."""

    def __init__(self, cloud: Cloud, table: str) -> None:
        self.cloud = cloud
        self.table = table

    def all(self) -> dict[tuple[str, ...], dict[str, Any]]:
        with self.cloud.network.outside():
            found = self.cloud.client("dynamodb").scan(TableName=f"{PREFIX}-{self.table}")["Items"]
        return {tuple(row[name]["S"] for name in KEYS[self.table]): row for row in found}

    def write(self, row: dict[str, Any]) -> None:
        with self.cloud.network.outside():
            self.cloud.client("dynamodb").put_item(TableName=f"{PREFIX}-{self.table}", Item=row)

    def change(self, key: tuple[str, ...], **fields: Any) -> None:
        """Change fields of a document, or add them."""
        row = self.all()[key]
        document = {**json.loads(row["document"]["S"]), **fields}
        self.write({**row, "document": {"S": json.dumps(document)}})

    def document(self, *key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.all()[key]["document"]["S"])
        return found


@pytest.fixture
def rows(cloud: Cloud) -> Callable[[str], Rows]:
    return lambda table: Rows(cloud, table)


@pytest.fixture
def ada(cloud: Cloud, rows: Callable[[str], Rows]) -> User:
    """What a release has kept, and a newer one has added to."""
    user, _ = put_back(cloud, json.loads(RELEASE.read_text()))
    for table in ("registry", "jobs", "uploads"):
        for key in rows(table).all():
            rows(table).change(key, **{NEWER: VALUE})
    for table in ("accounts", "containers"):
        for row in rows(table).all().values():
            rows(table).write({**row, NEWER: {"S": "kept"}})
    policy = rows("registry").document("policy", "pair")
    parts = [{**part, NEWER: VALUE} for part in policy["parts"]]
    rows("registry").change(("policy", "pair"), parts=parts)
    cloud.chill()
    return user


def operate(cloud: Cloud, method: str, path: str, value: Any = None) -> Any:
    body = b"" if value is None else json.dumps(value).encode()
    reply = cloud.call("s3", method, path, body=body, token=cloud.token("ops"))
    assert reply.status in (200, 201, 202), reply
    return reply.json()


def test_a_clusters_health_keeps_it(cloud: Cloud, ada: User, rows: Callable[[str], Rows]) -> None:
    before = rows("registry").document("health", "ceph")
    cloud.clock.advance(60)
    cloud.invoke(arn("ceph", "check_health"), {})
    after = rows("registry").document("health", "ceph")
    assert after["checked_at"] > before["checked_at"]
    assert after[NEWER] == VALUE


def test_a_clusters_row_and_an_operators_word_keep_it(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    row = {k: v for k, v in rows("registry").document("cluster", "ceph").items() if k != NEWER}
    operate(cloud, "PUT", "/v1/admin/clusters/ceph", {**row, "weight": 3})
    assert rows("registry").document("cluster", "ceph") == {**row, "weight": 3, NEWER: VALUE}
    operate(cloud, "PATCH", "/v1/admin/clusters/ceph", {"weight": 2})
    assert rows("registry").document("operator", "ceph") == {"weight": 2, NEWER: VALUE}


def test_a_storage_policy_keeps_it(cloud: Cloud, ada: User, rows: Callable[[str], Rows]) -> None:
    assert registry.policy_named("pair").replicas == 2
    value = {"parts": [{"replicas": 3}], "readable": 1}
    operate(cloud, "PUT", "/v1/admin/policies/pair", value)
    assert rows("registry").document("policy", "pair")[NEWER] == VALUE
    assert registry.policy_named("pair").replicas == 3


def test_a_job_keeps_it(cloud: Cloud, ada: User, rows: Callable[[str], Rows]) -> None:
    (before,) = jobs.all_jobs()
    cloud.work_at_jobs("s3")
    (after,) = jobs.all_jobs()
    assert after.passes > before.passes
    assert rows("jobs").document(after.id)[NEWER] == VALUE
    jobs.change(after.id, lambda job: replace(job, state=JobState.STOPPED))
    assert rows("jobs").document(after.id)[NEWER] == VALUE


def test_an_upload_keeps_it(cloud: Cloud, ada: User, rows: Callable[[str], Rows]) -> None:
    sender = Sender(ada)
    listed = {one["object"]: one for one in sender.ask("GET", "").json()["uploads"]}
    later = sender.ask("GET", f"/{listed['later']['upload']}").json()
    sender.send(later, b"not sent yet")
    assert sender.complete(later).status == 202
    found = uploads.get(ada.account, later["upload"])
    assert found is not None
    assert (found.state, found.version) == ("TAKEN", later["upload"])
    assert rows("uploads").document(ada.account, later["upload"])[NEWER] == VALUE


def test_accounts_and_containers_keep_it(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    operate(cloud, "PATCH", "/v1/admin/accounts/eve", {"enabled": True})
    eve = rows("accounts").all()["eve",]
    assert (eve["enabled"]["BOOL"], eve[NEWER]["S"]) == (True, "kept")
    assert ada.create("one more", b"bytes", SYNC).status == 201
    assert ada.call("DELETE", "/v1/containers/photos").status == 409
    assert rows("containers").all()[ada.account, "photos"][NEWER]["S"] == "kept"


def test_a_cluster_in_a_state_of_a_newer_release_takes_no_replicas(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    (job,) = jobs.all_jobs()
    rows("registry").change(("operator", "ceph"), state="RESTING", job=job.id)
    cloud.chill()
    assert registry.all_clusters()["ceph"].state is ClusterState.DRAINING
    assert ada.create("refused", b"bytes", SYNC).status == 503
    operate(cloud, "PATCH", "/v1/admin/clusters/ceph", {"weight": 2})
    word = {"state": "RESTING", "job": job.id, "weight": 2, NEWER: VALUE}
    assert rows("registry").document("operator", "ceph") == word
    operate(cloud, "PATCH", "/v1/admin/clusters/ceph", {"state": None})
    assert ada.create("taken", b"bytes", SYNC).status == 201


def test_a_job_of_a_newer_kind_is_left_to_the_newer_release(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    (job,) = jobs.all_jobs()
    rows("jobs").change((job.id,), kind="compress")
    before = rows("jobs").document(job.id)
    for cluster in CLUSTERS:
        assert cloud.work_at_jobs(cluster) == {}
    assert rows("jobs").document(job.id) == before


def test_an_upload_of_a_newer_kind_stays_for_the_newer_release(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    sender = Sender(ada)
    upload = sender.begin("append", b"bytes")
    rows("uploads").change((ada.account, upload["upload"]), action="append")
    sender.send(upload, b"bytes")
    assert sender.complete(upload).status == 409
    found = uploads.get(ada.account, upload["upload"])
    assert found is not None
    assert (found.action, found.state) == ("append", "OPEN")


def test_a_role_of_a_newer_release_is_no_admin(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    rows("accounts").write({**rows("accounts").all()["eve",], "role": {"S": "auditor"}})
    found = accounts.find("eve")
    assert found is not None
    assert not found.is_admin


def test_an_object_keeps_it(cloud: Cloud, ada: User, rows: Callable[[str], Rows]) -> None:
    assert ada.create("o", b"bytes", SYNC).status == 201
    objects, key = rows("objects"), (f"{ada.account}/photos", "o")
    current = objects.document(*key)["current"]
    replicas = {name: {**one, NEWER: VALUE} for name, one in current["replicas"].items()}
    objects.change(key, current={**current, "replicas": replicas, NEWER: VALUE}, **{NEWER: VALUE})
    backend = cloud.backends["swift"]
    del backend.replicas[cloud.key(ada.account, "photos", "o", "swift")]
    assert ada.download("o", at="swift").body == b"bytes"
    cloud.settle()
    assert ada.stat("o")["state"] == "CREATED"
    after = objects.document(*key)
    assert (after[NEWER], after["current"][NEWER]) == (VALUE, VALUE)
    kept = {name for name, one in after["current"]["replicas"].items() if one.get(NEWER) == VALUE}
    assert kept == {"s3", "ceph"}  # the copy on Swift is another one


def test_an_object_of_a_newer_schema_is_left_as_it_is(
    cloud: Cloud, ada: User, rows: Callable[[str], Rows]
) -> None:
    assert ada.create("o", b"bytes", SYNC).status == 201
    objects, key = rows("objects"), (f"{ada.account}/photos", "o")
    objects.change(key, schema=99)
    before = objects.all()[key]
    for reply in (
        ada.update("o", b"other", SYNC),
        ada.update("o", b"other", ASYNC),
        ada.call("DELETE", object_path("photos", "o"), b"", SYNC),
        ada.download("o"),
    ):
        assert (reply.status, reply.code) == (500, "internal_error")
    cloud.sweep()
    assert objects.all()[key] == before
