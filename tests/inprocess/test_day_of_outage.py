"""A backend is away for a day, and is owed what was stored meanwhile: nothing is lost, no queue
fills, no call of a user makes a call more, and afterwards it gets all of it at a bounded rate.

``make test`` shows that what an object costs does not depend on how many there are; ``make long``
has a hundred thousand.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.table import Table

from mcos import clock
from mcos.catalog import objects
from mcos.catalog.tables import ObjectItem
from mcos.model.objects import ObjectRecord
from mcos.model.versions import Staged
from mcos.replicas.backend import key_of, new_incarnation
from mcos.staging.bucket import version_key
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.paths import container_path, object_path, stat_path
from tests.support.sparse_index import quick_index
from tests.support.user import User

AWAY = "ceph"
CONTENT = b"kept while a backend is away"
MINUTE, HOUR = 60, 3600

AT_ONCE = 200
"""Most messages that wait in a queue: what the cluster can repair soon."""

PER_SWEEP = 190
"""Objects that a sweep of the cluster sends there, if all before were repaired."""

IDLE_SWEEP = 8
"""Most calls of a sweep that has nothing to do."""

NUMBERS = [50, 250, pytest.param(100_000, marks=pytest.mark.long)]

EACH = {
    # The sweeper reads the record, notes that it has looked, and sends the message.
    "sweep_pending -> dynamodb:GetItem": 1,
    "sweep_pending -> dynamodb:PutItem": 1,
    "sweep_pending -> sqs:SendMessage": 1,
    # Its reader reads the record and writes the copy.
    "repair_replica -> dynamodb:GetItem": 1,
    "repair_replica -> backend:put": 1,
    "repair_replica -> dynamodb:PutItem": 1,
}
STAGED = {
    "repair_replica -> s3:GetObject": 1,
    "repair_replica -> sqs:SendMessage": 1,  # to where it is staged
    "repair_replica -> s3:DeleteObject": 1,
}
NOT_STAGED = {"repair_replica -> lambda:Invoke": 1, "get_replica -> backend:get": 1}
"""Calls that each object costs, by where the content is taken from."""

ONE_STAGED_OF = 10


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_owed_after_a_day_is_written_at_a_bounded_rate_and_cost(
    cloud: Cloud,
    user: User,
    show: Callable[[Table | str], None],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.setitem(cloud.network.answers, "dynamodb:Query", quick_index(cloud))
    cloud.backends[AWAY].refuse()
    for _ in range(4):
        look_after(cloud)
    without = calls_of_users(cloud, user, "without")
    owe(cloud, user, number)
    owed = messages(cloud)

    # The day: nobody asks for the backend, and nothing is queued for it.
    for _ in range(24):
        cloud.clock.advance(HOUR)
        swept = look_after(cloud)
        assert swept.total() <= IDLE_SWEEP * len(CLUSTERS)
        assert messages(cloud) == owed
    user.token = cloud.token(user.account)
    assert calls_of_users(cloud, user, "meanwhile") == without
    for one in (0, number // 2, number - 1):
        assert user.download(f"owed-{one}").body == CONTENT

    # It is back.
    cloud.backends[AWAY].accept()
    returned, calls, most, rounds = cloud.clock.moment(), Counter[str](), 0, 0
    while cloud.unsettled() or any(messages(cloud).values()):
        rounds += 1
        assert rounds <= number / PER_SWEEP + 3
        cloud.clock.advance(MINUTE)
        calls += look_after(cloud)
        most = max(most, *messages(cloud).values())
        with cloud.network.record() as made:
            cloud.pump()
        calls += Counter(f"{one.function} -> {one.name}" for one in made)
    minutes = (cloud.clock.moment() - returned).total_seconds() / MINUTE

    assert most <= AT_ONCE
    user.token = cloud.token(user.account)
    assert {one.state for one in cloud.records(user.account)} == {"CREATED"}
    cloud.check_storage(user.account)
    staged = len(range(0, number, ONE_STAGED_OF))
    for name, times in (EACH | STAGED | NOT_STAGED).items():
        of = number if name in EACH else staged if name in STAGED else number - staged
        # A few more: what users have created and deleted meanwhile.
        assert 0 <= calls[name] - times * of <= 12, name
    known = {*EACH, *STAGED, *NOT_STAGED}
    others = sum(count for name, count in calls.items() if name not in known)
    assert others <= IDLE_SWEEP * len(CLUSTERS) * rounds + 12
    show(f"{number} objects owed for a day: CREATED {minutes:.0f} minutes after the return,")
    show(f"{calls.total() / number:.1f} calls each, at most {most} messages in a queue")


def owe(cloud: Cloud, user: User, number: int) -> None:
    """Let so many objects lack the copy of the backend that is away; rows are written directly.

    One of ten is as an asynchronous create leaves it, with its content staged; the others are as
    an import leaves them, which knows nothing of staging.
    """
    assert user.create("owed-0", CONTENT, ASYNC).status == 202
    cloud.run_executions()
    cloud.pump()
    first = cloud.record(user.account, "photos", "owed-0")
    assert first is not None
    assert first.waits_for == (AWAY,)
    with cloud.network.outside(), ObjectItem.batch_write() as batch:
        for index in range(1, number):
            batch.save(objects.item_of(another(cloud, first, index)))


def another(cloud: Cloud, record: ObjectRecord, index: int) -> ObjectRecord:
    """An object like another one, whose stored copies the backends hold, too."""
    version, version_id = record.current, clock.new_id()
    assert version is not None
    staged: Staged | None = None
    if index % ONE_STAGED_OF == 0:
        assert version.staged is not None
        cluster, key = version.staged.cluster, version_key(version_id)
        cloud.put_into_staging(cluster, key, CONTENT)
        staged = replace(version.staged, key=key, version=cloud.staged_version(cluster, key))
    copies = {
        cluster: replace(copy, incarnation=new_incarnation())
        for cluster, copy in version.replicas.items()
    }
    same = replace(version, id=version_id, replicas=copies, staged=staged)
    for cluster in same.stored:
        held, key = cloud.backends[cluster].replicas, key_of(record.account, same, cluster)
        content, stat = held[key_of(record.account, version, cluster)]
        held[key] = content, replace(stat, key=key)
    return replace(record, name=f"owed-{index}", current=same, revision=clock.new_id())


def look_after(cloud: Cloud) -> Counter[str]:
    """What schedules do at every cluster; the calls that the sweepers make, by what and how."""
    for cluster in CLUSTERS:
        cloud.invoke(arn(cluster, "check_health"), {})
    with cloud.network.record() as made:
        for cluster in CLUSTERS:
            cloud.invoke(arn(cluster, "sweep_pending"), {})
    return Counter(f"{one.function} -> {one.name}" for one in made)


def calls_of_users(cloud: Cloud, user: User, name: str) -> list[tuple[str, int, list[str]]]:
    """What users do with an object: of each call its status and the calls that it makes."""
    path, told = object_path("photos", name), []
    user.call("GET", stat_path("photos", name))  # a function that was idle reads first
    for method, target, body, headers in (
        ("POST", path, CONTENT, ASYNC),
        ("POST", object_path("photos", f"{name}-sync"), CONTENT, SYNC),
        ("GET", path, b"", {}),
        ("GET", stat_path("photos", name), b"", {}),
        ("GET", f"{container_path('photos')}/objects?limit=10", b"", {}),
        ("PUT", path, CONTENT * 2, ASYNC),
        ("DELETE", path, b"", SYNC),
    ):
        with cloud.network.record() as calls:
            reply = user.call(method, target, body, headers)
        # Secrets are read again every few minutes, whatever the call.
        names = [one.name for one in calls if one.name != "secrets-manager:GetSecretValue"]
        told.append((f"{method} {headers}", reply.status, names))
        cloud.run_executions()
        cloud.pump()
    return told


def messages(cloud: Cloud) -> dict[str, int]:
    """How many messages wait in each cluster's queues."""
    waiting, queued = cloud.waiting(), cloud.queued()
    return {name: max(waiting[name], queued[name]) for name in CLUSTERS}
