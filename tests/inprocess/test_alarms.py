"""Each alarm fires because of its fault, and clears when that is over; no other one fires.

Hours pass as they would: every five minutes each cluster is checked, swept and watched, and the
journal is written.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from mcos import clock, limits
from mcos.catalog import accounts, jobs, registry
from mcos.journal.files import segment_key, segments
from mcos.model.accounts import Role
from mcos.model.clusters import ClusterState
from mcos.model.concerns import Concern
from mcos.model.jobs import JobKind, JobState, new_job
from mcos.replicas.backend import MARKER, own_backend, put_bytes
from mcos.storage import StorageError
from tests.support.alarms import PERIOD, Point, firing, written_alarms
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.environment import ACCOUNT_ID, PREFIX, REGION, cluster_environment
from tests.support.scrubbing import begin, scrub, scrub_once
from tests.support.uploads import Sender
from tests.support.user import User

ALARMS = written_alarms({"stat_object": 2000, "create_object": 20_000})
HOUR = 3600
DAY = 24 * HOUR


class Deployment:
    """The clusters, while their schedules come.

    Attributes
    ----------
    dead
        Functions that do not work, as ``(cluster, function)``.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.dead: set[tuple[str, str]] = set()
        self.is_journaled = True

    def runs(self, seconds: float = 2 * PERIOD) -> list[str]:
        """Let time pass; the alarms that fire afterwards.

        Of a long time only the last minutes, in which alarms look back, are as they would be.
        """
        periods = round(seconds / PERIOD)
        while periods:
            few = 1 if periods <= 4 else min(3, periods - 4)
            self.pass_by(few * PERIOD)
            self.look()
            periods -= few
        self.pass_by(PERIOD)  # a period counts once it has ended
        return firing(ALARMS, self.cloud.points, clock.moment())

    def pass_by(self, seconds: float) -> None:
        """Let time pass until shortly after the beginning of a period."""
        at = clock.moment().timestamp() + seconds
        begun = at // PERIOD * PERIOD + 1
        self.cloud.clock.go_to(clock.moment() + timedelta(seconds=begun - at + seconds))

    def look(self, functions: tuple[str, ...] = ("check_health", "sweep_pending")) -> None:
        """Let the schedules come once."""
        for function in (*functions, "run_jobs"):
            for cluster in CLUSTERS:
                if (cluster, function) not in self.dead:
                    event = {"seconds": 1} if function == "run_jobs" else {}
                    self.cloud.try_to_invoke(arn(cluster, function), event)
        if self.is_journaled:
            self.write_journal()
        for cluster in CLUSTERS:
            if (cluster, "watch_cluster") not in self.dead:
                self.cloud.invoke(arn(cluster, "watch_cluster"), {})

    def write_journal(self) -> None:
        """Let the journal have a segment, as it has every quarter of an hour."""
        for cluster in CLUSTERS:
            with self.cloud.network.outside(), self.cloud.at(cluster), suppress(StorageError):
                deployment = registry.current_registry(fresh=True).deployment
                (content,) = segments([], deployment, written_at=clock.now())
                key = segment_key(deployment.id, clock.new_id())
                put_bytes(own_backend(), key, content)


_begun: list[tuple[Callable[[], None], datetime, list[Point]]] = []
"""What brings back a deployment that has just been begun, when that was, and its metrics."""


@pytest.fixture
def deployment(cloud: Cloud) -> Deployment:
    """A deployment that has run for a while, and of which all is well."""
    running = Deployment(cloud)
    if not _begun:
        for cluster in CLUSTERS:
            cloud.invoke(arn(cluster, "check_health"), {})
            scrub(cloud, cluster)
        cloud.invoke(arn(CLUSTERS[0], "write_snapshot"), {})
        running.runs()
        _begun.append((cloud.keep(), clock.moment(), list(cloud.points)))
    put_back, moment, points = _begun[0]
    put_back()
    cloud.clock.go_to(moment)
    cloud.chill()
    cloud.points[:] = points
    return running


def test_no_alarm_fires_of_what_is_idle_and_well_and_it_writes_one_metric(
    deployment: Deployment, cloud: Cloud
) -> None:
    cloud.points.clear()
    assert deployment.runs(2 * HOUR) == []
    assert {(one.name, one.dimensions) for one in cloud.points} == {
        ("Watched", (("deployment", PREFIX),))
    }


def test_no_alarm_fires_of_what_is_used_and_well(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    for number in range(3):
        assert user.create(f"a{number}", b"content", ASYNC).status == 202
        assert user.create(f"b{number}", b"content", SYNC).status == 201
        assert user.update(f"b{number}", b"other", ASYNC).status == 202
        cloud.settle()
        assert user.download(f"a{number}").status == 200
        assert user.download("none").status == 404
        assert deployment.runs(PERIOD) == []


def test_a_health_check_that_is_silent_is_noticed_by_other_clusters(
    deployment: Deployment,
) -> None:
    deployment.dead |= {("swift", "check_health"), ("swift", "watch_cluster")}
    assert deployment.runs(20 * 60) == ["silent"]
    deployment.dead.clear()
    assert deployment.runs(3 * PERIOD) == []


def test_a_cluster_that_is_watched_no_more_is_noticed_by_others(deployment: Deployment) -> None:
    deployment.dead.add(("s3", "watch_cluster"))
    assert deployment.runs(30 * 60) == ["silent"]
    deployment.dead.clear()
    assert deployment.runs() == []


def test_a_cluster_that_was_never_checked_is_silent_too(
    deployment: Deployment, cloud: Cloud
) -> None:
    cloud.register("s3-2")
    assert deployment.runs(10 * 60) == ["silent"]
    cloud.unregister("s3-2")
    assert deployment.runs() == []


def test_that_nothing_is_watched_is_an_alarm_of_its_own(deployment: Deployment) -> None:
    """What writes all other metrics is dead, and the missing ones say so."""
    deployment.dead |= {(cluster, "watch_cluster") for cluster in CLUSTERS}
    assert deployment.runs(20 * 60) == ["unwatched"]
    deployment.dead.clear()
    assert deployment.runs(3 * PERIOD) == []


def test_who_cannot_look_at_everything_does_not_say_that_it_has(
    deployment: Deployment, cloud: Cloud
) -> None:
    def fail(name: str) -> None:
        if name == "sqs:GetQueueAttributes":
            raise RuntimeError("may not be looked at")

    cloud.points.clear()
    cloud.network.before = fail
    for cluster in CLUSTERS:
        cloud.try_to_invoke(arn(cluster, "watch_cluster"), {})
    cloud.network.before = None
    assert not [one for one in cloud.points if one.name == "Watched"]


def test_a_backend_that_is_down(deployment: Deployment, cloud: Cloud) -> None:
    cloud.backends["ceph"].refuse()
    assert deployment.runs(20 * 60) == ["down"]
    cloud.backends["ceph"].accept()
    assert deployment.runs() == []


def test_an_object_that_cannot_be_stored(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    for name in ("swift", "ceph"):
        cloud.backends[name].refuse("put")
    assert user.create("a", b"content", ASYNC).status == 202
    assert deployment.runs(30 * 60) == ["down"]
    fires = deployment.runs(HOUR)
    assert "unsettled" in fires
    assert not {*fires} - {"unsettled", "down", "backlog", "journal-late"}
    for name in ("swift", "ceph"):
        cloud.backends[name].accept()
    deployment.look()
    cloud.settle()
    assert deployment.runs(20 * 60) == []


def test_a_sweeper_that_does_not_sweep(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    assert user.create("a", b"content", ASYNC).status == 202
    cloud.cut_executions()
    deployment.dead |= {(cluster, "sweep_pending") for cluster in CLUSTERS}
    assert deployment.runs(70 * 60) == ["unsettled"]
    deployment.dead.clear()
    deployment.look()
    cloud.settle()
    assert deployment.runs() == []


def test_a_sweeper_that_does_not_look_at_uploads(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    Sender(user).begin("a", b"content", expires_in=60)
    deployment.dead |= {(cluster, "sweep_pending") for cluster in CLUSTERS}
    assert deployment.runs(HOUR) == []
    assert deployment.runs(HOUR) == ["unsettled"]
    deployment.dead.clear()
    assert deployment.runs() == []


def test_a_replica_that_is_missing(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    cloud.backends["ceph"].refuse("put")
    assert user.create("a", b"content", ASYNC).status == 202
    cloud.run_executions()
    cloud.lose_messages()
    fires = deployment.runs(90 * 60)
    assert "replicas-missing" in fires
    assert not {*fires} - {"replicas-missing", "down", "journal-late"}
    cloud.backends["ceph"].accept()
    deployment.look()
    cloud.settle()
    assert deployment.runs(20 * 60) == []


def test_a_queue_that_nobody_reads(deployment: Deployment, cloud: Cloud) -> None:
    own = cluster_environment("swift")
    with cloud.network.outside(), cloud.at("swift"):
        cloud.send(own["MCOS_REPAIR_QUEUE_URL"], json.dumps({"action": "unstage"}))
    assert deployment.runs(50 * 60) == []
    assert deployment.runs(30 * 60) == ["backlog"]
    cloud.lose_messages()
    assert deployment.runs() == []


def test_a_queue_that_is_too_long(
    deployment: Deployment, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACKLOG_MESSAGES", 2)
    own = cluster_environment("swift")
    with cloud.network.outside(), cloud.at("swift"):
        for _ in range(3):
            cloud.send(own["MCOS_REPLICATE_QUEUE_URL"], "{}")
    assert deployment.runs(PERIOD) == ["backlog"]
    sqs_backends[ACCOUNT_ID][REGION].purge_queue(f"{PREFIX}-swift-replicate")
    assert deployment.runs() == []


def test_a_message_that_is_given_up(deployment: Deployment, cloud: Cloud) -> None:
    cloud.ingest("ceph", "nobody understands it")
    assert deployment.runs(PERIOD) == ["dead-letters"]
    sqs_backends[ACCOUNT_ID][REGION].purge_queue(f"{PREFIX}-ceph-inbound-dlq")
    assert deployment.runs() == []


def operate(cloud: Cloud, method: str, path: str, body: Any = None) -> Any:
    """An operator's call."""
    with cloud.network.outside():
        accounts.create("ops", "hash", Role.ADMIN)
    text = b"" if body is None else json.dumps(body).encode()
    reply = cloud.call("s3", method, f"/v1/admin/{path}", body=text, token=cloud.token("ops"))
    assert reply.status < 300
    return reply.json()


def test_a_job_that_has_no_clusters_to_move_to(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    assert user.create("a", b"content", SYNC).status == 201
    drain = new_job(clock.new_id(), JobKind.DRAIN, cluster="ceph", rate=1000, at=clock.now())
    with cloud.network.outside():
        jobs.item_of(replace(drain, state=JobState.RUNNING)).save()
    cloud.register("ceph", state=ClusterState.DRAINING)
    assert deployment.runs(PERIOD) == ["jobs-stuck"]
    operate(cloud, "POST", f"jobs/{drain.id}/stop")
    assert deployment.runs() == []


def test_a_job_on_which_nobody_works(deployment: Deployment, cloud: Cloud) -> None:
    deployment.dead |= {(cluster, "run_jobs") for cluster in CLUSTERS}
    operate(cloud, "POST", "jobs", {"kind": "rebalance"})
    assert deployment.runs(20 * 60) == []
    assert deployment.runs(20 * 60) == ["jobs-stuck"]
    deployment.dead.clear()
    deployment.runs(20 * 60)
    assert deployment.runs() == []


def test_a_scrub_that_was_stopped(deployment: Deployment, cloud: Cloud) -> None:
    marker = cloud.backends["swift"].replicas.pop(MARKER)
    assert scrub(cloud, "swift")["state"] == "STOPPED"
    cloud.backends["swift"].replicas[MARKER] = marker
    assert deployment.runs(PERIOD) == ["scrub-stopped"]
    scrub(cloud, "swift", mass_repair=True)
    assert deployment.runs() == []


def test_a_scrub_that_nobody_works_on(deployment: Deployment, cloud: Cloud) -> None:
    with cloud.network.outside():
        before = registry.read(registry.WATCHED, "swift")
    assert before is not None
    deployment.pass_by(8 * DAY + HOUR)
    assert "scrub-late" in deployment.runs()
    for cluster in CLUSTERS:
        begin(cloud, cluster)
        scrub_once(cloud, cluster)
    assert "scrub-late" not in deployment.runs()


def test_a_snapshot_that_was_not_written(deployment: Deployment, cloud: Cloud) -> None:
    deployment.pass_by(8 * DAY + HOUR)
    assert "snapshot-late" in deployment.runs()
    cloud.invoke(arn(CLUSTERS[0], "write_snapshot"), {})
    assert "snapshot-late" not in deployment.runs()


def test_a_snapshot_that_was_refused(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)
    for number in range(20):
        assert user.call("PUT", f"/v1/containers/c{number}").status == 201
    cloud.invoke(arn(CLUSTERS[0], "write_snapshot"), {"now": True})
    for number in range(20):
        assert user.call("DELETE", f"/v1/containers/c{number}").status == 204
    refused = cloud.invoke(arn(CLUSTERS[0], "write_snapshot"), {"now": True})
    assert refused["outcome"] == "refused"
    assert deployment.runs(PERIOD) == ["snapshot-late"]
    cloud.invoke(arn(CLUSTERS[0], "write_snapshot"), {"now": True, "accept_smaller": True})
    assert deployment.runs() == []


def damaged_copy(cloud: Cloud) -> tuple[User, str]:
    """A user's object that has rotten on one backend; that cluster."""
    user = User(cloud)
    assert user.create("a", b"content", SYNC).status == 201
    key = cloud.key(user.account, "photos", "a", "s3")
    cloud.backends["s3"].damage(key, b"rotten!")
    return user, "s3"


def test_damage_that_a_reader_has_met(deployment: Deployment, cloud: Cloud) -> None:
    user, cluster = damaged_copy(cloud)
    assert user.download("a", at=cluster).body == b"content"
    cloud.settle()
    assert deployment.runs(PERIOD) == ["damage"]
    assert deployment.runs() == []


def test_damage_that_a_scrub_has_found(deployment: Deployment, cloud: Cloud) -> None:
    _, cluster = damaged_copy(cloud)
    assert scrub(cloud, cluster, full=True)["repaired"] == 1
    cloud.settle()
    assert deployment.runs(PERIOD) == ["damage"]
    assert deployment.runs() == []


def test_a_journal_that_is_not_written(deployment: Deployment) -> None:
    deployment.is_journaled = False
    assert deployment.runs(90 * 60) == ["journal-late"]
    deployment.is_journaled = True
    assert deployment.runs(30 * 60) == []


def test_removals_that_an_operator_holds(deployment: Deployment, cloud: Cloud) -> None:
    operate(cloud, "PATCH", "clusters/swift", {"removals_held": True})
    assert deployment.runs(PERIOD) == ["removals-held"]
    operate(cloud, "PATCH", "clusters/swift", {"removals_held": None})
    assert deployment.runs() == []


def test_a_catalog_that_was_set_back(deployment: Deployment, cloud: Cloud) -> None:
    with cloud.network.outside():
        before = registry.read(registry.DEPLOYMENT, "this")
        registry.raise_generation(above=100, at=clock.now())
    deployment.runs(PERIOD)
    assert before is not None
    with cloud.network.outside():
        registry.write(registry.DEPLOYMENT, "this", before)
    assert "removals-held" in deployment.runs(20 * 60)
    with cloud.network.outside():
        registry.raise_generation(above=200, at=clock.now())
    assert deployment.runs(20 * 60) == []


def test_removals_that_the_brake_holds(deployment: Deployment, cloud: Cloud) -> None:
    cloud.removals_per_hour = 0
    cloud.leave()
    message = {"action": "remove", "account": "ada", "version": clock.new_id(), "why": "moved"}
    assert not cloud.repair("swift", message)
    assert deployment.runs(0) == ["removals-held"]
    assert deployment.runs() == []


def test_an_item_that_cannot_be_read(deployment: Deployment, cloud: Cloud) -> None:
    image = {"container_key": {"S": "ada/photos"}, "name": {"S": "a"}, "document": {"S": "no"}}
    stream = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{PREFIX}-objects/stream/x"
    written = {"ApproximateCreationDateTime": 0, "NewImage": image, "SequenceNumber": "1"}
    record = {"eventSourceARN": stream, "dynamodb": written}
    cloud.invoke(arn(CLUSTERS[0], "write_journal"), {"Records": [record]})
    assert deployment.runs(0) == ["unreadable"]
    assert deployment.runs() == []


def test_calls_that_fail(deployment: Deployment, cloud: Cloud) -> None:
    user = User(cloud)

    def fail(name: str) -> None:
        if name == "dynamodb:GetItem":
            raise RuntimeError("out of order")

    cloud.network.before = fail
    for _ in range(5):
        assert user.call("HEAD", "/v1/containers/photos/objects/a").status == 500
    cloud.network.before = None
    deployment.pass_by(PERIOD)
    assert firing(ALARMS, cloud.points, clock.moment()) == ["calls-fail"]
    assert deployment.runs(3 * PERIOD) == []


@pytest.mark.parametrize(
    ("name", "disturb"),
    [
        ("stat-object-failing", lambda cloud: _failing(cloud)),
        ("stat-object-slow", lambda cloud: setattr(cloud.network, "call_seconds", 3)),
    ],
)
def test_a_call_that_fails_or_is_slow_again_and_again(
    deployment: Deployment, cloud: Cloud, name: str, disturb: Callable[[Cloud], None]
) -> None:
    user = User(cloud)
    normal = cloud.network.call_seconds
    for _ in range(4):
        disturb(cloud)
        user.call("HEAD", "/v1/containers/photos/objects/a")
        cloud.network.before, cloud.network.call_seconds = None, normal
        deployment.look()
        deployment.pass_by(PERIOD)
    assert firing(ALARMS, cloud.points, clock.moment()) == [name]
    assert deployment.runs(3 * PERIOD) == []


def _failing(cloud: Cloud) -> None:
    def fail(name: str) -> None:
        if name == "dynamodb:GetItem":
            raise RuntimeError("out of order")

    cloud.network.before = fail


@pytest.mark.parametrize(
    ("name", "metric", "function", "well", "wrong"),
    [
        ("events-late", "IteratorAge", "publish_changes", 60_000, 900_000),
        ("journal-behind", "IteratorAge", "write_journal", 60_000, 900_000),
        ("throttled", "Throttles", None, 99, 100),
    ],
)
def test_what_aws_measures_itself(
    deployment: Deployment,
    cloud: Cloud,
    name: str,
    metric: str,
    function: str | None,
    well: float,
    wrong: float,
) -> None:
    """By its values, which nothing here measures."""
    own = (("FunctionName", f"{PREFIX}-{CLUSTERS[0]}-{function}"),) if function else ()

    def is_measured(value: float) -> list[str]:
        for _ in range(4):
            at = clock.moment().timestamp()
            cloud.points.append(Point(at, "AWS/Lambda", metric, own, value))
            deployment.look()
            deployment.pass_by(PERIOD)
        return firing(ALARMS, cloud.points, clock.moment())

    assert is_measured(well) == []
    assert is_measured(wrong) == [name]
    assert is_measured(well) == []


def test_every_concern_has_an_alarm_and_a_test() -> None:
    names = {one.name for one in ALARMS}
    assert {one.value for one in Concern} <= names
    text, _, _ = Path(__file__).read_text().partition("def test_every_concern")
    missing = {one for one in names if f'"{one}"' not in text}
    assert missing == {"given-up", "create-object-failing", "create-object-slow"}  # elsewhere


def test_every_alarm_is_fired_on_the_clouds_but_those_of_slow_calls() -> None:
    tests = Path(__file__).parents[1] / "functional"
    files = (tests / "api/test_alarms.py", tests / "alarms/test_each_alarm.py")
    text = "".join(file.read_text() for file in files)
    missing = {one.name for one in ALARMS if f'"{one.name}"' not in text}
    by_call = {
        f"{call}-{kind}"
        for call in ("create-object", "stat-object")
        for kind in ("failing", "slow")
    }
    assert missing == by_call
    assert '-failing", function' in text
