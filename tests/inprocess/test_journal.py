"""The journal: every change of the catalog is on every backend, whatever fails."""

import gzip
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends
from pyrage import decrypt, x25519

from mcos import limits
from mcos.admin.clusters import change_cluster, lose_cluster
from mcos.catalog import accounts, registry
from mcos.catalog.journaled import TABLES
from mcos.catalog.tables import RegistryItem
from mcos.journal import files
from mcos.model.clusters import ClusterState
from mcos.replicas import identity, repair_queue
from mcos.workers import write_snapshot
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.environment import ACCOUNT_ID, PREFIX, REGION
from tests.support.gateway import Reply
from tests.support.network import CALL_SECONDS, Died, Manner
from tests.support.paths import container_path, object_path
from tests.support.user import User

Entry = dict[str, Any]
CONTAINER = "photos"


def prepare(cloud: Cloud) -> None:
    for cluster in CLUSTERS:
        cloud.invoke(arn(cluster, "check_health"), {})


def snapshot(cloud: Cloud, **told: Any) -> str:
    outcome: str = cloud.invoke(arn("s3", "write_snapshot"), told)["outcome"]
    return outcome


def delete(user: User, name: str) -> Reply:
    return user.call("DELETE", object_path(CONTAINER, name), b"", SYNC)


def keys(cloud: Cloud, cluster: str, kind: str) -> list[str]:
    found = cloud.backends[cluster].replicas
    return sorted(key for key in found if key.startswith(files.FOLDER) and f"/{kind}/" in key)


def lines(content: bytes) -> list[Any]:
    """The lines of a file of the journal, without the last, which is the digest of the others."""
    text = gzip.decompress(content)
    rest, last = text[: text.rindex(b"\n", 0, -1) + 1], text.splitlines()[-1]
    assert json.loads(last) == {"sha256": sha256(rest).hexdigest()}
    return [json.loads(line) for line in rest.splitlines()]


def entries(cloud: Cloud, cluster: str, kind: str = "log") -> Iterator[Entry]:
    for key in keys(cloud, cluster, kind):
        if key.endswith(".gz"):
            head, *rest = lines(cloud.backends[cluster].replicas[key][0])
            assert head["format"] == 1
            assert head["kind"] == kind
            yield from rest


def last(cloud: Cloud, cluster: str, table: str, key: list[str]) -> Entry:
    found = [one for one in entries(cloud, cluster) if (one["table"], one["key"]) == (table, key)]
    return max(found, key=lambda one: str(one["revision"]))


def test_every_change_of_an_object_is_on_every_backend(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("a", b"bytes", {**SYNC, "x-object-meta-colour": "green"})
    user.update("a", b"other bytes", ASYNC)
    cloud.settle()
    cloud.journal()
    key = [user.account, CONTAINER, "a"]
    for cluster in CLUSTERS:
        found = last(cloud, cluster, "objects", key)
        record = cloud.record(user.account, CONTAINER, "a")
        assert record is not None
        assert found["record"] == record.as_json()
        history = [one for one in entries(cloud, cluster) if one["key"] == key]
        assert history[0]["replaces"] is None
        for before, after in pairwise(history):
            assert after["replaces"] == before["revision"]
        assert last(cloud, cluster, "containers", key[:2])["record"]["storage_policy"] == "default"
    assert delete(user, "a").status == 204
    cloud.settle()
    cloud.journal()
    for cluster in CLUSTERS:
        gone = last(cloud, cluster, "objects", key)
        assert gone["record"] is None
        assert gone["revision"] == gone["replaces"] + "~"


def test_no_secret_is_in_the_journal(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    cloud.add_account("somebody", "a password")
    cloud.journal()
    assert snapshot(cloud) == "complete"
    for cluster in CLUSTERS:
        for kind in ("log", "snapshot"):
            (found,) = (one for one in entries(cloud, cluster, kind) if one["table"] == "accounts")
            assert found["record"]["role"] == "user"
            assert "password_hash" not in found["record"]


def test_a_change_that_is_not_shown_does_not_break_an_accounts_chain(cloud: Cloud) -> None:
    """Revisions of accounts do not grow with each write if clocks disagree."""
    prepare(cloud)
    cloud.add_account("somebody", "a password")
    with cloud.network.outside():
        accounts.change("somebody", password_hash="another")
        cloud.clock.advance(-60)
        accounts.change("somebody", enabled=False)
    cloud.clock.advance(60)
    cloud.journal()
    history = [one for one in entries(cloud, "ceph") if one["table"] == "accounts"]
    assert [one["record"]["enabled"] for one in history] == [True, True, False]
    assert history[0]["replaces"] is None
    for before, after in pairwise(history):
        assert after["replaces"] == before["revision"]


def test_what_a_backend_misses_it_gets_when_it_is_back(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    cloud.backends["ceph"].refuse()
    user.create("a", b"bytes", ASYNC)
    cloud.journal()
    assert keys(cloud, "s3", "log")
    assert not keys(cloud, "ceph", "log")
    cloud.backends["ceph"].accept()
    cloud.settle()
    assert keys(cloud, "ceph", "log") == keys(cloud, "s3", "log")


def test_a_backend_that_was_away_for_long_gets_a_snapshot_instead(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    cloud.backends["ceph"].refuse()
    cloud.invoke(arn("ceph", "check_health"), {})
    user.create("a", b"bytes", ASYNC)
    cloud.journal()
    assert snapshot(cloud) == "not due"
    cloud.clock.advance(2 * limits.AWAY_SECONDS)
    for cluster in CLUSTERS:
        cloud.invoke(arn(cluster, "check_health"), {})
    cloud.pump()
    assert not keys(cloud, "ceph", "log")
    cloud.backends["ceph"].accept()
    cloud.invoke(arn("ceph", "check_health"), {})
    assert snapshot(cloud) == "complete"
    cloud.settle()
    shown = {tuple(one["key"]) for one in entries(cloud, "ceph", "snapshot")}
    assert (user.account, CONTAINER, "a") in shown
    assert snapshot(cloud) == "not due"


def test_a_cluster_that_cannot_be_sent_anything_holds_up_no_other(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    cloud.clock.advance(7 * 3600)
    prepare(cloud)
    cloud.backends["ceph"].refuse()
    sqs_backends[ACCOUNT_ID][REGION].delete_queue(f"{PREFIX}-ceph-repair")
    user.token = cloud.token(user.account)
    assert user.create("a", b"bytes", ASYNC).status == 202
    cloud.journal()
    for cluster in ("s3", "swift"):
        assert last(cloud, cluster, "objects", [user.account, CONTAINER, "a"])
    assert not keys(cloud, "ceph", "log")
    cloud.backends["ceph"].accept()
    assert snapshot(cloud) == "complete"
    shown = {tuple(one["key"]) for one in entries(cloud, "ceph", "snapshot")}
    assert (user.account, CONTAINER, "a") in shown
    assert snapshot(cloud) == "not due"


def test_a_file_that_nobody_takes_is_tried_again(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("a", b"bytes", ASYNC)
    for cluster in CLUSTERS:
        cloud.backends[cluster].refuse()
        sqs_backends[ACCOUNT_ID][REGION].delete_queue(f"{PREFIX}-{cluster}-repair")
    with pytest.raises(ClientError):
        cloud.journal()


def test_a_cluster_that_an_operator_took_out_for_long_gets_a_snapshot(
    cloud: Cloud, user: User
) -> None:
    """Its health check finds nothing wrong with it meanwhile."""
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    cloud.register("ceph", state=ClusterState.DOWN)
    user.create("a", b"bytes", ASYNC)
    cloud.journal()
    for _ in range(limits.AWAY_SECONDS // 3600 + 2):
        cloud.clock.advance(3600)
        prepare(cloud)
        cloud.pump()
    assert not cloud.queued()["ceph"]
    cloud.register("ceph")
    assert snapshot(cloud) == "complete"
    shown = {tuple(one["key"]) for one in entries(cloud, "ceph", "snapshot")}
    assert (user.account, CONTAINER, "a") in shown
    assert snapshot(cloud) == "not due"


def test_a_cluster_that_was_not_lost_after_all_gets_a_snapshot(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    with cloud.network.outside(), cloud.at("s3"):
        lose_cluster("ceph", rate=1)
    assert user.call("PUT", container_path("missed")).status == 201
    cloud.journal()
    cloud.clock.advance(7 * 3600)
    prepare(cloud)
    assert snapshot(cloud) == "not due"
    with cloud.network.outside(), cloud.at("s3"):
        change_cluster("ceph", {"state": ClusterState.ACTIVE})
    assert snapshot(cloud) == "complete"
    shown = {tuple(one["key"]) for one in entries(cloud, "ceph", "snapshot")}
    assert (user.account, "missed") in shown


def test_a_write_that_cannot_be_read_holds_up_no_other(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(cloud)
    user.create("a", b"bytes", SYNC)
    with cloud.network.outside():
        records = cloud.stream_records("objects")
    broken = json.loads(json.dumps(records))
    broken[0]["dynamodb"]["NewImage"]["document"] = {"S": "{"}
    cloud.invoke(arn("s3", "write_journal"), {"Records": broken})
    found = last(cloud, "s3", "objects", [user.account, CONTAINER, "a"])
    assert found["record"]["state"] == "CREATED"


def test_an_item_that_cannot_be_read_keeps_no_other_from_a_snapshot(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    user.create("a", b"bytes", SYNC)
    with cloud.network.outside():
        cloud.client("dynamodb").put_item(
            TableName=TABLES["containers"].Meta.table_name,
            Item={
                "account": {"S": user.account},
                "name": {"S": "broken"},
                "created_at": {"N": "1"},
            },
        )
    assert snapshot(cloud) == "complete"
    shown = {tuple(one["key"]) for one in entries(cloud, "ceph", "snapshot")}
    assert {(user.account, CONTAINER), (user.account, CONTAINER, "a")} <= shown


def test_without_changes_there_is_a_sign_of_life_four_times_an_hour(cloud: Cloud) -> None:
    prepare(cloud)
    cloud.journal()
    with cloud.network.outside():
        health = cloud.stream_records("registry")[-1:]
    written = []
    for _ in range(60):
        before = len(keys(cloud, "s3", "log"))
        cloud.invoke(arn("s3", "write_journal"), {"Records": health})
        written.append(len(keys(cloud, "s3", "log")) - before)
        cloud.clock.advance(60)
    assert sum(written) == 4


def test_a_segment_fits_into_a_message(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    for number in range(150):
        # Text that hardly becomes smaller, as much as an object may have.
        text = "".join(sha256(b"%d %d" % (number, part)).hexdigest() for part in range(56))
        own = {f"x-object-meta-{part}": text[256 * part :][:256] for part in range(14)}
        assert user.create(f"{number}", b"", {**ASYNC, **own}).status == 202
    cloud.backends["ceph"].refuse()
    cloud.journal("objects")
    sizes = [len(cloud.backends["s3"].replicas[key][0]) for key in keys(cloud, "s3", "log")]
    assert len(sizes) > 1
    assert all(size <= files.SEGMENT_BYTES for size in sizes)
    names = {one["key"][-1] for one in entries(cloud, "s3") if one["table"] == "objects"}
    assert names == {f"{number}" for number in range(150)}


def test_a_snapshot_has_all_and_is_resumed(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_snapshot, "_PART_RECORDS", 2)
    monkeypatch.setattr(write_snapshot, "_PAGE", 2)
    prepare(cloud)
    for number in range(5):
        user.create(f"{number}", b"bytes", SYNC)
    assert snapshot(cloud, seconds=-1) == "begun"
    assert not keys(cloud, "s3", "snapshot")
    assert snapshot(cloud) == "complete"
    for cluster in CLUSTERS:
        content = {
            (one["table"], *one["key"]): one["record"]
            for one in entries(cloud, cluster, "snapshot")
        }
        for number in range(5):
            record = cloud.record(user.account, CONTAINER, f"{number}")
            assert record is not None
            key = ("objects", user.account, CONTAINER, f"{number}")
            assert content[key] == record.as_json()
        assert ("containers", user.account, CONTAINER) in content
        assert ("registry", "cluster", "s3") in content
        assert not any(key[:2] == ("registry", "health") for key in content)
        (complete,) = (key for key in keys(cloud, cluster, "snapshot") if "complete" in key)
        told = json.loads(cloud.backends[cluster].replicas[complete][0])
        parts = {one["key"]: one for one in told["parts"]}
        assert parts.keys() == {*keys(cloud, cluster, "snapshot")} - {complete}
        for key, part in parts.items():
            stored = cloud.backends[cluster].replicas[key][0]
            assert part["sha256"] == sha256(stored).hexdigest()
            assert part["size"] == len(stored)
        assert sum(told["counts"].values()) == len(content)
    assert snapshot(cloud) == "not due"
    cloud.clock.advance(8 * 24 * 3600)
    assert snapshot(cloud) == "complete"


def test_the_state_of_a_snapshot_stays_small_however_many_parts_it_has(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item of DynamoDB has 400 KB at most."""
    monkeypatch.setattr(write_snapshot, "_PART_RECORDS", 1)
    monkeypatch.setattr(write_snapshot, "_PAGE", 1)
    monkeypatch.setattr(write_snapshot, "_PARTS", 2, raising=False)
    prepare(cloud)
    for number in range(5):
        user.create(f"{number}", b"bytes", SYNC)
    while (outcome := snapshot(cloud, seconds=5 * CALL_SECONDS)) == "begun":
        with cloud.network.outside():
            state = registry.read(registry.JOURNAL, "snapshot")
        assert state is not None
        assert len(state["running"]["parts"]) <= 2
    assert outcome == "complete"
    for cluster in CLUSTERS:
        *parts, complete = sorted(keys(cloud, cluster, "snapshot"), key=lambda key: "comp" in key)
        told = json.loads(cloud.backends[cluster].replicas[complete][0])
        assert sorted(one["key"] for one in told["parts"]) == parts
        assert told["counts"]["objects"] == 5
        assert sum(told["counts"].values()) == sum(one["records"] for one in told["parts"])
    with cloud.network.outside():
        registry.tidy()
        left = [item.name for item in RegistryItem.scan() if item.kind == registry.JOURNAL]
    assert left == ["snapshot"]


def test_large_records_are_fewer_in_a_part(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_snapshot, "_PAGE", 1)  # a page of large records has few
    monkeypatch.setattr(write_snapshot, "_PART_PAGES", 2, raising=False)
    prepare(cloud)
    for number in range(5):
        user.create(f"{number}", b"bytes", SYNC)
    assert snapshot(cloud) == "complete"
    parts = [key for key in keys(cloud, "s3", "snapshot") if "/objects-" in key]
    assert len(parts) == 3


def test_the_last_file_of_a_snapshot_is_the_same_each_time(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("a", b"bytes", SYNC)
    put_back = cloud.keep()
    with cloud.network.record() as calls:
        assert snapshot(cloud) == "complete"
    last_write = max(n for n, call in enumerate(calls) if call.name == "dynamodb:PutItem")
    put_back()
    with cloud.network.record((last_write, Manner.DIES)), suppress(Died, Exception):
        snapshot(cloud)
    cloud.clock.advance(1000)
    prepare(cloud)
    assert snapshot(cloud) == "complete"
    with cloud.network.outside():
        state = registry.read(registry.JOURNAL, "snapshot")
    assert state is not None
    assert state["last"]["complete_on"] == sorted(CLUSTERS)


def test_a_catalog_that_has_shrunk_makes_no_snapshot_without_an_operators_word(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    for number in range(5):
        user.create(f"{number}", b"", SYNC)
    assert snapshot(cloud) == "complete"
    for number in range(4):
        assert delete(user, f"{number}").status == 204
    assert snapshot(cloud, now=True) == "refused"
    with cloud.network.outside():
        assert "objects: 5 to 1" in str(registry.read(registry.JOURNAL, "snapshot"))
    completed = [key for key in keys(cloud, "s3", "snapshot") if key.endswith("complete.json")]
    assert len(completed) == 1
    assert snapshot(cloud, now=True, accept_smaller=True) == "complete"


def test_what_goes_by_itself_is_not_missed_by_a_snapshot(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    cloud.grant(7200)
    user.create("a", b"", SYNC)
    user.create("b", b"", SYNC)
    assert delete(user, "b").status == 204
    cloud.settle()
    user.create("b", b"", SYNC)
    assert snapshot(cloud) == "complete"
    cloud.clock.advance(8 * 24 * 3600)
    prepare(cloud)
    cloud.sweep()
    assert not cloud.deleted(user.account)
    assert snapshot(cloud) == "complete"


def test_a_snapshot_that_was_refused_is_not_written_again_every_hour(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    for number in range(5):
        user.create(f"{number}", b"", SYNC)
    assert snapshot(cloud) == "complete"
    for number in range(4):
        assert delete(user, f"{number}").status == 204
    cloud.clock.advance(8 * 24 * 3600)
    assert snapshot(cloud) == "refused"
    written = keys(cloud, "s3", "snapshot")
    cloud.clock.advance(3600)
    assert snapshot(cloud) == "refused"
    assert keys(cloud, "s3", "snapshot") == written
    assert snapshot(cloud, accept_smaller=True) == "complete"


def test_a_cluster_that_is_lost_gets_nothing(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    cloud.register("ceph", state=ClusterState.LOST)
    user.create("a", b"bytes", ASYNC)
    cloud.journal()
    assert keys(cloud, "s3", "log")
    assert not keys(cloud, "ceph", "log")


def test_the_catalog_without_an_id_is_not_journaled_yet(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", ASYNC)
    with pytest.raises(Exception, match="no id"):
        cloud.journal()
    prepare(cloud)
    cloud.journal()
    assert last(cloud, "s3", "objects", [user.account, CONTAINER, "a"])


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("work", ["journal", "snapshot"])
def test_a_fault_anywhere_loses_nothing(
    cloud: Cloud, user: User, work: str, manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the journal's writer, and of the snapshot's, at every network call, with one table."""
    monkeypatch.setattr(write_snapshot, "TABLES", ("objects",))
    prepare(cloud)
    user.create("a", b"bytes", SYNC)

    def do() -> None:
        if work == "journal":
            cloud.journal("objects")
        else:
            snapshot(cloud)

    put_back = cloud.keep()
    with cloud.network.record() as calls:
        do()
    assert calls
    for number in range(len(calls)):
        put_back()
        cloud.forget_the_journal()
        with cloud.network.record((number, manner)), suppress(Died, Exception):
            do()
        for _ in range(2):
            cloud.clock.advance(7 * 3600)  # after this a backend that missed a part is tried again
            do()
        cloud.settle()
        kind = "log" if work == "journal" else "snapshot"
        for cluster in CLUSTERS:
            names = {one["key"][-1] for one in entries(cloud, cluster, kind)}
            assert "a" in names, (calls[number], cluster)
            if work == "snapshot":
                assert any("complete" in key for key in keys(cloud, cluster, kind))


def test_a_message_with_a_file_that_is_not_the_journals_is_refused(cloud: Cloud) -> None:
    assert not cloud.repair("s3", repair_queue.file_message("account/version", b"bytes"))
    assert "account/version" not in cloud.backends["s3"].replicas


def test_with_a_public_key_all_is_encrypted_to_it(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = x25519.Identity.generate()
    monkeypatch.setenv("MCOS_RESCUE_RECIPIENT", str(own.to_public()))
    prepare(cloud)
    cloud.add_account("somebody", "a password")
    user.create("a", b"bytes", SYNC)
    cloud.journal()
    assert snapshot(cloud) == "complete"
    for cluster in CLUSTERS:
        held = cloud.backends[cluster].replicas
        written = [*keys(cloud, cluster, "log"), *keys(cloud, cluster, "snapshot")]
        for key in (one for one in written if not one.endswith("complete.json")):
            assert key.endswith(".jsonl.gz.age")
            _, *told = lines(decrypt(held[key][0], [own]))
            accounts = [one["record"] for one in told if one["table"] == "accounts"]
            assert all(one["password_hash"] for one in accounts)
        (sealed,) = (stat.identity for key, (_, stat) in held.items() if not key.startswith("~"))
        assert identity.read(sealed) is None
        assert sealed is not None
        text = sealed.removeprefix("age.")
        fields = json.loads(decrypt(urlsafe_b64decode(text + "=" * (-len(text) % 4)), [own]))
        assert fields[2:5] == [user.account, CONTAINER, "a"]


def test_what_is_deleted_and_kept_is_in_the_journal_until_it_is_gone(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    cloud.grant(7200)
    version = user.create("a", b"bytes", SYNC).json()["version"]
    assert delete(user, "a").status == 204
    cloud.settle()
    cloud.journal()
    key = [user.account, CONTAINER, "a", version]
    kept = last(cloud, "ceph", "deleted", key)
    assert kept["record"]["state"] == "KEPT"
    assert kept["record"]["document"]["version"]["id"] == version
    assert kept["revision"] == kept["record"]["deletion"]
    assert "claim" not in kept["record"]
    (gone,) = [one for one in entries(cloud, "ceph") if one["key"] == key[:3]][-1:]
    assert gone["record"] is None
    cloud.clock.advance(7300)
    for name in CLUSTERS:
        cloud.invoke(arn(name, "check_health"), {})
    cloud.sweep()
    cloud.journal()
    removed = last(cloud, "ceph", "deleted", key)
    assert (removed["record"], removed["replaces"]) == (None, f"{kept['revision']}-")
