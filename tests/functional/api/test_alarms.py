"""Alarms as they are deployed, judged by what the deployed functions write into their logs.

``tests/inprocess/test_alarms.py`` has every fault. Here the roles are enforced, the queues and the
storage services are real, and metrics come by way of the logs. What disturbs other tests is in
``tests/functional/alarms``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from localstack_client.session import Session

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account
from tests.support.alarms import PERIOD, written_alarms
from tests.support.deployed_alarms import Watch
from tests.support.services import StorageService
from tests.support.waiting import wait_until
from tests.support.wire import Wire

CALLS = {"create_object": 20000.0, "download_object": 10000.0, "stat_object": 2000.0}
SECONDS = 120


@pytest.fixture(scope="module")
def watch(emulator: Session, invoke: Callable[..., Any]) -> Watch:
    return Watch(emulator, invoke)


@pytest.fixture
def began() -> datetime:
    """When the test began."""
    return datetime.now(UTC)


def concerns(admin: Wire) -> set[tuple[str, str | None]]:
    """What the status says."""
    told = admin.send("GET", "/v1/admin/status").json()
    return {(one["concern"], one["cluster"]) for one in told["findings"]}


def test_the_alarms_of_the_list_are_there(watch: Watch, endpoints: dict[str, str]) -> None:
    wanted = written_alarms(CALLS, publisher=min(endpoints))
    assert sorted(watch.alarms, key=lambda one: one.name) == sorted(
        wanted, key=lambda one: one.name
    )


def test_that_all_is_looked_at_is_a_metric(watch: Watch, began: datetime) -> None:
    watch.fires(began)
    looks = [one for one in watch.points("watch_cluster", began) if one.name == "Watched"]
    assert len(looks) >= len(CLUSTERS)
    (alarm,) = [one for one in watch.alarms if one.name == "unwatched"]
    at = datetime.fromtimestamp(looks[0].at, UTC) + timedelta(seconds=PERIOD)
    assert alarm.state(looks, at) == "OK"
    assert alarm.state([], at) == "ALARM"


def test_a_message_that_is_given_up_fires_until_it_is_taken_away(
    watch: Watch, admin: Wire, emulator: Session, began: datetime
) -> None:
    queues = emulator.client("sqs")

    def url(name: str) -> str:
        found: str = queues.get_queue_url(QueueName=name)["QueueUrl"]
        return found

    queues.send_message(QueueUrl=url("mcos-ceph-inbound"), MessageBody="nobody understands it")
    wait_until(lambda: "dead-letters" in watch.fires(began), "the alarm has fired", seconds=SECONDS)
    assert ("dead-letters", "ceph") in concerns(admin)
    queues.purge_queue(QueueUrl=url("mcos-ceph-inbound-dlq"))
    assert "dead-letters" not in watch.fires(datetime.now(UTC))
    assert ("dead-letters", "ceph") not in concerns(admin)


def test_removals_that_an_operator_holds_fire_until_they_are_released(
    watch: Watch, admin: Wire, began: datetime
) -> None:
    path = "/v1/admin/clusters/swift"
    assert admin.send_json("PATCH", path, {"removals_held": True}).status_code == 200
    assert "removals-held" in watch.fires(began)
    assert ("removals-held", "swift") in concerns(admin)
    assert admin.send_json("PATCH", path, {"removals_held": None}).status_code == 200
    assert "removals-held" not in watch.fires(datetime.now(UTC))


def test_damage_that_a_reader_meets_fires_and_is_over_by_itself(
    watch: Watch,
    account: Account,
    client: Client,
    container: str,
    services: dict[str, StorageService],
    began: datetime,
) -> None:
    written = client.create_object(container, "damaged", b"what was sent", prefer="wait=25")
    services["s3"].delete(f"{account.user_name}/{written.version}")

    def fires() -> bool:
        # Its log may come after its reply.
        assert client.download_object(container, "damaged").content == b"what was sent"
        return "damage" in watch.fires(began, "download_object")

    wait_until(fires, "the alarm has fired", seconds=SECONDS)
    settled = client.wait_until_settled(container, "damaged", timeout=SECONDS)
    assert settled is not None
    assert settled.state == "CREATED"
    assert "damage" not in watch.fires(datetime.now(UTC), "download_object")
