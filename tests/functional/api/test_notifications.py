"""Every change of an object is an event on the bus, and a stat waits for the object to settle."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from localstack_client.session import Session

from mcos_client import Client
from tests.functional.api.conftest import CLUSTERS, Account, AccountFactory
from tests.support.event_schema import check_event
from tests.support.paths import object_path, stat_path
from tests.support.waiting import wait_until
from tests.support.wire import ASYNC, SYNC, Wire, code_of

BUS = "mcos"


@dataclass
class Subscription:
    """A queue of the events that a rule on the bus lets through."""

    sqs: Any
    url: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def receive(self) -> None:
        """Take what is in the queue."""
        found = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in found.get("Messages", []):
            event = json.loads(message["Body"])
            check_event(event)
            self.events.append(event["detail"])
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def of(self, name: str) -> list[dict[str, Any]]:
        """The events of an object, as a consumer that minds the revisions sees them."""
        self.receive()
        told = {one["revision"]: one for one in self.events if one["object"] == name}
        return [told[revision] for revision in sorted(told)]

    def wait_for(self, name: str, state: str, *, version: str | None = None) -> None:
        """Wait until the last event of an object is of a state, and of a version."""

        def arrived() -> bool:
            last = self.of(name)[-1:]
            return any(one["state"] == state and version in (None, one["version"]) for one in last)

        wait_until(arrived, f"the last event of {name!r} says {state}")


@pytest.fixture(scope="module")
def aws(emulator: Session) -> dict[str, Any]:
    """Clients of whoever may make rules on the bus."""
    return {
        service: emulator.client(
            service,
            config=Config(connect_timeout=5, read_timeout=30),
        )
        for service in ("events", "iam", "sqs")
    }


@pytest.fixture
def subscription(aws: dict[str, Any], account: Account, container: str) -> Iterator[Subscription]:
    """What happens in ``container``, as ``docs/notifications.md`` says how to subscribe to it."""
    name = f"told-{uuid4().hex[:12]}"
    events, sqs = aws["events"], aws["sqs"]
    pattern = {
        "source": ["mcos"],
        "detail-type": ["MCOS Object State Change"],
        "detail": {"account": [account.user_name], "container": [container]},
    }
    rule = events.put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps(pattern))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = queue["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
    }
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    yield Subscription(sqs, url)
    events.remove_targets(Rule=name, EventBusName=BUS, Ids=["queue"])
    events.delete_rule(Name=name, EventBusName=BUS)
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("prefer", ["respond-async", "wait=25"])
def test_the_life_of_an_object_is_told_from_its_creation_to_its_end(
    account: Account, client: Client, container: str, subscription: Subscription, prefer: str
) -> None:
    created = client.create_object(container, "told", b"one", prefer=prefer)
    subscription.wait_for("told", "CREATED")
    updated = client.update_object(container, "told", b"number two", prefer=prefer)
    subscription.wait_for("told", "CREATED", version=updated.version)
    client.delete_object(container, "told")
    subscription.wait_for("told", "DELETED")

    told = subscription.of("told")
    states = [one["state"] for one in told]
    assert states[0] == "CREATING"
    entered = [after for before, after in pairwise(states) if before != after]
    assert entered == ["CREATED", "UPDATING", "CREATED", "DELETING", "DELETED"]
    assert told[0]["previous_state"] is None
    for before, after in pairwise(told):
        assert after["previous_state"] == before["state"]
    for one in told:
        assert (one["account"], one["container"]) == (account.user_name, container)
        stored = [replica for replica in one["replicas"] if replica["state"] == "stored"]
        if one["state"] == "CREATED":
            assert len(stored) == len(one["replicas"]) == len(CLUSTERS)
        first = one["version"] == created.version
        assert one["version"] in (created.version, updated.version)
        assert one["size"] == (3 if first else 10)
        assert one["etag"] == (created.etag if first else updated.etag)
    assert told[-1]["version"] == updated.version
    assert told[-1]["replicas"] == []


def test_changes_at_every_entry_point_are_told(
    clients: dict[str, Client], container: str, subscription: Subscription
) -> None:
    for cluster, client in clients.items():
        client.create_object(container, f"by {cluster}", b"bytes", prefer="respond-async")
    for cluster in clients:
        subscription.wait_for(f"by {cluster}", "CREATED")
        assert {one["cluster"] for one in subscription.of(f"by {cluster}")} == {cluster}


def test_names_are_told_as_they_are(
    client: Client, container: str, subscription: Subscription
) -> None:
    name = 'ä b/..//"\\%41日本 \U0001f30d'
    client.create_object(container, name, b"", prefer="wait=25")
    subscription.wait_for(name, "CREATED")


def test_a_rule_sees_no_other_account_and_no_other_container(
    new_account: AccountFactory, client: Client, container: str, subscription: Subscription
) -> None:
    with new_account().client() as stranger:
        stranger.create_container(container)
        stranger.create_object(container, "theirs", b"bytes", prefer="wait=25")
    elsewhere = client.create_container(f"elsewhere-{uuid4().hex[:12]}").name
    client.create_object(elsewhere, "elsewhere", b"bytes", prefer="wait=25")
    # The stream has an order: when this one is there, they are past.
    client.create_object(container, "mine", b"bytes", prefer="wait=25")
    subscription.wait_for("mine", "CREATED")
    assert {one["object"] for one in subscription.events} == {"mine"}


@pytest.fixture
def denied(aws: dict[str, Any]) -> Iterator[Callable[[], None]]:
    """Whoever publishes may not any more, until this is called."""
    iam = aws["iam"]
    names = [role["RoleName"] for page in _roles(iam) for role in page["Roles"]]
    (name,) = [one for one in names if one.endswith("-publish_changes")]
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    role = {"RoleName": name, "PolicyName": policy}
    granted = iam.get_role_policy(**role)["PolicyDocument"]
    less = [one for one in granted["Statement"] if one["Action"] != ["events:PutEvents"]]
    assert len(less) == len(granted["Statement"]) - 1

    def write(policy: dict[str, Any]) -> None:
        iam.put_role_policy(**role, PolicyDocument=json.dumps(policy))

    write({**granted, "Statement": less})
    yield lambda: write(granted)
    write(granted)


def _roles(iam: Any) -> Any:
    return iam.get_paginator("list_roles").paginate()


def test_what_the_bus_did_not_take_is_told_later_in_its_order(
    client: Client, container: str, subscription: Subscription, denied: Callable[[], None]
) -> None:
    names = [f"object {number}" for number in range(15)]
    for name in names:
        client.create_object(container, name, b"bytes", prefer="wait=25")
    subscription.receive()
    assert subscription.events == []
    denied()
    for name in names:
        subscription.wait_for(name, "CREATED")
    for name in names:
        assert [one["state"] for one in subscription.of(name)] == ["CREATING", "CREATED"]


def test_nothing_was_set_aside(aws: dict[str, Any], subscription: Subscription) -> None:
    url = aws["sqs"].get_queue_url(QueueName="mcos-unpublished-events")["QueueUrl"]
    waiting = aws["sqs"].get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_one_stat_that_waits_sees_an_object_created(
    account: Account, container: str, cluster: str
) -> None:
    wire = account.wire(cluster)
    headers = {**ASYNC, "content-type": "application/octet-stream"}
    taken = wire.send("POST", object_path(container, cluster), headers=headers, content=b"bytes")
    assert taken.status_code == 202

    def is_told() -> bool:
        began = time.monotonic()
        reply = wire.send("GET", f"{stat_path(container, cluster)}?wait=25")
        assert reply.status_code == 200
        told = reply.json()
        if told["state"] == "CREATED":
            assert len(told["replicas"]) == len(CLUSTERS)
            return True
        # A busy machine may need longer than a call may wait.
        assert time.monotonic() - began > 20
        return False

    wait_until(is_told, "a stat tells that it is CREATED")
    wire.close()


def test_one_stat_that_waits_sees_an_object_gone(wire: Wire, container: str) -> None:
    headers = {**SYNC, "content-type": "application/octet-stream"}
    wire.send("POST", object_path(container, "a"), headers=headers, content=b"bytes")
    wire.send("DELETE", object_path(container, "a"))
    reply = wire.send("GET", f"{stat_path(container, 'a')}?wait=25")
    assert (reply.status_code, code_of(reply)) == (404, "object_not_found")


def test_a_stat_of_what_is_settled_does_not_wait(wire: Wire, container: str) -> None:
    headers = {**SYNC, "content-type": "application/octet-stream"}
    wire.send("POST", object_path(container, "a"), headers=headers, content=b"bytes")
    began = time.monotonic()
    assert wire.send("GET", f"{stat_path(container, 'a')}?wait=25").status_code == 200
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("wait", ["0", "26", "-1", "2.5", "soon"])
def test_an_invalid_wait_is_refused(wire: Wire, container: str, wait: str) -> None:
    reply = wire.send("GET", f"{stat_path(container, 'a')}?wait={wait}")
    assert (reply.status_code, code_of(reply)) == (400, "invalid_query")
