"""All of AWS is lost: what users have deleted waits on, and nothing that was removed comes back."""

from contextlib import suppress
from typing import Any

import pytest

from mcos.admin.import_catalog import States, import_catalog
from mcos.catalog import deleted, registry
from mcos.model.deleted import Deleted, DeletedState
from mcos.versions import dispose
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.gateway import Reply
from tests.support.network import Died, Manner
from tests.support.paths import container_path, object_path, undelete_path
from tests.support.rescued import journal, lose_aws, prepare, rescued, run, states_of, take_over
from tests.support.user import User

CONTAINER, NAME = "photos", "sea.jpg"
CONTENT = b"bytes that somebody will miss"
HOUR = 3600


@pytest.fixture
def patient(cloud: Cloud) -> Cloud:
    """A cloud that keeps for a day what users delete."""
    prepare(cloud)
    cloud.grant(24 * HOUR)
    return cloud


def delete(user: User, name: str = NAME) -> None:
    path = object_path(CONTAINER, name)
    assert user.call("DELETE", path, headers=SYNC).status == 204


def undelete(user: User, name: str = NAME) -> Reply:
    return user.call("POST", undelete_path(CONTAINER, name), at="swift")


def listed(user: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.call("GET", f"{container_path(CONTAINER)}/deleted").json()[
        "deleted"
    ]
    return found


def kept_of(cloud: Cloud, user: User) -> Deleted:
    (found,) = cloud.deleted(user.account)
    return found


def pass_time(cloud: Cloud, user: User, seconds: int) -> None:
    cloud.clock.advance(seconds)
    prepare(cloud)
    cloud.sweep()
    cloud.settle()
    user.token = cloud.token(user.account)


def lose_and_take_over(cloud: Cloud) -> None:
    lose_aws(cloud)
    cloud.grant(24 * HOUR)
    assert take_over(cloud).is_whole


def test_what_was_deleted_can_still_be_taken_back(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, {**SYNC, "x-object-meta-place": "Sylt"})
    delete(user)
    journal(patient)
    before, shown = kept_of(patient, user), listed(user)
    lose_and_take_over(patient)
    assert kept_of(patient, user) == before
    assert listed(user) == shown
    assert user.download(NAME).status == 404
    assert undelete(user).status == 200
    found = user.download(NAME)
    assert (found.body, found.headers["x-object-meta-place"]) == (CONTENT, "Sylt")
    patient.settle()
    patient.check_storage(user.account)


def test_it_is_due_when_it_was_and_removed_then(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    journal(patient)
    lose_and_take_over(patient)
    pass_time(patient, user, 23 * HOUR)
    assert len(listed(user)) == 1
    pass_time(patient, user, 2 * HOUR)
    assert patient.deleted(user.account) == []
    patient.check_storage(user.account)


def test_what_was_being_taken_back_waits_again(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    patient.settle()
    patient.journal()
    before = kept_of(patient, user)
    patient.clock.advance(5)
    with patient.network.outside():
        assert deleted.claim(before, "a call that has ended since")
    assert kept_of(patient, user).state is DeletedState.RESTORING
    journal(patient)
    lose_and_take_over(patient)
    assert kept_of(patient, user) == before
    assert undelete(user).status == 200
    assert user.download(NAME).body == CONTENT


@pytest.mark.parametrize("since", ["nothing", "updated", "deleted again"])
def test_what_was_taken_back_is_deleted_no_more(patient: Cloud, user: User, since: str) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    # Within one second, so that only revisions tell what came last.
    assert undelete(user).status == 200
    if since == "updated":
        user.update(NAME, b"newer", SYNC)
    elif since == "deleted again":
        patient.grant(0)
        delete(user)
    journal(patient)
    lose_and_take_over(patient)
    assert patient.deleted(user.account) == []
    expected = {"nothing": (200, CONTENT), "updated": (200, b"newer")}
    reply = user.download(NAME)
    assert (reply.status, reply.body) == expected.get(since, (404, reply.body))


def test_what_was_purged_does_not_come_back(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    patient.settle()
    found = kept_of(patient, user)
    with patient.network.outside():
        assert deleted.hasten(found)
        assert deleted.claim_removal(found)
    journal(patient)
    lose_and_take_over(patient)
    assert patient.deleted(user.account) == []
    assert undelete(user).status == 404


def test_what_was_removed_goes_from_tables_that_were_set_back(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    user.create("later", CONTENT, SYNC)
    delete(user, "later")
    journal(patient)
    take_over(patient)  # its own, as after an emulator was killed
    before, later = sorted(patient.deleted(user.account), key=lambda one: one.kept.deletion)
    set_back = patient.keep()
    with patient.network.outside():
        assert deleted.hasten(before)
        assert deleted.claim_removal(before)
    journal(patient)
    known = {name: dict(backend.replicas) for name, backend in patient.backends.items()}
    set_back()
    for name, backend in patient.backends.items():
        backend.replicas = known[name]
    registry.forget()
    assert before in patient.deleted(user.account)
    take_over(patient)
    assert patient.deleted(user.account) == [later]


def test_a_record_that_was_to_keep_it_keeps_it_still(
    patient: Cloud, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.create(NAME, CONTENT, SYNC)
    patient.settle()
    with monkeypatch.context() as patch:
        patch.setattr(dispose.deleted, "keep", _die)
        with suppress(Died):
            user.call("DELETE", object_path(CONTAINER, NAME), headers=SYNC)
        patient.journal()
    record = patient.record(user.account, CONTAINER, NAME)
    assert record is not None
    assert record.kept
    assert patient.deleted(user.account) == []
    lose_and_take_over(patient)
    assert patient.record(user.account, CONTAINER, NAME) == record
    patient.sweep()
    patient.settle()
    assert kept_of(patient, user).kept == record.kept[0]
    assert undelete(user).status == 200
    assert user.download(NAME).body == CONTENT


def _die(*_: Any, **__: Any) -> None:
    raise Died


def test_what_was_only_staged_is_gone_and_what_was_stored_stays(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, ASYNC)
    patient.cut_executions()
    delete(user)
    user.create("stored", CONTENT, ASYNC)
    patient.settle()
    delete(user, "stored")
    journal(patient)
    lose_and_take_over(patient)
    assert [one["name"] for one in listed(user)] == ["stored"]
    assert undelete(user, "stored").status == 200
    assert user.download("stored").body == CONTENT


def test_what_is_only_staged_stays_in_tables_that_have_it(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, ASYNC)
    patient.cut_executions()
    delete(user)
    patient.sweep()
    before = kept_of(patient, user)
    assert not before.kept.version.stored
    patient.journal()
    patient.pump()
    take_over(patient)  # its own
    assert kept_of(patient, user) == before
    assert undelete(user).status == 200
    assert user.download(NAME).body == CONTENT


def test_what_a_cluster_had_that_is_gone_is_written_off_when_it_is_taken_back(
    patient: Cloud, user: User
) -> None:
    user.create(NAME, CONTENT, SYNC)
    delete(user)
    journal(patient)
    lose_aws(patient, clusters=("ceph", "swift"))
    assert take_over(patient).is_whole
    assert undelete(user).status == 200
    assert user.download(NAME, at="ceph").body == CONTENT
    record = patient.record(user.account, CONTAINER, NAME)
    assert record is not None
    assert record.current is not None
    assert record.current.stored == ("ceph", "swift")


def test_its_sweeper_is_adopted_if_it_is_not_linked(patient: Cloud, user: User) -> None:
    user.create(NAME, CONTENT, SYNC)
    path = object_path(CONTAINER, NAME)
    assert user.call("DELETE", path, headers=SYNC, at="s3").status == 204
    journal(patient)
    assert kept_of(patient, user).cluster == "s3"
    lose_aws(patient, clusters=("ceph", "swift"))
    take_over(patient)
    patient.clock.advance(25 * HOUR)
    for name in ("ceph", "swift"):
        patient.invoke(arn(name, "check_health"), {})
    patient.sweep("ceph", "swift")
    patient.settle()
    assert patient.deleted(user.account) == []


@pytest.mark.parametrize("manner", Manner)
def test_a_fault_anywhere_in_an_import_is_mended_by_another(
    patient: Cloud, user: User, manner: Manner
) -> None:
    for name in ("a", "b"):
        user.create(name, CONTENT, SYNC)
        delete(user, name)
    journal(patient)
    before = patient.deleted(user.account)
    lose_aws(patient)
    with rescued(patient.backends["s3"]) as catalog:
        states, deployment = states_of(catalog), catalog.journal.deployment
        put_back = patient.keep()
        with patient.network.record() as calls:
            run_here(patient, states, deployment)
        assert len(calls) > len(before)
        for number in range(len(calls)):
            put_back()
            registry.forget()
            with patient.network.record((number, manner)), suppress(Died, Exception):
                run_here(patient, states, deployment)
            run(patient, states, deployment)
            found = patient.deleted(user.account)
            assert sorted(found, key=lambda one: one.key) == sorted(
                before, key=lambda one: one.key
            ), calls[number]


def run_here(cloud: Cloud, states: States, deployment: str) -> None:
    with cloud.at("s3"):
        import_catalog(states, deployment=deployment, generation=7)


def test_importing_again_brings_nothing_back(patient: Cloud, user: User) -> None:
    for name in ("back", "gone"):
        user.create(name, CONTENT, SYNC)
        delete(user, name)
    journal(patient)
    lose_and_take_over(patient)
    assert undelete(user, "back").status == 200
    pass_time(patient, user, 25 * HOUR)
    pass_time(patient, user, HOUR)
    assert patient.deleted(user.account) == []
    take_over(patient, CLUSTERS[0])
    assert patient.deleted(user.account) == []
    assert user.download("back").body == CONTENT
