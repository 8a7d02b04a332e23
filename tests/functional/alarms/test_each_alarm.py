"""Each alarm fires by its fault and clears after it, on the running clouds.

``tools/functional.py --clusters 3 -- -m long tests/functional/alarms``. The faults are real. Only
that they have lasted for hours is written into the catalog, where the functions have it from; and
of one metric of AWS's own, which the emulator has not, the value is put where AWS would. How long a
call takes is not AWS's time here: ``tests/inprocess/test_alarms.py`` has the alarms of slow calls.
``tests/functional/api/test_alarms.py`` has what disturbs nobody.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from localstack_client.session import Session

from mcos import clock
from mcos_client import Client
from tests.functional.conftest import INSTANCE, Account
from tests.support.alarms import PERIOD, Point
from tests.support.deployed_alarms import Watch
from tests.support.paths import object_path, stat_path
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import ASYNC, Wire
from tools import local
from tools.burst import paused

pytestmark = pytest.mark.long

SECONDS = 300
HOUR = 3600
DAY = 24 * HOUR
PUBLISHER = "s3"
CALLS = ("create_object", "download_object", "stat_object")

Document = dict[str, Any]
Change = Callable[[Document], None]
Invoke = Callable[..., Any]
Clouds = Callable[..., str]


class Catalog:
    """The tables, in which a test writes that more time has passed."""

    def __init__(self, emulator: Session) -> None:
        self._dynamodb = emulator.client("dynamodb")

    def change(self, table: str, key: dict[str, str], change: Change, **attributes: str) -> None:
        """Change the document of an item, and its attributes, unless a function does at that time.

        Raises
        ------
        AssertionError
            There is no item.
        """
        named = {"TableName": f"mcos-{table}", "Key": {one: {"S": of} for one, of in key.items()}}
        item = self._dynamodb.get_item(**named, ConsistentRead=True).get("Item")
        assert item is not None, (table, key)
        before = item["document"]
        document = json.loads(before["S"])
        change(document)
        given = {"document": json.dumps(document), **attributes}
        with suppress(self._dynamodb.exceptions.ConditionalCheckFailedException):
            self._dynamodb.update_item(
                **named,
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in given),
                ConditionExpression="#document = :before",
                ExpressionAttributeNames={f"#{name}": name for name in given},
                ExpressionAttributeValues={
                    ":before": before,
                    **{f":{name}": {"S": value} for name, value in given.items()},
                },
            )

    def of_registry(self, kind: str, name: str, change: Change) -> None:
        self.change("registry", {"kind": kind, "name": name}, change)

    def of_object(self, owner: "Owner", name: str, change: Change, **attributes: str) -> None:
        self.change("objects", owner.key(name), change, **attributes)

    def put(self, table: str, item: dict[str, str]) -> None:
        self._dynamodb.put_item(
            TableName=f"mcos-{table}", Item={name: {"S": one} for name, one in item.items()}
        )

    def remove(self, table: str, key: dict[str, str]) -> None:
        self._dynamodb.delete_item(
            TableName=f"mcos-{table}", Key={one: {"S": of} for one, of in key.items()}
        )


@dataclass(frozen=True)
class Owner:
    """A user with a new container."""

    account: Account
    client: Client
    container: str

    def key(self, name: str) -> dict[str, str]:
        """Key of an object's item."""
        return {"container_key": f"{self.account.user_name}/{self.container}", "name": name}

    def create(self, name: str, how: str) -> str:
        """Create an object; the name of its replicas."""
        written = self.client.create_object(self.container, name, b"the bytes", prefer=how)
        return f"{self.account.user_name}/{written.version}"


@dataclass(frozen=True)
class Alarms:
    """What fires, and what does not any more."""

    watch: Watch

    def fires(self, name: str, *functions: str, because: Callable[[], object]) -> None:
        """Wait until an alarm fires; its cause is brought about again before each look, as the
        functions' schedules go on meanwhile."""
        began = datetime.now(UTC)

        def is_firing() -> bool:
            because()
            return name in self.watch.fires(began, *functions)

        wait_until(is_firing, f"{name} fires", seconds=SECONDS)

    def clears(
        self, name: str, *functions: str, after: Callable[[], object] = lambda: None
    ) -> None:
        """Wait until an alarm does not fire any more by what is written from now on."""

        def is_clear() -> bool:
            after()
            return name not in self.watch.fires(datetime.now(UTC), *functions)

        wait_until(is_clear, f"{name} is clear", seconds=SECONDS)


@pytest.fixture(scope="module")
def alarms(emulator: Session, invoke: Invoke) -> Alarms:
    return Alarms(Watch(emulator, invoke))


@pytest.fixture(scope="module")
def catalog(emulator: Session) -> Catalog:
    return Catalog(emulator)


@pytest.fixture(scope="module")
def owner(account: Account) -> Iterator[Owner]:
    with account.client() as client:
        name = client.create_container(f"alarms-{uuid4().hex[:12]}").name
        yield Owner(account, client, name)


def ago(seconds: float) -> str:
    """A time that has passed, RFC 3339."""
    return clock.later(-seconds)


def setting(**fields: Any) -> Change:
    """A change that sets fields of a document."""
    return lambda document: document.update(fields)


def test_a_health_check_that_was_not_heard_of(
    alarms: Alarms, catalog: Catalog, invoke: Invoke
) -> None:
    late = setting(checked_at=ago(HOUR))
    alarms.fires("silent", because=lambda: catalog.of_registry("health", "swift", late))
    alarms.clears("silent", after=lambda: invoke("swift", "check_health", {}))


@contextmanager
def stopped(clouds: Clouds, invoke: Invoke, name: str) -> Iterator[None]:
    """Without a storage service; afterwards it is back, and known to be healthy."""
    clouds("stop", name)
    try:
        yield
    finally:
        clouds("start", name)
        wait_until(
            lambda: invoke(name, "check_health", {})["healthy"], "it is back", seconds=SECONDS
        )


def test_a_backend_that_is_down(
    alarms: Alarms, catalog: Catalog, clouds: Clouds, invoke: Invoke
) -> None:
    with stopped(clouds, invoke, "ceph"):
        wait_until(
            lambda: not invoke("ceph", "check_health", {})["healthy"],
            "it is known to be down",
            seconds=SECONDS,
        )
        since = setting(down_since=ago(HOUR))
        alarms.fires("down", because=lambda: catalog.of_registry("health", "ceph", since))
    alarms.clears("down")


def test_an_object_that_is_not_stored(
    alarms: Alarms, catalog: Catalog, owner: Owner, endpoints: dict[str, str]
) -> None:
    def made_long_ago(document: Document) -> None:
        document["current"]["created_at"] = ago(2 * HOUR)

    with paused(_url()):
        owner.create("unsettled", "respond-async")
        alarms.fires(
            "unsettled", because=lambda: catalog.of_object(owner, "unsettled", made_long_ago)
        )
    settled = owner.client.wait_until_settled(owner.container, "unsettled", timeout=SECONDS)
    assert settled is not None
    assert settled.state == "CREATED"
    alarms.clears("unsettled")


def _url() -> str:
    """Where the emulator is."""
    found: str = local.describe(INSTANCE)["aws_endpoint_url"]
    return found


def test_an_upload_that_nobody_ends(
    alarms: Alarms, catalog: Catalog, owner: Owner, invoke: Invoke
) -> None:
    def begin_long_ago() -> None:
        """The sweeper may have ended the one before."""
        upload = owner.client.begin_upload(owner.container, "open", size=1).upload
        key = {"account": owner.account.user_name, "upload": upload}
        since = ago(2 * HOUR)
        catalog.change("uploads", key, setting(expires_at=since), expires_at=since)

    alarms.fires("unsettled", because=begin_long_ago)
    alarms.clears("unsettled", after=lambda: invoke(PUBLISHER, "sweep_pending", {}))


def test_an_object_that_lacks_a_replica(
    alarms: Alarms, catalog: Catalog, owner: Owner, clouds: Clouds, invoke: Invoke
) -> None:
    with stopped(clouds, invoke, "ceph"):
        owner.create("lacking", "respond-async")
        wait_until(partial(_is_stored_on, owner, "lacking", 2), "two are stored", seconds=SECONDS)
        often = setting(sweeps=20)  # each later than the one before
        alarms.fires("replicas-missing", because=lambda: catalog.of_object(owner, "lacking", often))
    # What waits in the queue comes later with each try; the sweeper sends it again at once.
    catalog.of_object(owner, "lacking", setting(sweeps=0), unsettled_since=ago(HOUR))
    invoke("ceph", "sweep_pending", {})
    settled = owner.client.wait_until_settled(owner.container, "lacking", timeout=SECONDS)
    assert settled is not None
    assert settled.state == "CREATED"
    alarms.clears("replicas-missing")


def _is_stored_on(owner: Owner, name: str, replicas: int) -> bool:
    stat = owner.client.stat_object(owner.container, name)
    return sum(one.state == "stored" for one in stat.replicas) >= replicas


def test_a_queue_that_nobody_reads(alarms: Alarms, catalog: Catalog, emulator: Session) -> None:
    name = "mcos-swift-repair"
    queues, functions = emulator.client("sqs"), emulator.client("lambda")
    url = queues.get_queue_url(QueueName=name)["QueueUrl"]
    (reader,) = [
        one["UUID"]
        for one in functions.list_event_source_mappings()["EventSourceMappings"]
        if one["EventSourceArn"].endswith(f":{name}")
    ]

    def since_long(document: Document) -> None:
        if document["queues"]["repair"]["busy_since"]:
            document["queues"]["repair"]["busy_since"] = ago(2 * HOUR)

    functions.update_event_source_mapping(UUID=reader, Enabled=False)
    try:
        queues.send_message(QueueUrl=url, MessageBody=json.dumps({"action": "none"}))
        alarms.fires("backlog", because=lambda: catalog.of_registry("watched", "swift", since_long))
    finally:
        queues.purge_queue(QueueUrl=url)
        functions.update_event_source_mapping(UUID=reader, Enabled=True)
    alarms.clears("backlog")


def test_a_job_on_which_nobody_works(alarms: Alarms, catalog: Catalog, admin: Wire) -> None:
    jobs: list[str] = []

    def rest() -> None:
        """The job may have come to its end, then there is another one."""
        reply = admin.send_json("POST", "/v1/admin/jobs", {"kind": "rebalance"})
        assert reply.status_code == 202
        jobs.append(reply.json()["job"])
        catalog.change("jobs", {"job": jobs[-1]}, setting(updated_at=ago(HOUR)))

    alarms.fires("jobs-stuck", because=rest)
    stopped = admin.send("POST", f"/v1/admin/jobs/{jobs[-1]}/stop").json()
    assert stopped["state"] in ("STOPPED", "DONE")
    alarms.clears("jobs-stuck")


def run_of(admin: Wire, invoke: Invoke, cluster: str, **how: bool) -> Any:
    """Let a cluster's scrub run to its end; the report."""
    path = f"/v1/admin/clusters/{cluster}/scrub"
    assert admin.send_json("POST", path, how).status_code == 202

    def is_over() -> bool:
        invoke(cluster, "scrub_backend", {})
        return bool(admin.send("GET", path).json()["state"] != "RUNNING")

    wait_until(is_over, "the scrub is over", seconds=2 * SECONDS)
    return admin.send("GET", path).json()


def test_a_scrub_that_was_stopped(
    alarms: Alarms,
    admin: Wire,
    invoke: Invoke,
    account: Account,
    services: dict[str, StorageService],
) -> None:
    """A backend that has lost what a scrub reads on one page is taken for another one."""
    with account.client() as client:
        own = Owner(account, client, client.create_container(f"lost-{uuid4().hex[:12]}").name)
        with ThreadPoolExecutor(4) as pool:
            replicas = list(pool.map(lambda number: own.create(f"{number}", "wait=25"), range(60)))
    for one in replicas:
        services["swift"].delete(one)
    report = run_of(admin, invoke, "swift")
    assert (report["state"], bool(report["reason"])) == ("STOPPED", True)
    alarms.fires("scrub-stopped", because=lambda: None)
    report = run_of(admin, invoke, "swift", mass_repair=True)
    assert (report["state"], report["reason"]) == ("DONE", None)
    alarms.clears("scrub-stopped")
    for one in replicas:
        wait_until(partial(_holds, services["swift"], one), "it is whole", seconds=SECONDS)


def _holds(service: StorageService, replica: str) -> bool:
    return service.read(replica) == b"the bytes"


def test_a_scrub_that_nobody_works_on(
    alarms: Alarms, catalog: Catalog, admin: Wire, invoke: Invoke
) -> None:
    run_of(admin, invoke, "ceph")
    long_ago = setting(state="DONE", ended_at=ago(30 * DAY), updated_at=ago(30 * DAY))
    alarms.fires(
        "scrub-late", because=lambda: catalog.change("jobs", {"job": "scrub~ceph"}, long_ago)
    )
    run_of(admin, invoke, "ceph")
    alarms.clears("scrub-late")


def test_a_journal_that_is_old(alarms: Alarms, catalog: Catalog, invoke: Invoke) -> None:
    old = setting(journal_at=ago(2 * HOUR))
    alarms.fires("journal-late", because=lambda: catalog.of_registry("health", "ceph", old))

    def compare() -> None:
        catalog.of_registry("health", "ceph", setting(compared_at=ago(HOUR)))
        invoke("ceph", "check_health", {})

    alarms.clears("journal-late", after=compare)


def test_a_snapshot_that_is_old(alarms: Alarms, catalog: Catalog, invoke: Invoke) -> None:
    def is_written() -> bool:
        # Tests leave fewer objects than there were.
        wanted = {"now": True, "accept_smaller": True}
        return bool(invoke(PUBLISHER, "write_snapshot", wanted)["outcome"] == "complete")

    def begun_long_ago(document: Document) -> None:
        document["last"]["begun_at"] = ago(9 * DAY)

    wait_until(is_written, "there is a snapshot", seconds=SECONDS)
    alarms.fires(
        "snapshot-late",
        because=lambda: catalog.of_registry("journal", "snapshot", begun_long_ago),
    )
    wait_until(is_written, "there is a new one", seconds=SECONDS)
    alarms.clears("snapshot-late")


def test_content_that_was_lost(
    alarms: Alarms, catalog: Catalog, owner: Owner, emulator: Session, invoke: Invoke
) -> None:
    config = Config(connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"})
    s3 = emulator.client("s3", config=config)
    staged: list[Document] = []

    def missed_for_days(document: Document) -> None:
        staged.append(document["current"]["staged"])
        document.update(sweeps=5, missed_since=ago(3 * DAY))

    def lose() -> None:
        """Each time another object: the one before is given up only once."""
        name = f"lost-{len(staged)}"
        owner.create(name, "respond-async")
        # Its sweeper looks at it at once.
        catalog.of_object(owner, name, missed_for_days, unsettled_since=ago(2 * HOUR))
        content = staged[-1]
        bucket = f"mcos-{content['cluster']}-staging-000000000000"
        s3.delete_object(Bucket=bucket, Key=content["key"], VersionId=content["version"])
        invoke(content["cluster"], "sweep_pending", {})

    with paused(_url()):
        alarms.fires("given-up", "sweep_pending", because=lose)
    alarms.clears("given-up", "sweep_pending")
    names = [f"lost-{number}" for number in range(len(staged))]
    states = [owner.client.stat_object(owner.container, name).state for name in names]
    assert "FAILED" in states
    for name in names:
        owner.client.delete_object(owner.container, name)


@pytest.fixture
def unreadable(catalog: Catalog, owner: Owner, emulator: Session) -> Iterator[str]:
    """Name of an object whose item nobody can read."""
    name = f"unreadable-{uuid4().hex[:12]}"
    key = owner.key(name)
    catalog.put("objects", {**key, "revision": "0", "state": "CREATED", "document": "no JSON"})
    yield name
    catalog.remove("objects", key)
    # Nor can its changes be published; a note of each is set aside.
    queues = emulator.client("sqs")
    unpublished = queues.get_queue_url(QueueName="mcos-unpublished-events")["QueueUrl"]
    queues.purge_queue(QueueUrl=unpublished)


def test_an_item_that_cannot_be_read_and_the_calls_that_fail_because_of_it(
    alarms: Alarms, catalog: Catalog, owner: Owner, unreadable: str
) -> None:
    wire = owner.account.wire()

    def call() -> None:
        for _ in range(6):
            for method, path in (
                ("GET", stat_path(owner.container, unreadable)),
                ("GET", object_path(owner.container, unreadable)),
                ("POST", object_path(owner.container, unreadable)),
            ):
                content = b"x" if method == "POST" else None
                reply = wire.send(method, path, headers=ASYNC, content=content)
                assert reply.status_code >= 500, reply.text

    alarms.fires("unreadable", "write_journal", because=lambda: None)
    alarms.fires("calls-fail", *CALLS, because=call)
    for function in CALLS:
        alarms.fires(f"{function.replace('_', '-')}-failing", function, because=call)
    wire.close()
    catalog.remove("objects", owner.key(unreadable))
    alarms.clears("unreadable", "write_journal")
    alarms.clears("calls-fail", *CALLS)
    for function in CALLS:
        alarms.clears(f"{function.replace('_', '-')}-failing", function)


def test_functions_that_are_throttled(alarms: Alarms, emulator: Session) -> None:
    """By the emulator's own count, for a quarter of an hour."""
    watch, name = alarms.watch, "mcos-swift-locate_object"
    functions = emulator.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    began = datetime.now(UTC)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        for _ in range(100):
            with pytest.raises(functions.exceptions.TooManyRequestsException):
                functions.invoke(FunctionName=f"{name}:live", Payload=b"{}")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    count = watch.measured("AWS/Lambda", "Throttles", began - timedelta(seconds=PERIOD))
    assert count >= 100
    throttled = Point(datetime.now(UTC).timestamp(), "AWS/Lambda", "Throttles", (), count)
    assert watch.firing_by([throttled], periods=3) == ["throttled"]
    assert watch.firing_by([throttled], periods=1) == []


@pytest.mark.parametrize(
    ("name", "function"),
    [("events-late", "publish_changes"), ("journal-behind", "write_journal")],
)
def test_a_reader_of_a_stream_that_is_late(
    alarms: Alarms, emulator: Session, name: str, function: str
) -> None:
    """The emulator does not measure how old what it reads is: that is put where AWS would."""
    watch, own = alarms.watch, {"FunctionName": f"mcos-{PUBLISHER}-{function}"}
    (alarm,) = [one for one in watch.alarms if one.name == name]
    assert (alarm.namespace, alarm.metric) == ("AWS/Lambda", "IteratorAge")
    for milliseconds, firing in ((60_000.0, []), (20 * 60_000.0, [name])):
        began = datetime.now(UTC)
        emulator.client("cloudwatch").put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": "IteratorAge",
                    "Dimensions": [{"Name": key, "Value": value} for key, value in own.items()],
                    "Value": milliseconds,
                }
            ],
        )
        age = watch.measured("AWS/Lambda", "IteratorAge", began - timedelta(seconds=1), **own)
        point = Point(
            datetime.now(UTC).timestamp(),
            "AWS/Lambda",
            "IteratorAge",
            tuple(own.items()),
            age,
        )
        assert watch.firing_by([point]) == firing
