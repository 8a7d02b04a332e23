"""What is counted: each kind of call with all that comes of it, the journal, a run of the scrub.

The real handlers do it on three warm clusters in memory. What one of a kind costs is told by part:
``call`` with its workers, its replicas and its events, and ``headers``, what replicas say of
themselves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from bench.cost import assumed
from bench.cost.meter import Meter, metered
from bench.cost.units import SECRET_READS, Units
from mcos import limits
from mcos.scrub import looking
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.paths import container_path, object_path, stat_path
from tests.support.scrubbing import begin, check_health, scrub_once
from tests.support.uploads import PART, Sender
from tests.support.user import User

Parts = Mapping[str, Units]

KIB, MIB, GIB = 2**10, 2**20, 2**30
GRACE_SECONDS = 24 * 3600
"""For how long what users delete is kept: the default of Terraform."""

_CONTENT = bytes(KIB)
_SCRUBBED = 48  # each twelfth of them is read in full

_PASSWORD = "a password of some length"  # noqa: S105  (of an account in memory)


class Bench:
    """A user of three clusters that have done everything once.

    Attributes
    ----------
    cloud, meter
        The clusters, and what counts.
    user
        An account with a container ``photos``.
    times
        How many calls of a kind there are; their mean is told.
    """

    def __init__(self, cloud: Cloud, meter: Meter, *, times: int = 10) -> None:
        self.cloud, self.meter, self.times = cloud, meter, times
        self._published = self._named = 0
        cloud.deploy()
        meter.begin()
        check_health(cloud)
        self.user = User(cloud)
        for at in CLUSTERS:
            for headers in (SYNC, ASYNC):
                name = self.name()
                self.create(name, headers, at=at)
                self.update(name, headers, at=at)
                self.finish(self.user.download(name, at=at))
                self.delete(name, at=at)
        cloud.grant(GRACE_SECONDS)
        meter.take()

    def name(self) -> str:
        """A name of usual length that no object has."""
        self._named += 1
        return f"2026/11/26/report-{self._named:06}.json"

    def create(
        self, name: str, headers: dict[str, str], content: bytes = _CONTENT, at: str = "s3"
    ) -> None:
        """Create an object, to the end."""
        self.finish(self.user.create(name, content, headers, at))

    def update(self, name: str, headers: dict[str, str], at: str = "s3") -> None:
        """Give an object other content, to the end."""
        self.finish(self.user.update(name, _CONTENT[1:], headers, at))

    def delete(self, name: str, at: str = "s3") -> None:
        """Delete an object, to the end; its copies are kept for the grace."""
        self.finish(self.user.call("DELETE", object_path("photos", name), headers=SYNC, at=at))

    def finish(self, reply: Any) -> None:
        """Let all come of a call that comes of it now."""
        assert reply.status < 300, reply
        self.cloud.settle(sweep=False)
        self.publish()

    def publish(self) -> None:
        """Let what has changed be published."""
        with self.cloud.network.outside():
            records = self.cloud.stream_records("objects")
        fresh, self._published = records[self._published :], len(records)
        for number, record in enumerate(fresh):
            image = record["dynamodb"].get("NewImage") or record["dynamodb"]["OldImage"]
            keys = {name: image[name] for name in ("container_key", "name")}
            record["dynamodb"] |= {"Keys": keys, "SequenceNumber": str(number)}
        if fresh:
            share = len(fresh) * assumed.PUBLISH_CALLS_A_CHANGE
            with self.meter.counting("call", share=share):
                self.cloud.invoke(arn(CLUSTERS[0], "publish_changes"), {"Records": fresh})

    def existing(self, number: int | None = None) -> list[str]:
        """Names of that many objects that are CREATED (None: one for each call); what they cost is
        not counted."""
        names = [self.name() for _ in range(number or self.times)]
        for name in names:
            assert self.user.create(name, _CONTENT, SYNC).status == 201
        self.cloud.settle(sweep=False)
        self.publish()
        self.meter.take()
        return names

    def mean(self, calls: Sequence[Callable[[], object]]) -> Parts:
        """What one of these calls costs."""
        self.meter.take()
        for call in calls:
            call()
        return {part: _divided(counted, len(calls)) for part, counted in self.meter.take().items()}


Kind = Callable[[Bench], Parts]


def _created(headers: dict[str, str], size: int = KIB) -> Kind:
    def count(bench: Bench) -> Parts:
        content = bytes(size)
        times = bench.times if size <= KIB else 1
        return bench.mean(
            [lambda: bench.create(bench.name(), headers, content) for _ in range(times)]
        )

    return count


def _updated(bench: Bench) -> Parts:
    return bench.mean([partial(bench.update, name, SYNC) for name in bench.existing()])


def _deleted(bench: Bench) -> Parts:
    """With the removal of its copies after the grace."""
    names = bench.existing()
    idle = _sweeps(bench)
    deleted = bench.mean([partial(bench.delete, name) for name in names])
    bench.cloud.clock.advance(GRACE_SECONDS + 60)
    check_health(bench.cloud)
    bench.publish()
    bench.meter.take()
    bench.cloud.sweep("s3")
    bench.cloud.settle(sweep=False)
    bench.publish()
    removed = {
        part: _divided(_less(counted, idle.get(part, Units())), len(names))
        for part, counted in bench.meter.take().items()
    }
    bench.user.token = bench.cloud.token(bench.user.account)
    none = Units()
    return {part: _both(deleted.get(part, none), removed.get(part, none)) for part in deleted}


def _sweeps(bench: Bench) -> Parts:
    """What a sweep costs that has nothing to do: it is part of an idle month."""
    bench.cloud.sweep("s3")
    bench.meter.take()
    bench.cloud.sweep("s3")
    return bench.meter.take()


def _looked(method: str, target: Callable[[str], str]) -> Kind:
    def count(bench: Bench) -> Parts:
        names = bench.existing()
        return bench.mean([partial(bench.user.call, method, target(name)) for name in names])

    return count


def _downloaded(bench: Bench) -> Parts:
    """At each of the three clusters as often."""
    names = bench.existing(1)
    calls = [partial(bench.user.download, name, at=at) for name in names for at in CLUSTERS]
    return bench.mean(calls)


def _listed(number: int) -> Kind:
    def count(bench: Bench) -> Parts:
        bench.existing(number)
        target = f"{container_path('photos')}/objects?limit={number}"
        return bench.mean([lambda: bench.user.call("GET", target)] * 3)

    return count


def _logged_in(bench: Bench) -> Parts:
    bench.cloud.add_account("grace", _PASSWORD)
    body = f'{{"user_name":"grace","password":"{_PASSWORD}"}}'.encode()
    headers = {"content-type": "application/json"}

    def log_in() -> None:
        reply = bench.cloud.call("s3", "POST", "/v1/login", headers=headers, body=body)
        assert reply.status == 200, reply

    log_in()
    return bench.mean([log_in] * 3)


def _uploaded(size: int) -> Kind:
    """Content through signed URLs: of a part in one PUT, of more in as many parts."""
    number = max(1, size // (64 * MIB))

    def count(bench: Bench) -> Parts:
        content = bytes(number * PART)
        sender = Sender(bench.user)

        def upload() -> None:
            with bench.meter.counting(
                "call", byte_scale=size // len(content), undigested=len(content)
            ):
                begun = sender.begin(bench.name(), content)
                sender.send(begun, content)
                bench.meter.staged(number)
                bench.finish(sender.complete(begun))

        with _small_parts():
            upload()
            return bench.mean([upload])

    return count


@contextmanager
def _small_parts() -> Iterator[None]:
    """Let a thousand bytes be a part of 64 MiB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "PART_BYTES", PART)
        patch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)
        yield


KINDS: Mapping[str, Kind] = {
    "login": _logged_in,
    "create, sync, 1 KiB": _created(SYNC),
    "create, async, 1 KiB": _created(ASYNC),
    "create, sync, 1 MiB": _created(SYNC, MIB),
    "update, sync, 1 KiB": _updated,
    "delete, with its removal": _deleted,
    "stat": _looked("GET", lambda name: stat_path("photos", name)),
    "download, 1 KiB": _downloaded,
    "list, a page of 48": _listed(48),
    "upload, 64 MiB": _uploaded(64 * MIB),
    "upload, 1 GiB": _uploaded(GIB),
}
"""Kinds of calls, by what they are called."""

WRITTEN: Mapping[str, int] = {
    "create, sync, 1 MiB": MIB,
    "upload, 64 MiB": 64 * MIB,
    "upload, 1 GiB": GIB,
}
"""Bytes that kinds of calls store."""


def journal_of_a_create(bench: Bench) -> Units:
    """What the journal's writer and its files cost for one small create, of many at once."""
    number = assumed.JOURNALED_AT_ONCE // 2
    bench.cloud.journal()
    bench.existing(number)
    with bench.meter.counting("journal"):
        bench.cloud.journal("objects")
    return _divided(bench.meter.take()["journal"], number)


def scrub_of_an_object(bench: Bench) -> Units:
    """What a run of the scrub of all three clusters costs for one object of many."""
    with (
        ThreadPoolExecutor(1, thread_name_prefix="scrub") as pool,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(looking, "_looking", pool)
        patch.setattr(bench.cloud.network, "call_seconds", 0.0)
        fewer = _scrub(bench, _SCRUBBED)
        more = _scrub(bench, _SCRUBBED)
    counted = _less(more, fewer)
    del counted[SECRET_READS]  # one in minutes, for however many objects
    return _divided(counted, _SCRUBBED)


def _scrub(bench: Bench, number: int) -> Units:
    bench.existing(number)
    with bench.meter.counting("scrub"):
        for cluster in CLUSTERS:
            begin(bench.cloud, cluster)
            done = scrub_once(bench.cloud, cluster)
            assert done["state"] == "DONE", done
    bench.cloud.settle()
    return bench.meter.take()["scrub"]


APART: Mapping[str, Callable[[Bench], Units]] = {
    "journal, for each small create": journal_of_a_create,
    "a run of the scrub of three clusters, for each object": scrub_of_an_object,
}
"""What is done for objects beside the calls."""


def counted(cloud: Cloud, kinds: Sequence[str] = tuple(KINDS)) -> dict[str, Parts]:
    """Count kinds of calls, each on clusters of its own."""
    found = {}
    for kind in kinds:
        with metered(cloud) as meter:
            found[kind] = KINDS[kind](Bench(cloud, meter))
    return found


def _divided(units: Units, number: int) -> Units:
    return Units({name: count / number for name, count in units.items()})


def _both(units: Units, others: Units) -> Units:
    return Units({name: units[name] + others[name] for name in {*units, *others}})


def _less(units: Units, others: Units) -> Units:
    return Units({name: count - others[name] for name, count in units.items()})
