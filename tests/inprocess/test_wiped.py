"""Two of three backends lose everything while people work: every object is read throughout, and
after an operator's word the scrub makes all of it whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle

import pytest
from rich.table import Table

from mcos import limits
from mcos.model.jobs import JobState
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.faults.wiped import one_look_at_a_time
from tests.support.scrubbing import begin, check_health, run_of, scrub_once, wipe
from tests.support.uploads import PART, Sender
from tests.support.user import User

WIPED = ("s3", "ceph")
CONTENT = b"read from the one that is left, " * 32

CALLS = 22
"""Most calls that a copy costs: it is missed, sent to repair, read again, read elsewhere, written
and noted, what it takes the place of is removed, and the next run looks at it; and readers tell of
some copies, too."""

READ_EVERY, WRITE_EVERY = 6, 60
"""Before so many calls of the clusters one is made by a reader, or by a writer."""


class People:
    """Whoever reads and writes before calls that the clusters make.

    Attributes
    ----------
    reads, writes
        How many there were.
    """

    def __init__(self, user: User, contents: dict[str, bytes], *, write: bool) -> None:
        self._user, self._contents, self._may_write = user, dict(contents), write
        self._names, self._at = cycle(contents), cycle(CLUSTERS)
        self._calls = count(1)
        self._busy = False
        self.reads = self.writes = 0

    def work(self, name: str) -> None:
        """Read an object, and now and then write one."""
        number = next(self._calls)
        if self._busy or number % READ_EVERY:
            return
        self._busy = True
        try:
            with self._user.cloud.network.outside():
                self._read(next(self._names))
                if self._may_write and number % WRITE_EVERY == 0:
                    self._write(f"written-{self.writes % 4}")
        finally:
            self._busy = False

    def read_all(self) -> None:
        """Read everything that was ever written, at every entry point."""
        for name in self._contents:
            for _ in CLUSTERS:
                self._read(name)

    def _read(self, name: str) -> None:
        reply = self._user.download(name, at=next(self._at))
        assert (reply.status, reply.body) == (200, self._contents[name]), name
        self.reads += 1

    def _write(self, name: str) -> None:
        content = f"{self.writes} ".encode() + CONTENT
        write = self._user.update if name in self._contents else self._user.create
        assert write(name, content, ASYNC).status == 202
        self._contents[name] = content
        self.writes += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        network = self._user.cloud.network
        network.before = self.work
        try:
            yield
        finally:
            network.before = None


@dataclass(frozen=True)
class Outcome:
    """What it took: copies and bytes that were lost, calls, seconds by the clock, reads, writes."""

    copies: int
    lost: int
    calls: int
    seconds: float
    reads: int
    writes: int


def test_with_writers_and_a_large_object_all_of_it_is_whole_in_the_end(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PART_BYTES", PART)
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)
    outcome = wiped(cloud, 6, write=True, large=bytes(range(256)) * 14)
    assert outcome.writes > 4
    assert outcome.reads > 50


def test_what_it_takes_grows_with_what_was_lost(
    running: Cloud, show: Callable[[Table | str], None]
) -> None:
    few, many = (_deployed(running, number) for number in (4, 12))
    each = (many.calls - few.calls) / (many.copies - few.copies)
    assert each <= CALLS
    assert many.reads > 50
    show(
        f"two of three backends wiped, {many.copies} copies, {many.lost} bytes: whole after "
        f"{many.seconds / 60:.0f} minutes, {each:.1f} calls a copy, {many.reads} reads meanwhile"
    )


def _deployed(cloud: Cloud, number: int) -> Outcome:
    cloud.deploy()
    return wiped(cloud, number, write=False)


def wiped(cloud: Cloud, number: int, *, write: bool, large: bytes = b"") -> Outcome:
    """Let two backends lose all copies of so many objects, and have them made whole."""
    check_health(cloud)
    user = User(cloud)
    contents = {f"object-{index}": f"{index} ".encode() + CONTENT for index in range(number)}
    for name, content in contents.items():
        assert user.create(name, content, SYNC).status == 201
    if large:
        sender = Sender(user)
        upload = sender.begin("large", large)
        sender.send(upload, large)
        assert sender.complete(upload).status == 202
        cloud.settle()
    held = cloud.replicas(user.account)
    copies = [body for name in WIPED for body in held[name].values()]
    people = People(user, contents, write=write)

    for name in WIPED:
        wipe(cloud, name)
    wiped_at = cloud.clock.moment()
    with one_look_at_a_time(), people.at_work():
        # By itself the scrub writes nothing anew: what is empty may be another bucket.
        for name in WIPED:
            begin(cloud, name)
        minute(cloud)
        assert {run_of(cloud, name).state for name in WIPED} == {JobState.STOPPED}
        with cloud.network.record() as calls:
            for name in WIPED:
                begin(cloud, name, mass_repair=True)
            minutes = 0
            while not is_whole(cloud):
                minutes += 1
                assert minutes < 30
                minute(cloud)
            made = len(calls)
    seconds = (cloud.clock.moment() - wiped_at).total_seconds()
    cloud.settle()
    cloud.check_storage(user.account)
    people.read_all()
    return Outcome(
        copies=len(copies),
        lost=sum(map(len, copies)),
        calls=made,
        seconds=seconds,
        reads=people.reads,
        writes=people.writes,
    )


def minute(cloud: Cloud) -> None:
    """What the clusters do in a minute by themselves."""
    for name in CLUSTERS:
        cloud.invoke(arn(name, "check_health"), {})
    for name in CLUSTERS:
        cloud.invoke(arn(name, "sweep_pending"), {})
    cloud.run_executions()
    cloud.pump()
    for name in WIPED:
        scrub_once(cloud, name)


def is_whole(cloud: Cloud) -> bool:
    """Whether the last run of each has found everything as it must be; if not, begin another."""
    whole = True
    for name in WIPED:
        run = run_of(cloud, name)
        if run.state is JobState.DONE and (run.counts.repaired or run.counts.handed):
            begin(cloud, name)
        whole = whole and run.state is JobState.DONE and not run.counts.repaired
    return whole
