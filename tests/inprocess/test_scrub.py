"""A backend is compared with the catalog, both ways: what is missing is whole again, and what
nobody names is gone, but nothing else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from mcos import clock
from mcos.catalog import registry
from mcos.model.versions import Removal
from mcos.replicas import repair_queue
from mcos.replicas.backend import MARKER
from mcos.scrub import looking, records
from mcos.settings import settings
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.network import Manner
from tests.support.paths import object_path, undelete_path
from tests.support.scrubbing import (
    begin,
    check_health,
    copies,
    days_pass,
    run_of,
    scrub,
    scrub_once,
    wipe,
)
from tests.support.uploads import Sender
from tests.support.user import User

NAMES = [f"object-{number}" for number in range(6)]
CONTENT = b"the right bytes"
WRONG = b"the wrong bytes"


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thing happens after the other."""
    with ThreadPoolExecutor(1, thread_name_prefix="scrub") as pool:
        monkeypatch.setattr(looking, "_looking", pool)
        yield


@pytest.fixture
def known(cloud: Cloud) -> Cloud:
    """Every backend is marked, and the deployment has an id."""
    check_health(cloud)
    return cloud


@pytest.fixture
def owner(known: Cloud) -> User:
    """A user with six objects."""
    user = User(known)
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    return user


def key_of(cloud: Cloud, user: User, name: str, cluster: str) -> str:
    return cloud.key(user.account, "photos", name, cluster)


def check_whole(cloud: Cloud, user: User) -> None:
    cloud.settle()
    cloud.check_storage(user.account)
    for name in NAMES:
        assert user.stat(name)["state"] == "CREATED"
        assert user.download(name).body == name.encode()


def test_what_is_well_is_left_alone(known: Cloud, owner: User) -> None:
    before = known.records(owner.account)
    run = scrub(known, "ceph")
    assert (run["state"], run["seen"], run["healthy"]) == ("DONE", 6, 6)
    assert (run["repaired"], run["orphans"], run["unknown"], run["unnamed"]) == (0, 0, 0, 0)
    assert known.records(owner.account) == before
    assert not any(known.queued().values())


def test_a_copy_that_is_missing_is_written_anew(known: Cloud, owner: User) -> None:
    del known.backends["swift"].replicas[key_of(known, owner, NAMES[0], "swift")]
    run = scrub(known, "swift")
    assert (run["state"], run["healthy"], run["repaired"]) == ("DONE", 5, 1)
    check_whole(known, owner)
    assert scrub(known, "swift")["healthy"] == 6


def test_a_copy_of_another_size_or_tag_is_written_anew(known: Cloud, owner: User) -> None:
    known.backends["swift"].replace(key_of(known, owner, NAMES[0], "swift"), b"longer than it was")
    assert scrub(known, "swift")["repaired"] == 1
    check_whole(known, owner)


def test_what_has_rotten_is_found_within_as_many_runs_as_there_are_shares(
    known: Cloud, owner: User
) -> None:
    """The service still believes in the digest that it was given."""
    key = key_of(known, owner, NAMES[3], "ceph")
    known.backends["ceph"].damage(key, bytes(len(NAMES[3])))
    runs = [scrub(known, "ceph") for _ in range(12)]
    assert [run["repaired"] for run in runs].count(1) == 1
    assert sum(run["bytes_read"] for run in runs) == sum(map(len, NAMES))
    assert runs[10]["oldest_full_reading"] is None
    assert runs[11]["oldest_full_reading"] == runs[0]["started_at"]
    check_whole(known, owner)


def test_a_run_that_reads_everything_finds_it_at_once(known: Cloud, owner: User) -> None:
    key = key_of(known, owner, NAMES[3], "ceph")
    known.backends["ceph"].damage(key, bytes(len(NAMES[3])))
    run = scrub(known, "ceph", full=True)
    assert (run["repaired"], run["healthy"]) == (1, 5)
    assert run["oldest_full_reading"] == run["started_at"]
    check_whole(known, owner)


@pytest.mark.usefixtures("small_parts")
def test_a_large_copy_that_has_rotten_is_found_and_whole_again(known: Cloud) -> None:
    user = User(known)
    sender, content = Sender(user), bytes(range(256)) * 14
    upload = sender.begin("large", content)
    sender.send(upload, content)
    assert sender.complete(upload).status == 202
    known.settle()
    key = key_of(known, user, "large", "swift")
    known.backends["swift"].damage(key, content[:-1] + b"x")
    run = scrub(known, "swift", full=True)
    assert (run["handed"], run["bytes_read"]) == (1, len(content))
    known.settle()
    known.check_storage(user.account)
    assert known.backends["swift"].replicas[key_of(known, user, "large", "swift")][0] == content


def test_the_last_copy_is_reported_and_stays(known: Cloud, owner: User) -> None:
    for name in ("s3", "swift"):
        del known.backends[name].replicas[key_of(known, owner, NAMES[0], name)]
        known.backends[name].refuse("put")
        assert scrub(known, name)["repaired"] == 1
        known.pump()
    known.backends["ceph"].damage(key_of(known, owner, NAMES[0], "ceph"), bytes(len(NAMES[0])))
    run = scrub(known, "ceph", full=True)
    assert (run["unrepairable"], run["repaired"], run["state"]) == (1, 0, "DONE")


def test_what_others_still_write_is_left_to_them(known: Cloud, owner: User) -> None:
    known.backends["ceph"].refuse("put")
    assert owner.update(NAMES[0], b"new", ASYNC).status == 202
    known.run_executions()
    run = scrub(known, "ceph")
    assert (run["seen"], run["moving"], run["repaired"]) == (5, 1, 0)


def test_a_copy_that_cannot_be_read_while_others_can_is_sent_to_repair(
    known: Cloud, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcos.storage import BackendUnavailable

    backend, ill = known.backends["ceph"], key_of(known, owner, NAMES[2], "ceph")
    stat = backend.stat

    def answer(key: str) -> object:
        if key == ill:
            raise BackendUnavailable("500")
        return stat(key)

    monkeypatch.setattr(backend, "stat", answer)
    run = scrub(known, "ceph")
    assert (run["state"], run["healthy"], run["unreadable"]) == ("DONE", 5, 1)
    assert known.queued()["ceph"] == 1


def test_a_backend_that_is_away_is_waited_for(known: Cloud, owner: User) -> None:
    known.backends["ceph"].refuse()
    run = scrub(known, "ceph")
    assert (run["state"], run["seen"]) == ("RUNNING", 0)
    assert "does not answer" in run["waits"]
    known.backends["ceph"].accept()
    run = scrub_once(known, "ceph")
    assert (run["state"], run["healthy"], run["waits"]) == ("DONE", 6, None)


def test_a_full_repair_queue_is_waited_for(
    known: Cloud, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "REPAIRS_AT_ONCE", 1)
    monkeypatch.setattr(looking, "_PAGE", 1)
    for name in NAMES[:3]:
        del known.backends["ceph"].replicas[key_of(known, owner, name, "ceph")]
    run = scrub(known, "ceph")
    assert run["repaired"] == 1
    assert "repair queue" in run["waits"]
    for _ in range(3):
        known.settle(sweep=False)
        run = scrub_once(known, "ceph")
    assert (run["state"], run["repaired"]) == ("DONE", 3)
    check_whole(known, owner)


def test_removals_that_are_held_keep_nothing_from_being_repaired(known: Cloud, owner: User) -> None:
    """They wait for their next try, for days perhaps."""
    del known.backends["swift"].replicas[key_of(known, owner, NAMES[0], "swift")]
    queue = known.repair_queue("swift")
    with known.network.outside(), known.at("swift"):
        for _ in range(records.REPAIRS_AT_ONCE):
            repair_queue.send(
                settings().repair_queue_url,
                repair_queue.remove_message(owner.account, Removal("swift", clock.new_id())),
            )
    for message in queue.messages:
        message.mark_received(3600)
    assert scrub(known, "swift")["repaired"] == 1


def test_a_wiped_backend_stops_the_run_and_is_whole_again_once_an_operator_says_so(
    known: Cloud, owner: User
) -> None:
    wipe(known, "swift")
    run = scrub(known, "swift")
    assert (run["state"], run["repaired"]) == ("STOPPED", 0)
    assert "marker is gone" in run["reason"]
    assert not known.queued()["swift"]
    days_later = 30 * 24 * 3600
    known.clock.freeze(days_later)
    assert scrub_once(known, "swift")["run"] == run["run"]  # it does not begin again by itself
    owner.token = known.token(owner.account)
    run = scrub(known, "swift", mass_repair=True)
    assert (run["state"], run["repaired"]) == ("DONE", 6)
    assert MARKER in known.backends["swift"].replicas
    check_whole(known, owner)
    assert scrub(known, "swift")["healthy"] == 6


def test_a_backend_that_was_never_marked_and_lists_nothing_stops_the_run(
    cloud: Cloud, user: User
) -> None:
    assert user.create("a", CONTENT, SYNC).status == 201
    wipe(cloud, "swift")
    run = scrub(cloud, "swift")
    assert (run["state"], run["repaired"]) == ("STOPPED", 0)
    assert "lists no copies" in run["reason"]


def test_a_backend_that_has_lost_half_stops_the_run(known: Cloud) -> None:
    user = User(known)
    names = [f"object-{number}" for number in range(24)]
    for name in names:
        assert user.create(name, name.encode(), SYNC).status == 201
    for name in names[:12]:
        del known.backends["swift"].replicas[key_of(known, user, name, "swift")]
    run = scrub(known, "swift")
    assert (run["state"], run["repaired"]) == ("STOPPED", 0)
    assert "of 24 copies that were looked at, 12 are missing" in run["reason"]
    run = scrub(known, "swift", mass_repair=True)
    assert (run["state"], run["repaired"]) == ("DONE", 12)
    known.settle()
    known.check_storage(user.account)


_JOURNAL_LISTS = 3  # generations, segments, snapshots


def test_a_run_costs_one_call_of_the_backend_for_each_copy_and_one_more_once_it_is_old(
    known: Cloud, owner: User
) -> None:
    begin(known, "ceph")
    with known.network.record() as calls:
        scrub_once(known, "ceph")
    made = [call.name for call in calls]
    assert made.count("backend:stat") == 6 + 2  # and the marker, before records and journal
    assert made.count("backend:list") == 1 + _JOURNAL_LISTS
    assert made.count("dynamodb:GetItem") == 1 + 1  # of the run, and of what the account uses
    days_pass(known, owner, 15)
    begin(known, "ceph")
    with known.network.record() as calls:
        scrub_once(known, "ceph")
    made = [call.name for call in calls]
    assert made.count("backend:stat") == 2 * 6 + 2
    assert made.count("dynamodb:GetItem") == 1 + 6 + 1


def lose_removals(cloud: Cloud, user: User, *names: str) -> None:
    """Delete objects; the messages that remove their copies are lost."""
    for name in names:
        assert user.call("DELETE", object_path("photos", name), headers=SYNC).status == 204
    assert any(cloud.queued().values())
    cloud.lose_messages()


def test_an_orphan_goes_once_it_is_older_than_the_grace(known: Cloud, owner: User) -> None:
    lose_removals(known, owner, NAMES[0], NAMES[1])
    before = copies(known, "ceph")
    assert scrub(known, "ceph")["orphans"] == 0
    assert copies(known, "ceph") == before
    days_pass(known, owner, 15)
    run = scrub(known, "ceph")
    assert (run["state"], run["orphans"], run["removed"]) == ("DONE", 2, 2)
    assert copies(known, "ceph") == before - {
        key for key in before if key not in {key_of(known, owner, n, "ceph") for n in NAMES[2:]}
    }
    run = scrub(known, "ceph")
    assert (run["orphans"], run["healthy"], run["unknown"]) == (0, 4, 0)


def test_nothing_is_removed_by_a_catalog_that_was_set_back(known: Cloud, owner: User) -> None:
    """Yesterday's tables are put back: what was created since is an orphan to them."""
    yesterday = known.keep()
    days_pass(known, owner, 1)
    for name in ("new-1", "new-2"):
        assert owner.create(name, CONTENT, SYNC).status == 201
    today = {name: dict(known.backends[name].replicas) for name in CLUSTERS}
    yesterday()
    for name in CLUSTERS:
        known.backends[name].replicas.update(today[name])
    known.chill()
    held = {name: copies(known, name) for name in CLUSTERS}
    known.clock.freeze(30 * 24 * 3600)
    for name in CLUSTERS:
        run = scrub(known, name)
        assert (run["state"], run["orphans"], run["removed"]) == ("DONE", 2, 0)
        assert "set back" in run["held"]
        assert copies(known, name) == held[name]


def test_what_has_no_identity_or_anothers_stays(known: Cloud, owner: User) -> None:
    from dataclasses import replace

    from mcos.model.objects import ObjectKey
    from mcos.replicas import identity

    lose_removals(known, owner, NAMES[0], NAMES[1])
    backend = known.backends["ceph"]
    named = {key_of(known, owner, name, "ceph") for name in NAMES[2:]}
    first, second = sorted(copies(known, "ceph") - named)
    body, stat = backend.replicas[first]
    backend.replicas[first] = (body, replace(stat, identity=None))
    body, stat = backend.replicas[second]
    other = identity.write("another", ObjectKey(owner.account, "photos", "a"), stat.key)
    backend.replicas[second] = (body, replace(stat, identity=other))
    days_pass(known, owner, 15)
    before = copies(known, "ceph")
    run = scrub(known, "ceph")
    assert (run["orphans"], run["removed"], run["unknown"]) == (0, 0, 2)
    assert copies(known, "ceph") == before


def test_what_is_sealed_is_no_orphan_to_whoever_cannot_open_it(known: Cloud, owner: User) -> None:
    from dataclasses import replace

    lose_removals(known, owner, NAMES[0])
    backend = known.backends["ceph"]
    for key in copies(known, "ceph"):
        body, stat = backend.replicas[key]
        backend.replicas[key] = (body, replace(stat, identity="age.c2VhbGVk"))
    days_pass(known, owner, 15)
    before = copies(known, "ceph")
    run = scrub(known, "ceph")
    assert (run["sealed"], run["unknown"], run["unnamed"], run["orphans"]) == (6, 0, 0, 0)
    assert copies(known, "ceph") == before


def test_copies_without_an_identity_are_counted_and_get_one_if_an_operator_wants_it(
    cloud: Cloud, user: User
) -> None:
    """They were written before the deployment had an id, or by an earlier release."""
    from dataclasses import replace

    check_health(cloud)
    assert user.create("a", CONTENT, SYNC).status == 201
    backend = cloud.backends["ceph"]
    key = key_of(cloud, user, "a", "ceph")
    body, stat = backend.replicas[key]
    backend.replicas[key] = (body, replace(stat, identity=None))
    days_pass(cloud, user, 15)
    run = scrub(cloud, "ceph")
    assert (run["unnamed"], run["unknown"], run["renewed"]) == (1, 0, 0)
    run = scrub(cloud, "ceph", renew=True)
    assert run["renewed"] == 1
    cloud.settle()
    cloud.check_storage(user.account)
    assert backend.replicas[key_of(cloud, user, "a", "ceph")][1].identity
    assert scrub(cloud, "ceph")["unnamed"] == 0


def test_probes_that_were_left_go_after_a_day_and_nothing_else_of_the_health_check(
    known: Cloud, owner: User
) -> None:
    backend = known.backends["ceph"]
    kept = {key for key in backend.replicas if key.startswith("~")}
    backend.refuse("delete")
    known.invoke(arn("ceph", "check_health"), {})
    backend.accept()
    for _ in range(3):
        check_health(known)
    probes = {key for key in backend.replicas if key.startswith("~health/ceph-")} - kept
    assert probes
    scrub(known, "ceph")
    assert probes < set(backend.replicas)
    days_pass(known, owner, 1.5)
    kept = {key for key in backend.replicas if key.startswith("~")} - probes
    assert len(kept) >= 2
    assert scrub(known, "ceph")["removed"] == len(probes)
    assert {key for key in backend.replicas if key.startswith("~")} == kept


def large(user: User, name: str) -> bytes:
    """Upload content that is written in parts, and have it taken."""
    sender, content = Sender(user), bytes(range(256)) * 14
    upload = sender.begin(name, content)
    sender.send(upload, content)
    assert sender.complete(upload).status == 202
    return content


@pytest.mark.usefixtures("small_parts")
def test_parts_that_nobody_completes_go_and_those_that_are_wanted_stay(known: Cloud) -> None:
    user, backend = User(known), known.backends["swift"]
    backend.refuse("complete_parts")
    content = large(user, "kept")
    large(user, "dropped")
    for _ in range(3):
        known.run_executions()
        known.pump()
    assert len(backend.parts) == 2
    assert user.call("DELETE", object_path("photos", "dropped"), headers=SYNC).status == 204
    known.cut_executions()
    known.lose_messages()
    backend.accept()
    assert scrub(known, "swift")["orphans"] == 0
    days_pass(known, user, 15)
    run = scrub(known, "swift")
    assert (run["state"], run["orphans"], run["removed"]) == ("DONE", 1, 1)
    assert len(backend.parts) == 1
    for name in ("s3", "ceph"):
        assert scrub(known, name)["removed"] >= 1
    known.settle()
    known.check_storage(user.account)
    assert not backend.parts
    assert backend.replicas[key_of(known, user, "kept", "swift")][0] == content


@pytest.mark.usefixtures("small_parts")
def test_an_orphan_in_parts_leaves_no_parts_behind(known: Cloud) -> None:
    user = User(known)
    large(user, "dropped")
    known.settle()
    lose_removals(known, user, "dropped")
    days_pass(known, user, 15)
    with known.network.record() as calls:
        assert scrub(known, "ceph")["removed"] == 1
    assert [call.name for call in calls].count("backend:discard_parts") == 1
    assert not copies(known, "ceph")


def test_what_was_staged_for_no_version_goes_and_what_is_wanted_stays(known: Cloud) -> None:
    user = User(known)
    with known.network.record((1, Manner.DIES)):
        assert user.create("nothing", CONTENT, ASYNC).died  # it has staged, and written no record
    assert user.create("wanted", CONTENT, ASYNC).status == 202
    known.cut_executions()
    sender = Sender(user)
    upload = sender.begin("begun", CONTENT)
    sender.send(upload, CONTENT)
    known.put_into_staging("s3", f"incoming/{user.account}/photos/others", CONTENT)
    before = known.staged()
    assert len(before) == 4
    assert scrub(known, "s3")["orphans"] == 0
    days_pass(known, user, 15)
    run = scrub(known, "s3")
    assert (run["state"], run["orphans"], run["removed"]) == ("DONE", 1, 1)
    wanted = known.record(user.account, "photos", "wanted")
    assert wanted is not None
    left = known.staged()
    assert len(left) == 3
    assert wanted.shown.id in left
    known.settle()
    assert user.download("wanted").body == CONTENT


def test_with_too_much_on_its_way_nothing_that_is_left_over_is_removed(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcos.scrub import leftovers, records

    for module in (leftovers, records):
        monkeypatch.setattr(module, "REMEMBERED_AT_MOST", 1)
    user = User(known)
    for name in NAMES[:3]:
        assert user.create(name, CONTENT, ASYNC).status == 202
    known.cut_executions()
    with known.network.record((1, Manner.DIES)):
        assert user.create("nothing", CONTENT, ASYNC).died
    days_pass(known, user, 15)
    before = known.staged()
    run = scrub(known, "s3")
    assert (run["state"], run["removed"]) == ("DONE", 0)
    assert "on its way" in run["held"]
    assert known.staged() == before


def test_the_journals_keys_are_known_and_passed_over(known: Cloud, owner: User) -> None:
    from mcos.replicas.backend import put_bytes

    backend = known.backends["ceph"]
    keys = {f"~catalog/1/deployment/log/{number:026}.jsonl.gz" for number in range(500)}
    with known.network.outside():
        for key in keys:
            put_bytes(backend, key, b"a segment")
    days_pass(known, owner, 15)
    with known.network.record() as calls:
        run = scrub(known, "ceph")
    assert (run["state"], run["orphans"], run["unknown"]) == ("DONE", 0, 0)
    assert [call.name for call in calls].count("backend:list") == 2 + _JOURNAL_LISTS
    assert keys < set(backend.replicas)


def test_the_brake_stops_a_run_that_would_remove_too_much(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcos.model import scrub as model

    monkeypatch.setattr(model, "REMOVED_AT_LEAST", 2)
    user = User(known)
    for name in NAMES:
        assert user.create(name, name.encode(), SYNC).status == 201
    lose_removals(known, user, *NAMES[:4])
    days_pass(known, user, 15)
    run = scrub(known, "ceph")
    assert (run["state"], run["removed"]) == ("STOPPED", 2)
    assert "as much as it may" in run["reason"]
    assert len(copies(known, "ceph")) == 4


def change(user: User, what: str) -> None:
    """Make a change of an object, as far as it comes."""
    path = object_path("photos", "a")
    if what == "create":
        user.create("b", b"created", SYNC)
    elif what == "accept":
        user.create("b", b"accepted", ASYNC)
        user.cloud.run_executions()
    elif what == "update":
        user.update("a", b"updated", SYNC)
    elif what == "delete":
        user.call("DELETE", path, headers=SYNC)
    else:
        large(user, "b")
        user.cloud.run_executions()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    ("what", "has_orphans"),
    [
        ("create", False),  # the record knows of all that it has begun
        ("accept", True),
        ("update", True),
        ("delete", True),
        ("upload", False),
    ],
)
def test_whatever_a_crash_leaves_behind_is_gone_after_the_grace(
    known: Cloud, what: str, has_orphans: bool
) -> None:
    """The function dies at any call, and all messages and executions are lost with it."""
    user = User(known)
    assert user.create("a", CONTENT, SYNC).status == 201
    begin_again = known.keep()
    number = orphans = 0
    while True:
        begin_again()
        # The user sees it fail.
        with known.network.record((number, Manner.DIES)) as calls, suppress(AssertionError):
            change(user, what)
        made = len(calls)
        known.cut_executions()
        known.lose_messages()
        days_pass(known, user, 15)
        known.sweep_what_is_there()  # an upload that nobody has completed is the sweeper's
        known.settle()
        for name in CLUSTERS:
            run = scrub(known, name)
            assert (run["state"], run["unknown"], run["held"]) == ("DONE", 0, None)
            assert run["removed"] == run["orphans"]
            orphans += run["orphans"]
        known.settle()
        known.check_storage(user.account)
        assert known.staged() == set()
        assert not any(backend.parts for backend in known.backends.values())
        if number >= made:
            break
        number += 1
    assert number >= 3
    assert (orphans > 0) is has_orphans


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
def test_a_run_may_be_cut_short_anywhere(known: Cloud, owner: User, manner: Manner) -> None:
    """The next call goes on; what is missing is whole in the end, and of two orphans none stays."""
    lose_removals(known, owner, NAMES[4], NAMES[5])
    known.settle()
    days_pass(known, owner, 15)
    del known.backends["swift"].replicas[key_of(known, owner, NAMES[0], "swift")]
    begin(known, "swift")
    begin_again = known.keep()
    number = 0
    while True:
        begin_again()
        with known.network.record((number, manner)) as calls:
            known.clock.advance(60)
            known.try_to_invoke(arn("swift", "scrub_backend"), {"seconds": 30})
            made = len(calls)
        for _ in range(3):
            scrub_once(known, "swift")
        run = run_of(known, "swift")
        assert not run.is_running, run
        assert run.reason is None
        # A copy that did not answer once is looked at by the repair queue, or by the next run.
        assert run.counts.repaired + run.counts.unreadable >= 1
        assert run.counts.removed <= 4  # at most twice, since it is counted before
        known.settle()
        scrub(known, "swift")  # what did not answer when it was looked at again
        known.settle()
        wanted = {key_of(known, owner, name, "swift") for name in NAMES[:4]}
        assert copies(known, "swift") == wanted
        if number >= made:
            break
        number += 1
    assert number > 25


def test_a_run_that_was_stopped_by_an_operator_does_nothing_more(
    known: Cloud, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcos.admin.scrubs import stop_scrub

    monkeypatch.setattr(looking, "_PAGE", 2)
    begin(known, "ceph")
    asked: list[str] = []

    def stop(name: str) -> None:
        if name == "backend:stat":
            asked.append(name)
        if len(asked) == 3:
            with known.network.outside():
                stop_scrub("ceph")

    known.network.before = stop
    run = scrub_once(known, "ceph")
    known.network.before = None
    assert (run["state"], run["reason"]) == ("STOPPED", None)
    assert scrub_once(known, "ceph")["run"] == run["run"]


def test_the_next_run_begins_by_itself_after_a_week(known: Cloud, owner: User) -> None:
    first = scrub_once(known, "ceph")
    assert first["state"] == "DONE"
    known.clock.freeze(6.9 * 24 * 3600)
    assert scrub_once(known, "ceph")["run"] == first["run"]
    known.clock.freeze(0.2 * 24 * 3600)
    second = scrub_once(known, "ceph")
    assert second["run"] > first["run"]
    assert second["share"] == "2/12"


def test_two_functions_at_once_are_one(known: Cloud, owner: User) -> None:
    begin(known, "ceph")
    seen: list[object] = []

    def another(name: str) -> None:
        if name == "backend:stat" and not seen:
            seen.append(None)
            with known.network.outside():
                seen[0] = known.invoke(arn("ceph", "scrub_backend"), {})["seen"]

    known.network.before = another
    run = scrub_once(known, "ceph")
    known.network.before = None
    assert seen == [0]
    assert (run["state"], run["seen"]) == ("DONE", 6)


def test_what_is_deleted_and_kept_is_no_orphan_however_old(known: Cloud, owner: User) -> None:
    known.grant(60 * 24 * 3600)
    assert owner.create("staged", CONTENT, ASYNC).status == 202
    known.cut_executions()
    for name in (NAMES[0], "staged"):
        assert owner.call("DELETE", object_path("photos", name), headers=SYNC).status == 204
    known.settle()
    assert len(known.deleted(owner.account)) == 2
    days_pass(known, owner, 15)
    held = {name: copies(known, name) for name in CLUSTERS}
    staged = known.staged()
    assert staged
    for name in CLUSTERS:
        run = scrub(known, name)
        assert (run["state"], run["orphans"], run["removed"]) == ("DONE", 0, 0)
    assert {name: copies(known, name) for name in CLUSTERS} == held
    assert known.staged() == staged
    for name in (NAMES[0], "staged"):
        path = undelete_path("photos", name)
        assert owner.call("POST", path).status == 200
    known.settle()
    assert owner.download("staged").body == CONTENT
    check_whole(known, owner)


def test_no_orphan_is_removed_while_an_operator_holds_removals(known: Cloud, owner: User) -> None:
    lose_removals(known, owner, NAMES[0])
    days_pass(known, owner, 15)
    with known.network.outside():
        registry.write(registry.OPERATOR, "ceph", {"removals_held": True})
    run = scrub(known, "ceph")
    assert (run["orphans"], run["removed"]) == (1, 0)
    assert "operator" in run["held"]
    with known.network.outside():
        registry.write(registry.OPERATOR, "ceph", {})
    assert scrub(known, "ceph")["removed"] == 1
