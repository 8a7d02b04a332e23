"""What a release keeps, as data: rows, messages and replicas, recorded once and read ever after.

``recorded`` has a cloud do what fills each table, and takes it down. ``put_back`` gives it to
another cloud, which has to go on from there.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from mcos.auth import passwords
from mcos.catalog import accounts, objects
from mcos.catalog.tables import ALL_TABLES
from mcos.model import lifecycle
from mcos.model.accounts import Role
from mcos.storage import ReplicaStat
from tests.support.cloud import ASYNC, SYNC, Cloud, arn
from tests.support.environment import CLUSTERS, cluster_environment
from tests.support.paths import container_path, object_path, stat_path
from tests.support.uploads import Sender
from tests.support.user import User

ACCOUNT, PASSWORD = "ada", "a password of the release"
LARGE = bytes(range(256)) * 10
META = {"x-object-meta-colour": "blue", "content-type": "text/plain"}

Release = dict[str, Any]


class _Ada(User):
    """The account whose objects are kept; it can log in."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = ACCOUNT
        cloud.add_account(ACCOUNT, PASSWORD)
        self.token = cloud.token(ACCOUNT)
        assert self.call("PUT", container_path("photos")).status == 201


def recorded(cloud: Cloud, version: str) -> Release:
    """What a cloud keeps once every kind of thing has been done in it.

    Parameters
    ----------
    version
        Name of the release.
    """
    ada = fill(cloud)
    return {
        "release": version,
        "recorded_at": cloud.clock.moment().isoformat(),
        "rows": {model.Meta.table_name: _rows(cloud, model) for model in ALL_TABLES},
        "backends": {
            name: {key: replica(*held) for key, held in backend.replicas.items()}
            for name, backend in cloud.backends.items()
            if backend.replicas
        },
        "staging": {name: list(_staged(cloud, name)) for name in CLUSTERS},
        "messages": {
            "delivered": _one_of_a_kind(cloud.delivered),
            "waiting": list(_waiting(cloud)),
            "executions": [list(one) for one in cloud.executions],
        },
        "objects": {name: seen(ada, name) for name in ("small", "large", "renewed")},
    }


def fill(cloud: Cloud) -> User:
    """Do every kind of thing; the account that has it all."""
    ada = _Ada(cloud)
    _operate(cloud, ada)
    _store(cloud, ada)
    return ada


def _operate(cloud: Cloud, ada: User) -> None:
    """Fill the registry and the accounts."""
    operator = cloud.token("ops")
    with cloud.network.outside():
        assert accounts.create("ops", passwords.hash_password(PASSWORD), Role.ADMIN)
    rule = json.dumps({"parts": [{"replicas": 2}], "readable": 1}).encode()
    for method, path, body in (
        ("PUT", "/v1/admin/policies/pair", rule),
        ("PUT", "/v1/admin/accounts/eve", b'{"password":"no password of hers"}'),
        ("PATCH", "/v1/admin/accounts/eve", b'{"enabled":false}'),
        ("POST", "/v1/admin/jobs", b'{"kind":"rebalance"}'),
    ):
        reply = cloud.call("s3", method, path, body=body, token=operator)
        assert reply.status in (200, 201, 202), reply
    for name in CLUSTERS:
        cloud.invoke(arn(name, "check_health"), {})
    chosen = {"x-storage-policy": "pair", "x-retention-days": "30"}
    assert ada.call("PUT", container_path("pairs"), headers=chosen).status == 201


def _store(cloud: Cloud, ada: User) -> None:
    """Leave an object in each state, and something in each queue."""
    assert ada.create("small", b"small", {**SYNC, **META}).status == 201
    shared = b'{"container":"photos","object":"small"}'
    assert ada.call("POST", "/v1/shares", shared).status == 201
    assert ada.create("renewed", b"old", SYNC).status == 201
    assert ada.update("renewed", b"new", ASYNC).status == 202
    sender = Sender(ada)
    upload = sender.begin("large", LARGE)
    sender.send(upload, LARGE)
    assert sender.complete(upload).status == 202
    cloud.settle()
    cloud.backends["swift"].refuse("put")
    assert ada.create("owed", b"owed", ASYNC).status == 202
    cloud.run_executions()
    cloud.backends["swift"].accept()
    for name in ("updating", "deleting", "damaged"):
        assert ada.create(name, name.encode(), SYNC).status == 201
    assert ada.update("updating", b"to come", ASYNC).status == 202
    assert ada.create("creating", b"begun", ASYNC).status == 202
    assert ada.call("DELETE", object_path("photos", "deleting"), headers=ASYNC).status == 202
    assert ada.create("elsewhere", b"staged at s3", ASYNC, at="s3").status == 202
    assert cloud.drop_message("s3")["object"] == "elsewhere"
    path = object_path("photos", "elsewhere")
    assert ada.call("DELETE", path, headers=SYNC, at="swift").status == 204
    assert ada.create("kept", b"deleted and kept", SYNC).status == 201
    cloud.grant(24 * 3600)
    assert ada.call("DELETE", object_path("photos", "kept"), headers=SYNC).status == 204
    cloud.grant(0)
    _fail(cloud, ada)
    _damage(cloud, ada)
    half = sender.begin("half", LARGE)
    sender.send(half, LARGE, but=2)
    sender.begin("later", b"not sent yet")
    cloud.journal(
        "uploads"
    )  # of which the journal keeps nothing, but what the account uses is counted
    cloud.put_into_staging("s3", f"incoming/{ACCOUNT}/photos/dropped", b"dropped")
    arrival = cloud.arrival(
        "s3",
        f"incoming/{ACCOUNT}/photos/dropped",
        cloud.staged_version("s3", f"incoming/{ACCOUNT}/photos/dropped"),
    )
    assert cloud.ingest("s3", arrival) == []


def _fail(cloud: Cloud, ada: User) -> None:
    """Let a synchronous create be cut off, and be found by the sweeper."""
    with cloud.starting_dies():
        ada.create("failed", b"lost", SYNC)
    record = cloud.record(ACCOUNT, "photos", "failed")
    assert record is not None
    with cloud.at("s3"), cloud.network.outside():
        objects.change(
            record.key,
            lambda found: lifecycle.abandon(
                found, record.pending[0].id, reason="The call was cut off.", forget=False
            )[0],
        )


def _damage(cloud: Cloud, ada: User) -> None:
    """Have a replica be found missing by a reader, who tells of it."""
    record = cloud.record(ACCOUNT, "photos", "damaged")
    assert record is not None
    assert record.current is not None
    for backend in cloud.backends.values():
        for key in [key for key in backend.replicas if record.current.id in key][:1]:
            del backend.replicas[key]
            assert ada.download("damaged", at=backend.kind).body == b"damaged"
            return


def _rows(cloud: Cloud, model: Any) -> list[Any]:
    with cloud.network.outside():
        found: list[Any] = cloud.client("dynamodb").scan(TableName=model.Meta.table_name)["Items"]
    return found


def replica(content: bytes, stat: ReplicaStat) -> dict[str, Any]:
    told = {**asdict(stat), "stored_at": None}
    return {"content": b64encode(content).decode(), "stat": told}


def replica_of(cloud: Cloud, held: Any) -> tuple[bytes, ReplicaStat]:
    """A replica that a release kept, as a service in memory has it."""
    stat = ReplicaStat(**{**held["stat"], "stored_at": cloud.clock.moment()})
    return b64decode(held["content"]), stat


def _staged(cloud: Cloud, cluster: str) -> Iterator[dict[str, str]]:
    bucket = cluster_environment(cluster)["MCOS_STAGING_BUCKET"]
    with cloud.network.outside():
        s3 = cloud.client("s3")
        for one in s3.list_object_versions(Bucket=bucket).get("Versions", []):
            body = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"]
            yield {
                "key": one["Key"],
                "version": one["VersionId"],
                "content": b64encode(body.read()).decode(),
            }


def _one_of_a_kind(delivered: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """For each cluster one message of each kind."""
    kinds = {(name, body.get("action"), body.get("in_parts")): body for name, body in delivered}
    return [(name, body) for (name, *_), body in kinds.items()]


def _waiting(cloud: Cloud) -> Iterator[tuple[str, Any]]:
    """What is in the replicate and repair queues, by cluster."""
    for name in CLUSTERS:
        for queue in (cloud.replicate_queue(name), cloud.repair_queue(name)):
            for message in queue.messages:
                yield name, json.loads(message.body)


def seen(ada: User, name: str) -> dict[str, Any]:
    """An object as its user sees it."""
    read = ada.download(name)
    names = ("etag", "repr-digest", "content-type", "x-mcos-state", "x-mcos-version")
    told = [*names, *(one for one in read.headers if one.startswith("x-object-meta-"))]
    return {
        "headers": {one: read.headers[one] for one in told},
        "content": b64encode(read.body).decode(),
        "stat": ada.call("GET", stat_path("photos", name)).json(),
    }


def put_back(cloud: Cloud, release: Release) -> tuple[User, Release]:
    """Give a freshly deployed cloud what a release kept.

    Returns
    -------
    The account whose objects it has; and the release as it is there: staging gives its versions
    ids of its own, so these are exchanged in rows and messages.
    """
    cloud.clock.go_to(datetime.fromisoformat(release["recorded_at"]))
    text = json.dumps(release)
    for cluster, staged in release["staging"].items():
        bucket = cluster_environment(cluster)["MCOS_STAGING_BUCKET"]
        for one in staged:
            with cloud.network.outside():
                reply = cloud.client("s3").put_object(
                    Bucket=bucket, Key=one["key"], Body=b64decode(one["content"])
                )
            text = text.replace(one["version"], reply["VersionId"])
    kept = json.loads(text)
    for table, rows in kept["rows"].items():
        for row in rows:
            with cloud.network.outside():
                cloud.client("dynamodb").put_item(TableName=table, Item=row)
    for name, replicas in kept["backends"].items():
        for key, held in replicas.items():
            cloud.backends[name].replicas[key] = replica_of(cloud, held)
    for name, body in kept["messages"]["waiting"]:
        kind = "REPAIR" if "action" in body else "REPLICATE"
        queue = cluster_environment(name)[f"MCOS_{kind}_QUEUE_URL"]
        with cloud.network.outside():
            cloud.send(queue, json.dumps(body))
    cloud.chill()
    ada = _Ada.__new__(_Ada)
    ada.cloud, ada.account, ada.token = cloud, ACCOUNT, cloud.token(ACCOUNT)
    return ada, kept
