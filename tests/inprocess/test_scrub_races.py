"""Whatever goes on while a backend is scrubbed, nothing that a record names is removed, and in the
end nothing is left that none names."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos.model.digests import digests_of
from mcos.replicas.backend import key_of
from mcos.replicas.repair_queue import verify_message
from mcos.scrub import looking
from mcos.scrub.copies import CopyKey, is_referenced
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.effort import examples
from tests.support.paths import object_path
from tests.support.scrubbing import begin, check_health, days_pass, run_of, scrub_once
from tests.support.user import User

NAMES = ("kept", "changed", "rotten")
CALLS = 40
"""About as many network calls as a run makes here."""


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thing happens after the other."""
    with ThreadPoolExecutor(1, thread_name_prefix="scrub") as pool:
        monkeypatch.setattr(looking, "_looking", pool)
        monkeypatch.setattr(looking, "_PAGE", 3)
        yield


class Town:
    """A user's objects, older than the grace, beside orphans; and what may happen to them.

    Attributes
    ----------
    contents
        What was acknowledged last, by name; None: deleted.
    removed
        Keys that scrubs have removed, by cluster.
    """

    def __init__(self, cloud: Cloud) -> None:
        cloud.deploy()
        self.cloud = cloud
        check_health(cloud)
        self.user = User(cloud)
        self.contents: dict[str, bytes | None] = {}
        self.removed: list[tuple[str, str]] = []
        self._lost = False
        for name in NAMES:
            assert self.user.create(name, name.encode(), SYNC).status == 201
        assert self.user.create("orphan", b"orphan", SYNC).status == 201
        self.user.call("DELETE", object_path("photos", "orphan"), headers=SYNC)
        cloud.lose_messages()
        days_pass(cloud, self.user, 15)
        self._begin_again = cloud.keep()

    def begin_again(self) -> None:
        """Let all be as it was when the objects had become old."""
        self._begin_again()
        self.cloud.chill()
        self.contents = {name: name.encode() for name in NAMES}
        self.removed.clear()
        self._lost = False

    # What may happen

    def update(self) -> None:
        self._change("changed", b"another")

    def update_at_once(self) -> None:
        if self.user.update("changed", b"at once", SYNC).status == 200:
            self.contents["changed"] = b"at once"

    def delete(self) -> None:
        path = object_path("photos", "changed")
        if self.user.call("DELETE", path, headers=SYNC).status in (202, 204):
            self.contents["changed"] = None

    def create_again(self) -> None:
        if self.user.create("changed", b"again", ASYNC).status == 202:
            self.contents["changed"] = b"again"

    def rot(self) -> None:
        """A copy is lost, and the cluster told to look at it."""
        record = self.cloud.record(self.user.account, "photos", "rotten")
        if record is None or record.current is None:
            return
        for name in CLUSTERS:
            key = key_of(self.user.account, record.current, name)
            if len(record.current.stored) == 3 and key in self.cloud.backends[name].replicas:
                del self.cloud.backends[name].replicas[key]
                self.cloud.repair(name, verify_message(record.key, record.current.id))
                return

    def renew(self) -> None:
        """A copy is written anew although it is whole."""
        record = self.cloud.record(self.user.account, "photos", "rotten")
        if record is None or record.current is None:
            return
        for name, replica in record.current.replicas.items():
            message = verify_message(record.key, record.current.id, renew=replica.incarnation)
            self.cloud.repair(name, message)

    def work(self) -> None:
        self.cloud.run_executions()
        self.cloud.pump()

    def lose_messages(self) -> None:
        if not self._lost:  # moto empties a queue once a minute, of its own time
            self.cloud.lose_messages()
        self.cloud.cut_executions()
        self._lost = True

    def sweep(self) -> None:
        self.cloud.sweep()

    def _change(self, name: str, content: bytes) -> None:
        if self.user.update(name, content, ASYNC).status == 202:
            self.contents[name] = content

    # What must hold

    def guard(self, patch: pytest.MonkeyPatch) -> None:
        """Look at each removal by a scrub, at the moment when it is done."""
        for name, backend in self.cloud.backends.items():
            patch.setattr(backend, "delete", self._looked_at(name, backend.delete))

    def _looked_at(self, cluster: str, delete: Callable[[str], None]) -> Callable[[str], None]:
        def look(key: str) -> None:
            if self.cloud.network.place[1] == "scrub_backend":
                copy = CopyKey.read(key)
                assert copy is not None
                for record in self.cloud.records(self.user.account):
                    assert not is_referenced(record, copy), (key, record)
                self.removed.append((cluster, key))
            delete(key)

        return look

    def check(self) -> None:
        """What was acknowledged is whole; a grace later, nothing else is left."""
        self.cloud.settle()
        self._check_contents()
        days_pass(self.cloud, self.user, 15)
        for name in CLUSTERS:
            begin(self.cloud, name)
            scrub_once(self.cloud, name)
            assert run_of(self.cloud, name).reason is None
        self.cloud.settle()
        self._check_contents()
        self.cloud.check_storage(self.user.account)

    def _check_contents(self) -> None:
        for name, content in self.contents.items():
            record = self.cloud.record(self.user.account, "photos", name)
            if content is None:
                assert record is None
                continue
            assert record is not None
            assert record.current is not None
            for cluster in CLUSTERS:
                key = key_of(self.user.account, record.current, cluster)
                held, _ = self.cloud.backends[cluster].replicas[key]
                assert digests_of(held).sha256 == record.current.sha256
                assert held == content


ACTIONS = (
    Town.update,
    Town.update_at_once,
    Town.delete,
    Town.create_again,
    Town.rot,
    Town.renew,
    Town.work,
    Town.lose_messages,
    Town.sweep,
)

HAPPENINGS = st.lists(
    st.tuples(st.integers(0, CALLS), st.sampled_from(ACTIONS)), min_size=1, max_size=5
)


@pytest.fixture
def town(running: Cloud) -> Town:
    return Town(running)


def play(town: Town, cluster: str, happenings: list[tuple[int, Callable[[Town], None]]]) -> int:
    """A run of a scrub, with something happening before its network calls of those numbers."""
    cloud, made, busy = town.cloud, 0, False
    due = sorted(happenings, key=lambda one: one[0])

    def before(name: str) -> None:
        nonlocal made, busy
        if busy:
            return
        while due and due[0][0] <= made:
            busy = True
            place = cloud.network.place
            try:
                with cloud.network.outside():
                    due.pop(0)[1](town)
            finally:
                cloud.return_to(place)
                busy = False
        made += 1

    with pytest.MonkeyPatch.context() as patch:
        town.guard(patch)
        begin(cloud, cluster)
        cloud.network.before = before
        try:
            for _ in range(3):
                cloud.clock.advance(60)
                cloud.invoke(arn(cluster, "scrub_backend"), {"seconds": 30})
        finally:
            cloud.network.before = None
        for _, happens in due:
            happens(town)
        town.check()
    return made


@pytest.mark.parametrize("happens", [Town.update, Town.renew], ids=lambda one: one.__name__)
def test_what_happens_once_before_any_call_of_a_run(
    town: Town, happens: Callable[[Town], None]
) -> None:
    number = 0
    while True:
        town.begin_again()
        made = play(town, "ceph", [(number, happens)])
        assert ("ceph", "orphan") not in town.removed
        assert [cluster for cluster, _ in town.removed].count("ceph") >= 1  # the orphan
        if number >= made:
            break
        number += 1
    assert number > 20


@pytest.mark.explored
def test_whatever_happens_during_a_run_nothing_that_is_named_is_removed(town: Town) -> None:
    played = 0

    @settings(
        max_examples=examples(40),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.sampled_from(CLUSTERS), HAPPENINGS)
    def whatever(cluster: str, happenings: list[tuple[int, Callable[[Town], None]]]) -> None:
        nonlocal played
        town.begin_again()
        play(town, cluster, happenings)
        played += 1

    whatever()
    assert played >= examples(40)


def test_the_guard_of_these_tests_sees_a_removal_of_what_is_named(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrub that took every old copy for an orphan would be caught."""
    from mcos.scrub import copies

    monkeypatch.setattr(copies, "_is_named", lambda key, copy: False)
    town.begin_again()
    with pytest.raises(AssertionError):
        play(town, "ceph", [])
