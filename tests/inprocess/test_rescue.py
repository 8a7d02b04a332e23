"""All of AWS is lost: from one backend alone everything is read, and taken over by new tables."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from mcos.admin.import_catalog import ELSEWHERE, TABLES, States, import_catalog
from mcos.catalog import registry
from mcos.model.clusters import ClusterState, PolicyPart, StoragePolicy
from mcos.model.objects import ObjectRecord
from mcos_rescue import restore
from mcos_rescue.encryption import Keys
from mcos_rescue.inventory import Inventory
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Died, Manner
from tests.support.paths import object_path
from tests.support.rescued import (
    RescuedStore,
    journal,
    lose_aws,
    prepare,
    rescued,
    run,
    states_of,
    take_over,
)
from tests.support.user import User

CONTAINER = "photos"


def delete(user: User, name: str) -> Reply:
    return user.call("DELETE", object_path(CONTAINER, name), b"", SYNC)


def records(cloud: Cloud, user: User, names: Iterable[str]) -> dict[str, ObjectRecord]:
    """The records of objects, but for what was staged of them: that is lost with AWS."""
    found = {}
    for name in names:
        record = cloud.record(user.account, CONTAINER, name)
        assert record is not None
        assert record.current is not None
        found[name] = replace(record, current=replace(record.current, staged=None))
    return found


def listing_of(user: User) -> Any:
    return user.call("GET", f"/v1/containers/{CONTAINER}/objects").json()


def content_of(user: User, name: str) -> bytes:
    reply = user.download(name)
    assert reply.status == 200
    return reply.body


@pytest.fixture
def stored(cloud: Cloud, user: User) -> dict[str, bytes]:
    """Objects that were created, updated and deleted, and are in the journal."""
    prepare(cloud)
    contents = {f"may/{number}\n": b"%d" % number for number in range(5)}
    for name, content in contents.items():
        user.create(name, content, {**SYNC, "x-object-meta-colour": "green"})
    user.update("may/1\n", b"newer", ASYNC)
    contents["may/1\n"] = b"newer"
    assert delete(user, "may/2\n").status == 204
    del contents["may/2\n"]
    journal(cloud)
    return contents


def test_what_was_taken_back_is_not_hidden_by_a_removal_on_a_fast_clock(
    cloud: Cloud, user: User
) -> None:
    """The name is reserved first, by a record that the journal does not keep."""
    prepare(cloud)
    cloud.grant(7200)
    user.create("a", b"bytes", SYNC)
    journal(cloud)
    cloud.clock.advance(300)
    assert delete(user, "a").status == 204
    cloud.settle()
    cloud.clock.advance(-290)
    journal(cloud)
    cloud.clock.advance(2)
    assert user.call("POST", f"/v1/containers/{CONTAINER}/undelete/a").status == 200
    journal(cloud)
    with rescued(cloud.backends["ceph"]) as catalog:
        found = catalog.fold.state("objects", user.account, CONTAINER, "a")
        assert found is not None
        assert found.record is not None
        assert not found.is_doubtful


@pytest.mark.parametrize("backend", CLUSTERS)
def test_one_backend_alone_gives_every_file_back(
    cloud: Cloud, stored: dict[str, bytes], user: User, tmp_path: Path, backend: str
) -> None:
    store = RescuedStore(cloud.backends[backend])
    said: list[str] = []
    with rescued(cloud.backends[backend]) as catalog:
        assert catalog.cluster == backend
        inventory = Inventory(store, catalog)
        summary = restore.restore(store, inventory, tmp_path, with_metadata=False, say=said.append)
    lines = (tmp_path / "listing.jsonl").read_text().splitlines()
    found = {one["name"]: one for one in map(json.loads, lines)}
    assert {name: (tmp_path / one["path"]).read_bytes() for name, one in found.items()} == stored
    assert all(one["metadata"] == {"colour": "green"} for name, one in found.items() if "1" not in
               name)  # fmt: skip
    assert (summary.is_whole, said, inventory.problems) == (True, [], [])


def test_what_was_written_after_the_journal_is_recovered(
    cloud: Cloud, stored: dict[str, bytes], user: User, tmp_path: Path
) -> None:
    user.create("late", b"late", ASYNC)
    cloud.settle()
    store = RescuedStore(cloud.backends["ceph"])
    said: list[str] = []
    with rescued(cloud.backends["ceph"]) as catalog:
        restore.restore(
            store, Inventory(store, catalog), tmp_path, with_metadata=False, say=said.append
        )
    (path,) = (tmp_path / "recovered" / user.account / CONTAINER).iterdir()
    assert path.name.startswith("late%~")
    assert path.read_bytes() == b"late"


def test_new_tables_take_everything_over(
    cloud: Cloud, stored: dict[str, bytes], user: User
) -> None:
    names = sorted(stored)
    before = records(cloud, user, names)
    listing = listing_of(user)
    lose_aws(cloud)
    report = take_over(cloud)
    assert report.is_whole
    assert report.generation > 7
    assert records(cloud, user, names) == before
    assert listing_of(user) == listing
    for name, content in stored.items():
        assert content_of(user, name) == content
    # They can be changed, and the old copies go.
    user.update(names[0], b"after", SYNC)
    cloud.settle()
    assert content_of(user, names[0]) == b"after"
    assert user.create("fresh", b"fresh", SYNC).status == 201


def test_importing_again_changes_nothing_and_brings_nothing_back(
    cloud: Cloud, stored: dict[str, bytes], user: User
) -> None:
    lose_aws(cloud)
    first = take_over(cloud)
    names = sorted(stored)
    assert first.tables["objects"].written == len(names)
    user.update(names[0], b"since", SYNC)
    assert delete(user, names[1]).status == 204
    cloud.settle()
    second = take_over(cloud, "ceph")
    assert second.tables["objects"].written == 0
    assert content_of(user, names[0]) == b"since"
    assert user.download(names[1]).status == 404
    assert second.generation > first.generation


@pytest.mark.parametrize("manner", Manner)
def test_a_fault_anywhere_in_an_import_is_mended_by_another(
    cloud: Cloud, stored: dict[str, bytes], user: User, manner: Manner
) -> None:
    before = records(cloud, user, stored)
    lose_aws(cloud)
    with rescued(cloud.backends["s3"]) as catalog:
        states, deployment = states_of(catalog), catalog.journal.deployment

        def run_here() -> None:
            with cloud.at("s3"):
                import_catalog(states, deployment=deployment, generation=7)

        put_back = cloud.keep()
        with cloud.network.record() as calls:
            run_here()
        assert len(calls) > len(stored)
        for number in range(len(calls)):
            put_back()
            registry.forget()
            with cloud.network.record((number, manner)), suppress(Died, Exception):
                run_here()
            run(cloud, states, deployment)
            found = records(cloud, user, stored)
            assert found == before, calls[number]
            for name, content in stored.items():
                assert content_of(user, name) == content


def test_policies_and_operators_words_come_too_and_a_deployments_own_rows_do_not(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    cloud.write_policy(StoragePolicy("one", (PolicyPart(replicas=1),), readable=1))
    cloud.register("ceph", state=ClusterState.DRAINING)
    with cloud.network.outside():
        registry.write(registry.REVOCATION, "eve", {"before": "2026-01-01T00:00:00.000Z"})
    journal(cloud)
    with cloud.network.outside():
        old = registry.current_registry(fresh=True).deployment
    lose_aws(cloud)
    with cloud.network.outside():
        registry.remove(registry.OPERATOR, "ceph")
    take_over(cloud)
    with cloud.network.outside():
        found = registry.current_registry(fresh=True)
    assert found.policies["one"].replicas == 1
    assert found.clusters["ceph"].operator_state is ClusterState.DRAINING
    assert found.revoked == {"eve": "2026-01-01T00:00:00.000Z"}
    assert found.deployment.id != old.id


def test_accounts_are_disabled_until_they_get_a_password(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    cloud.add_account("somebody", "a password")
    journal(cloud)
    lose_aws(cloud)
    report = take_over(cloud)
    assert report.tables["accounts"].trimmed == 1
    body = json.dumps({"user_name": "somebody", "password": "a password"}).encode()
    assert cloud.call("s3", "POST", "/v1/login", body=body).status == 401


def test_accounts_of_an_encrypted_journal_are_as_they_were(
    cloud: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = x25519.Identity.generate()
    monkeypatch.setenv("MCOS_RESCUE_RECIPIENT", str(own.to_public()))
    prepare(cloud)
    cloud.add_account("somebody", "a password")
    user.create("a", b"a", SYNC)
    journal(cloud)
    lose_aws(cloud)
    report = take_over(cloud, keys=Keys([str(own)]))
    assert report.is_whole
    body = json.dumps({"user_name": "somebody", "password": "a password"}).encode()
    assert cloud.call("s3", "POST", "/v1/login", body=body).status == 200
    assert content_of(user, "a") == b"a"


def test_what_was_only_staged_has_failed_and_says_why(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("staged", b"staged", ASYNC)
    user.create("older", b"older", SYNC)
    cloud.settle()
    user.update("older", b"newer, and staged", ASYNC)
    cloud.cut_executions()
    cloud.journal()
    cloud.pump()
    lose_aws(cloud)
    report = take_over(cloud)
    assert report.is_whole
    assert report.tables["objects"].trimmed >= 1
    record = cloud.record(user.account, CONTAINER, "older")
    assert record is not None
    assert record.current is not None
    assert content_of(user, "older") == b"older"
    cloud.settle()


def test_an_object_of_which_nothing_was_stored_is_failed(cloud: Cloud, user: User) -> None:
    prepare(cloud)
    user.create("staged", b"staged", ASYNC)
    cloud.cut_executions()
    cloud.journal()
    cloud.pump()
    lose_aws(cloud)
    take_over(cloud)
    record = cloud.record(user.account, CONTAINER, "staged")
    assert record is not None
    assert record.state == "FAILED"
    assert "Nothing of its content was stored" in str(record.reason)
    cloud.settle()
    assert user.create("staged", b"again", SYNC).status == 201


def test_replicas_of_clusters_that_are_gone_are_placed_again(
    cloud: Cloud, stored: dict[str, bytes], user: User
) -> None:
    lose_aws(cloud, clusters=("ceph", "swift"))
    report = take_over(cloud)
    assert report.is_whole
    assert report.tables["objects"].trimmed == len(stored)
    for name in stored:
        record = cloud.record(user.account, CONTAINER, name)
        assert record is not None
        assert record.current is not None
        assert record.current.stored == ("ceph", "swift")
        assert record.state == "UPDATING"
        with cloud.network.outside():
            assert "s3" in registry.current_registry(fresh=True).unlinked


def test_objects_that_only_clusters_have_that_are_not_linked_wait_for_them(
    cloud: Cloud, user: User
) -> None:
    prepare(cloud)
    user.create("a", b"a", SYNC)
    journal(cloud)
    for backend in cloud.backends.values():
        backend.replicas = dict(backend.replicas)
    with rescued(cloud.backends["swift"]) as catalog:
        states = states_of(catalog)
        deployment = catalog.journal.deployment
        found = {table: list(states(table)) for table in TABLES}
        objects = [_only_on(one, "s3") for one in states("objects")]
        lose_aws(cloud, clusters=("ceph", "swift"))
        again: States = lambda table: [*objects] if table == "objects" else found[table]  # noqa: E731
        report = run(cloud, again, deployment)
        assert report.tables["objects"].left_out == {ELSEWHERE: 1}
        assert not report.is_whole
        assert cloud.record(user.account, CONTAINER, "a") is None
        cloud.register("s3")
        assert run(cloud, again, deployment).is_whole
        assert cloud.record(user.account, CONTAINER, "a") is not None


def _only_on(state: Any, cluster: str) -> Any:
    if state.record is None:
        return state
    record = json.loads(json.dumps(state.record))
    for name, replica in record["current"]["replicas"].items():
        replica["stored"] = name == cluster
    return replace(state, record=record)


def test_an_object_without_its_containers_entry_gets_a_container(
    cloud: Cloud, stored: dict[str, bytes], user: User
) -> None:
    with rescued(cloud.backends["swift"]) as catalog:
        states, deployment = states_of(catalog), catalog.journal.deployment
        lose_aws(cloud)
        report = run(
            cloud, lambda table: [] if table == "containers" else states(table), deployment
        )
    assert report.tables["objects"].doubtful == len(stored)
    for name, content in stored.items():
        assert content_of(user, name) == content
