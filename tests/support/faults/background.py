"""What the clusters do behind the calls, a task at a time, and some of it twice or never."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.cloud import Cloud, arn
from tests.support.environment import cluster_environment
from tests.support.faults.trouble import Trouble, Troublemaker
from tests.support.state_machine import ExecutionFailed


@dataclass(frozen=True)
class _Message:
    cluster: str
    body: Any
    queue: str
    handle: str

    @property
    def begins(self) -> bool:
        """Whether it is of a replicate queue."""
        return "action" not in self.body


class Background:
    """The executions that were started, the messages that were sent, and the sweepers.

    What waits to be replicated may be handed over at once. Messages of repairs are handed over from
    the round on that follows the one in which they were sent: those that are late on purpose are
    later than everything that was under way then.
    """

    def __init__(self, cloud: Cloud, random: Random, maker: Troublemaker, trouble: Trouble) -> None:
        self._cloud, self._random, self._maker, self._trouble = cloud, random, maker, trouble
        self._mail: list[_Message] = []
        self._executed: list[tuple[str, dict[str, Any]]] = []

    def collect(self) -> None:
        """Fetch all messages that are in the queues."""
        self._collect("REPLICATE", self._cloud.waiting())
        self._collect("REPAIR", self._cloud.queued())

    def _collect(self, kind: str, counts: dict[str, int]) -> None:
        for cluster, count in counts.items():
            if count:
                url = cluster_environment(cluster)[f"MCOS_{kind}_QUEUE_URL"]
                self._mail += self._fetched(cluster, url)

    def _fetched(self, cluster: str, url: str) -> list[_Message]:
        found = []
        with self._cloud.network.outside():
            while (
                batch := self._cloud.client("sqs")
                .receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=43200)
                .get("Messages")
            ):
                found += [
                    _Message(cluster, json.loads(one["Body"]), url, one["ReceiptHandle"])
                    for one in batch
                ]
        return found

    def hand_back(self) -> None:
        """Put the messages that nobody has dealt with back into the queues."""
        for message in self._mail:
            self._end(message, done=False)
        self._mail.clear()

    def do_something(self) -> None:
        """One task, if there is any."""
        self._collect("REPLICATE", self._cloud.waiting())
        if self._cloud.delivered and self._maker.happens(
            "message repeated", self._trouble.message_repeated
        ):
            cluster, body = self._random.choice(self._cloud.delivered)
            self._cloud.deliver(cluster, body)
        elif self._executed and self._maker.happens(
            "execution repeated", self._trouble.execution_repeated
        ):
            self._execute(*self._random.choice(self._executed))
        elif self._mail and (not self._cloud.executions or self._random.random() < 0.5):
            self._deliver(self._mail.pop(self._random.randrange(len(self._mail))))
        elif self._cloud.executions:
            position = self._random.randrange(len(self._cloud.executions))
            self._execute_first(*self._cloud.executions.pop(position))

    def sweep(self, cluster: str, *, older_than_seconds: float) -> None:
        """Let a cluster's sweeper come by."""
        self._cloud.try_to_invoke(
            arn(cluster, "sweep_pending"), {"older_than_seconds": older_than_seconds}
        )

    def _execute_first(self, cluster: str, execution: dict[str, Any]) -> None:
        if self._maker.happens("execution lost", self._trouble.execution_lost):
            return
        self._executed.append((cluster, execution))
        self._execute(cluster, execution)

    def _execute(self, cluster: str, execution: dict[str, Any]) -> None:
        try:
            self._cloud.execute(cluster, execution)
        except ExecutionFailed:
            return  # nobody is told of it

    def _deliver(self, message: _Message) -> None:
        if message.begins and self._maker.happens("message lost", self._trouble.execution_lost):
            self._end(message, done=True)
            return
        self._cloud.delivered.append((message.cluster, message.body))
        executed = len(self._cloud.executed)
        done = self._cloud.deliver(message.cluster, message.body)
        if message.begins:
            self._executed += [
                (message.cluster, given) for given in self._cloud.executed[executed:]
            ]
        if done:
            self._end(message, done=True)
        else:
            self._mail.append(message)

    def _end(self, message: _Message, *, done: bool) -> None:
        handle = {"QueueUrl": message.queue, "ReceiptHandle": message.handle}
        with self._cloud.network.outside():
            if done:
                self._cloud.client("sqs").delete_message(**handle)
            else:
                self._cloud.client("sqs").change_message_visibility(**handle, VisibilityTimeout=0)
