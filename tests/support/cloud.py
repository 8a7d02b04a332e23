"""Three linked clusters in one process: real handlers, moto for AWS, storage services in memory."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from importlib import import_module
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote_plus, unquote, urlsplit

import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from botocore.session import get_session
from moto import mock_aws
from moto.sqs.models import Queue, sqs_backends
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from app import MODULES
from chalicelib.shared import metrics
from clouds.servers.http_api import Answered
from mcos import aws, clock, limits
from mcos.auth import passwords, tokens
from mcos.catalog import accounts, containers, objects, registry
from mcos.catalog.journaled import TABLES
from mcos.catalog.tables import ALL_TABLES, RegistryText, UploadItem
from mcos.journal import deliver
from mcos.model.clusters import DEFAULT_POLICY, ClusterState, StoragePolicy
from mcos.model.objects import ObjectKey
from mcos.model.token_keys import signing_text, verifying_text
from mcos.placement import resolver
from mcos.replicas import backend as backend_room
from mcos.replicas import removals, repair_queue
from mcos.replicas.read import ReplicaUnreadable, latencies
from mcos.settings import settings
from mcos.storage import StorageBackend, Timeouts
from mcos.workers import replicate_version
from tests.support import gateway, rules
from tests.support.alarms import Point, points_of
from tests.support.contract import Contract, Exchange
from tests.support.environment import (
    ACCOUNT_ID,
    ALL_CLUSTERS,
    CLUSTERS,
    PREFIX,
    QUEUES,
    REGION,
    REGIONS,
    cluster_environment,
    inbound_url,
    region_of,
)
from tests.support.gateway import Reply, sqs_event
from tests.support.inventory import Inventory
from tests.support.network import CALL_SECONDS, Died, Network
from tests.support.snapshot import Snapshot, forget_everything
from tests.support.state_machine import ExecutionFailed, Throttled, execute
from tests.support.token_keys import KEYS

ASYNC = {"prefer": "respond-async"}
SYNC = {"prefer": "wait=25"}

STREAMED: dict[str, type[Model]] = {**TABLES, "uploads": UploadItem}
"""The tables that have a stream: those that the journal keeps, and what else is counted."""

_CONTRACT = Contract()
PASSWORD_WORK = limits.PASSWORD_WORK
"""What it is outside of these tests."""

_ROUNDS = 12
_ALL = 100_000
LARGE_SECONDS = 864_000  # the timeout that Terraform gives the state machine for large content
_HOURS = 12 * 3600  # as long as SQS can hide a message: the test decides when it comes again


class Unsettled(AssertionError):
    """Something is left to do, however often it is looked after."""


class Cloud(Inventory):
    """The clusters, and a user's and an operator's ways into them.

    Attributes
    ----------
    clock
        Time, which passes only when somebody sleeps, or makes a network call, or lets it.
    executions
        Executions that write parts, were started and have not run yet: cluster and input.
    removals_per_hour
        How many copies a cluster may remove without being asked to; for functions that start.
    executed
        Inputs of the executions that were run, synchronous ones too.
    throttles
        Says by a function's ARN whether Lambda turns the next call of it away, by code or by a
        state machine.
    points
        What the functions wrote as metrics.
    delivered
        Every message that was handed to ``replicate_version`` or ``repair_replica``: cluster and
        body.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.clock = network.clock
        self.executions: list[tuple[str, dict[str, Any]]] = []
        self.executed: list[dict[str, Any]] = []
        self.delivered: list[tuple[str, Any]] = []
        self.throttles: Callable[[str], bool] = _never
        self.points: list[Point] = []
        self._cluster: str | None = None
        self._grace_seconds = 0
        self.removals_per_hour = 100_000
        self._sequence = 0
        self._journaled: Counter[str] = Counter()
        self._accounts = 0
        self._deployed: Callable[[], None] | None = None
        self._session = get_session()
        self._clients: dict[str, Any] = {}
        network.answers = {
            "sfn:StartExecution": self._start_execution,
            "sfn:StartSyncExecution": self._start_sync_execution,
            "sfn:ListExecutions": self._list_executions,
            "lambda:Invoke": self._invoke_over_the_wire,
        }

    # The clusters

    def deploy(self) -> None:
        """Begin anew: make the tables, buckets, queues, secrets and the registry."""
        self.network.before = None
        self.network.choose = None
        self.throttles = self.network.throttles = _never
        self.network.open_connections()
        self.network.call_seconds = CALL_SECONDS
        self.grant(0)
        self.removals_per_hour = 100_000
        self.clock.forget()
        for backend in self.backends.values():
            backend.accept()
        if self._deployed is None:
            forget_everything()
            self.executions.clear()
            self._accounts = 0
            for backend in self.backends.values():
                backend.replicas, backend.parts = {}, {}
            self._make_queues()
            self._make()
            self._deployed = self.keep()
        self._deployed()
        self._journaled = Counter()
        self.executed.clear()
        self.delivered.clear()
        self.points.clear()
        self.chill()

    def keep(self) -> Callable[[], None]:
        """Remember what there is now, while no message waits; the way back there.

        What functions have in mind stays, and so do the clock and what was recorded.
        """
        assert not any(self.queued().values()), "messages wait"
        waiting = {
            name: [message.body for message in self.replicate_queue(name).messages]
            for name in ALL_CLUSTERS
        }
        aws = Snapshot({"dynamodb": REGION, "s3": "aws", "secretsmanager": REGION})
        parameters = self._parameters()
        executions, accounts = list(self.executions), self._accounts
        replicas = {name: dict(one.replicas) for name, one in self.backends.items()}
        parts = {name: deepcopy(one.parts) for name, one in self.backends.items()}

        def put_back() -> None:
            aws.put_back()
            self._make_queues()
            with self.network.outside():
                for name, text in parameters.items():
                    self._put_parameter(name, text)
            for name, texts in waiting.items():
                with self.network.outside():
                    for text in texts:
                        self.send(cluster_environment(name)["MCOS_REPLICATE_QUEUE_URL"], text)
            self.executions[:] = executions
            self._accounts = accounts
            for name, backend in self.backends.items():
                backend.replicas, backend.parts = dict(replicas[name]), deepcopy(parts[name])

        return put_back

    def _parameters(self) -> dict[str, str]:
        """The encrypted parameters, by name. Moto's own of them cannot be copied."""
        with self.network.outside():
            systems = self.client("ssm")
            found = systems.get_parameters_by_path(Path="/", Recursive=True, WithDecryption=True)
        return {one["Name"]: one["Value"] for one in found["Parameters"]}

    def _put_parameter(self, name: str, text: str) -> None:
        self.client("ssm").put_parameter(Name=name, Value=text, Type="SecureString")

    def _make_queues(self) -> None:
        """Make them new and empty."""
        for name in ALL_CLUSTERS:
            for queue in (*QUEUES, *(f"{one}-dlq" for one in QUEUES)):
                sqs_backends[ACCOUNT_ID][region_of(name)].create_queue(f"{PREFIX}-{name}-{queue}")

    def _make(self) -> None:
        """Make what there is of AWS but for the queues."""
        with self.network.outside():
            for model in ALL_TABLES:
                model.create_table(billing_mode="PAY_PER_REQUEST")
            for model in STREAMED.values():
                self.client("dynamodb").update_table(
                    TableName=model.Meta.table_name,
                    StreamSpecification={
                        "StreamEnabled": True,
                        "StreamViewType": "NEW_AND_OLD_IMAGES",
                    },
                )
            secrets = self.client("secretsmanager")
            secrets.create_secret(Name=f"{PREFIX}/token-key", SecretString=verifying_text(KEYS))
            signing = cluster_environment(CLUSTERS[0])["MCOS_SIGNING_KEYS_PARAMETER"]
            self._put_parameter(signing, signing_text(KEYS))
            for name in ALL_CLUSTERS:
                own = cluster_environment(name)
                bucket = own["MCOS_STAGING_BUCKET"]
                self._make_bucket(bucket, region_of(name))
                self.client("s3").put_bucket_versioning(
                    Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
                )
                secrets.create_secret(
                    Name=own["MCOS_BACKEND_SECRET"], SecretString=json.dumps({"service": name})
                )
            for name in CLUSTERS:
                self.register(name)

    def _make_bucket(self, bucket: str, region: str) -> None:
        there = {} if region == REGION else {"LocationConstraint": region}
        s3 = self._session.create_client("s3", region_name=region)
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": there} if there else {}))

    @contextmanager
    def spread(self, regions: Mapping[str, str]) -> Iterator[None]:
        """Have the clusters in regions of their own, just deployed; the catalog is in all."""
        REGIONS.update(regions)
        self._deployed, self._cluster = None, None
        os.environ.update(cluster_environment(CLUSTERS[0]))
        try:
            self.deploy()
            yield
        finally:
            REGIONS.clear()
            self._deployed, self._cluster = None, None
            os.environ.update(cluster_environment(CLUSTERS[0]))

    def register(
        self,
        name: str,
        *,
        state: ClusterState | None = None,
        weight: float = 1,
        provider: str | None = None,
        location: str = "here",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Write a cluster's row of the registry, and an operator's word of its state."""
        own = cluster_environment(name)
        row = {
            "entry_point": f"https://{name}.test",
            "region": region_of(name),
            "account_id": ACCOUNT_ID,
            "backend": name,
            "provider": provider or name,
            "location": location,
            "labels": dict(labels or {}),
            "weight": weight,
            "put_replica": arn(name, "put_replica"),
            "put_parts": arn(name, "put_parts"),
            "get_replica": arn(name, "get_replica"),
            "repair_queue_url": own["MCOS_REPAIR_QUEUE_URL"],
            "staging_bucket": own["MCOS_STAGING_BUCKET"],
        }
        # As Terraform writes it: other white space, another order, no revision.
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
        with self.network.outside():
            RegistryText(registry.CLUSTER, name, document=text).save()
            registry.forget()
            word = {} if state is None else {"state": state.value}
            registry.write(registry.OPERATOR, name, word)

    def unregister(self, name: str) -> None:
        """Take a cluster's row out of the registry."""
        with self.network.outside():
            registry.remove(registry.CLUSTER, name)

    def write_policy(self, policy: StoragePolicy) -> None:
        """Add a storage policy."""
        with self.network.outside():
            registry.write_policy(policy)

    def targets(self, key: ObjectKey, policy: StoragePolicy = DEFAULT_POLICY) -> list[str]:
        """Where an object would be placed now."""
        with self.network.outside():
            clusters = registry.current_registry(fresh=True).clusters.values()
        return [target.name for target in resolver.place(clusters, policy, key).targets]

    def grant(self, seconds: int) -> None:
        """Keep what users delete for so long from now on."""
        self._grace_seconds = seconds
        os.environ["MCOS_REMOVAL_GRACE_SECONDS"] = str(seconds)

    def chill(self) -> None:
        """Let every function start cold: nothing of AWS is remembered."""
        aws.forget_secrets()
        backend_room.forget()
        settings.cache_clear()
        registry.forget()
        containers.forget()
        objects.forget()
        latencies.forget()
        replicate_version.forget()
        removals.forget()

    def freeze(self, *, hours: int) -> None:
        """Let functions be frozen, and go on where they were: nothing that they have in mind is
        forgotten, and the connections that they keep are closed."""
        self.clock.advance(hours * 3600)
        self.network.close_kept_connections()

    def leave(self) -> None:
        """Be no function of any cluster, and remember nothing of AWS."""
        self._cluster = None
        self.chill()

    @contextmanager
    def at(self, cluster: str, function: str = "test") -> Iterator[None]:
        """Be a function of a cluster."""
        before, place = self._cluster, self.network.place
        self._enter(cluster)
        self.network.place = (cluster, function)
        try:
            with self.network.entered(cluster, function):
                yield
        finally:
            self.network.place = place
            if before is not None:
                self._enter(before)

    def return_to(self, place: tuple[str, str]) -> None:
        """Be again in a place (``network.place``) that another thread has left meanwhile."""
        if place[0]:
            self._enter(place[0])
        self.network.place = place

    def _enter(self, cluster: str) -> None:
        if cluster == self._cluster:
            return
        self._cluster = cluster
        os.environ.update(
            cluster_environment(cluster),
            MCOS_ROUTES=gateway.routes_variable(),
            MCOS_RUN_JOBS=arn(cluster, "run_jobs"),
            MCOS_REMOVAL_GRACE_SECONDS=str(self._grace_seconds),
            MCOS_REMOVALS_PER_HOUR=str(self.removals_per_hour),
        )
        settings.cache_clear()
        backend_room.forget()

    def open_backend(
        self, kind: str, values: Mapping[str, str], timeouts: Timeouts | None = None
    ) -> StorageBackend:
        """In place of ``mcos.storage.open_backend``."""
        assert kind == values["service"], "a cluster has only its own backend's secret"
        return self.backends[kind]

    def open_url(self, cluster: str, url: str, first: int, last: int) -> BinaryIO:
        """In place of ``mcos.replicas.sign.open_url``: what a signed URL gives of a replica."""
        assert url.startswith(f"https://{cluster}.test/"), url
        key = unquote(urlsplit(url).path).removeprefix("/")

        def read() -> BinaryIO:
            backend = self.backends[cluster]
            if "get" in backend.refusing or key not in backend.replicas:
                raise ReplicaUnreadable(f"{cluster}: a signed URL was not answered")
            return BytesIO(backend.replicas[key][0][first : last + 1])

        return self.network.through(
            "backend:url", read, error=lambda: ReplicaUnreadable(f"{cluster}: no answer")
        )

    def client(self, service: str) -> Any:
        """A client of the test's own."""
        if service not in self._clients:
            self._clients[service] = self._session.create_client(service)
        return self._clients[service]

    # A user's way in

    def add_account(self, user_name: str, password: str) -> None:
        """Add an account that can log in."""
        with self.network.outside():
            assert accounts.create(user_name, passwords.hash_password(password))

    def new_account(self) -> str:
        """The name of an account nobody has used; it needs no row to hold objects.

        The same ones after each ``deploy``: where objects are placed depends on it.
        """
        self._accounts += 1
        return f"user-{self._accounts}"

    def token(self, account: str) -> str:
        """A token as ``login`` would give it, without the work of a password."""
        with self.at(CLUSTERS[0]), self.network.outside():
            return tokens.issue(account).token

    def call(
        self,
        cluster: str,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        token: str | None = None,
        address: str = gateway.ADDRESS,
    ) -> Reply:
        """Send a request to a cluster's entry point; its reply is checked against the contract.

        Parameters
        ----------
        target
            Path and query as they go over the wire.
        """
        given = dict(headers or {})
        if token is not None:
            given["authorization"] = f"Bearer {token}"
        try:
            function, event = gateway.event(
                method, target, headers=given, body=body, address=address
            )
            answer = self.invoke(arn(cluster, function), event)
            reply = gateway.reply(answer, head=method == "HEAD")
        except (Died, ConnectionClosedError, PynamoDBException):
            return Reply(500, httpx.Headers(), b"", died=True)
        except Answered as own:
            return gateway.own_reply(own)
        self.network.against_the_rules += [
            f"{function}: signed for {host}" for host in rules.other_hosts(reply)
        ]
        exchange = Exchange(method, target, reply.status, reply.headers, reply.body)
        _CONTRACT.check(exchange)
        return reply

    # What the clusters do among themselves

    def invoke(self, function_arn: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function; what it raises comes through."""
        cluster, function = _function_of(function_arn)
        handler = import_module(MODULES[function]).handle
        with self.at(cluster, function):
            answer = handler(json.loads(json.dumps(event)), None)
        crossed: dict[str, Any] = json.loads(json.dumps(answer))
        return crossed

    def _invoke_unless_throttled(self, function_arn: str, event: dict[str, Any]) -> dict[str, Any]:
        if self.throttles(function_arn):
            raise Throttled(function_arn)
        return self.invoke(function_arn, event)

    def _invoke_over_the_wire(
        self, request: AWSPreparedRequest
    ) -> tuple[int, dict[str, str], bytes]:
        _, _, path = unquote(request.url).rpartition("/functions/")
        try:
            answer = self._invoke_unless_throttled(
                path.removesuffix("/invocations"), json.loads(request.body or b"{}")
            )
        except Throttled:
            told = {"Reason": "ConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."}
            headers = {"x-amzn-errortype": "TooManyRequestsException"}
            return 429, headers, json.dumps(told).encode()
        except (Died, Exception) as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            headers = {"x-amz-function-error": "Unhandled"}
            return 200, headers, json.dumps(told).encode()
        return 200, {}, json.dumps(answer).encode()

    def _start_execution(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        started = json.loads(request.body)
        self.executions.append((_cluster_of(started), json.loads(started["input"])))
        return _sfn_reply({"executionArn": started["name"], "startDate": 0})

    def _list_executions(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """Those that were started and have not run: here none runs while anybody looks."""
        machine = json.loads(request.body)["stateMachineArn"]
        running = [
            {
                "executionArn": "arn:execution",
                "stateMachineArn": machine,
                "name": f"{execution['version_id']}-1",
                "status": "RUNNING",
                "startDate": 0,
            }
            for _, execution in self.executions
            if execution["replica"]["part_size"]
        ]
        return _sfn_reply({"executions": running})

    def _start_sync_execution(
        self, request: AWSPreparedRequest
    ) -> tuple[int, dict[str, str], bytes]:
        started = json.loads(request.body)
        told: dict[str, Any] = {"executionArn": started["name"], "startDate": 0, "stopDate": 1}
        try:
            output = self.execute(_cluster_of(started), json.loads(started["input"]))
        except ExecutionFailed as error:
            return _sfn_reply({**told, "status": "FAILED", "error": str(error)})
        return _sfn_reply({**told, "status": "SUCCEEDED", "output": json.dumps(output)})

    def execute(self, cluster: str, execution: dict[str, Any]) -> dict[str, Any]:
        """Run an execution of a cluster's state machine."""
        self.executed.append(execution)
        large = execution["replica"]["part_size"] > 0
        with self.at(cluster, "replicate_object"):
            return execute(
                execution,
                seconds=LARGE_SECONDS if large else limits.EXECUTION_SECONDS,
                invoke=self._invoke_unless_throttled,
                send=self.send,
                commit_version=arn(cluster, "commit_version"),
                digest_content=arn(cluster, "digest_content"),
            )

    def send(self, queue_url: str, text: str) -> None:
        """Send a message as the state machine does."""
        sqs = aws.client("sqs", region=aws.region_of(queue_url))
        sqs.send_message(QueueUrl=queue_url, MessageBody=text)

    # What other systems bring

    def put_into_staging(
        self, cluster: str, key: str, content: bytes, **more: Any
    ) -> dict[str, Any]:
        """Put something into a cluster's staging by S3 itself; the event that S3 tells of it."""
        bucket = cluster_environment(cluster)["MCOS_STAGING_BUCKET"]
        with self.network.outside():
            reply = self.client("s3").put_object(Bucket=bucket, Key=key, Body=content, **more)
        return self.arrival(cluster, key, reply["VersionId"])

    def arrival(self, cluster: str, key: str, version: str) -> dict[str, Any]:
        """What S3 tells of an object that was put into a cluster's staging."""
        self._sequence += 1
        told = {"key": quote_plus(key), "versionId": version, "sequencer": f"{self._sequence:016X}"}
        bucket = {"name": cluster_environment(cluster)["MCOS_STAGING_BUCKET"]}
        s3 = {"bucket": bucket, "object": told}
        return {"Records": [{"eventName": "ObjectCreated:Put", "s3": s3}]}

    def ingest(self, cluster: str, *messages: Any) -> list[str]:
        """Hand messages to ``ingest_upload`` as one batch; the ids of those that come again."""
        event = gateway.sqs_events([json.dumps(one) for one in messages])
        answer = self.invoke(arn(cluster, "ingest_upload"), event)
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def sqs_event_of(self, message: Any) -> dict[str, Any]:
        """An event of a queue with that one message."""
        return sqs_event(json.dumps(message))

    def refused(self, cluster: str) -> list[tuple[str, Any]]:
        """Code of the reason and body of what is in a cluster's dead-letter queue."""
        with self.network.outside():
            found = self.client("sqs").receive_message(
                QueueUrl=inbound_url(cluster, "-dlq"),
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                VisibilityTimeout=0,
            )
        return [
            (one["MessageAttributes"]["code"]["StringValue"], json.loads(one["Body"]))
            for one in found.get("Messages", [])
        ]

    # Time

    def settle(self, *, sweep: bool = True) -> None:
        """Let the clusters work until nothing is left to do.

        Parameters
        ----------
        sweep
            Whether what still waits when executions and queues are empty is swept.

        Raises
        ------
        Unsettled
        """
        for _ in range(_ROUNDS):
            self.run_executions()
            self.pump()
            if self.executions or any((*self.waiting().values(), *self.queued().values())):
                continue
            if not self.unsettled():
                return
            if sweep:
                self.sweep(*self.sweepers())  # the others find nothing
        raise Unsettled(
            f"unsettled: {self.unsettled()}, waiting: {self.waiting()}, queued: {self.queued()}"
        )

    def run_executions(self) -> None:
        """Hand every replicate queue's messages to ``replicate_version`` once, and run the
        executions that it starts."""
        for cluster in ALL_CLUSTERS:
            self._hand_over(cluster, self.replicate_queue(cluster))
        while self.executions:
            cluster, execution = self.executions.pop(0)
            try:
                self.execute(cluster, execution)
            except ExecutionFailed:
                continue  # nobody is told of it

    def pump(self) -> None:
        """Hand every repair queue's messages to ``repair_replica`` once."""
        for cluster in ALL_CLUSTERS:
            self._hand_over(cluster, self.repair_queue(cluster))

    def _hand_over(self, cluster: str, queue: Queue) -> None:
        for message in queue.messages:
            message.mark_received(_HOURS)
            body = json.loads(message.body)
            self.delivered.append((cluster, body))
            if self.deliver(cluster, body):
                queue.delete_message(message.receipt_handle or "")
            else:
                message.change_visibility(0)

    def deliver_again(self) -> None:
        """Hand over every message once more that was ever handed over."""
        for cluster, body in list(self.delivered):
            self.deliver(cluster, body)

    def lose_messages(self) -> None:
        """Empty the repair queues; nobody is told."""
        for cluster in ALL_CLUSTERS:
            queues = sqs_backends[ACCOUNT_ID][region_of(cluster)]
            queues.purge_queue(self.repair_queue(cluster).name)

    def deliver(self, cluster: str, message: Any) -> bool:
        """Hand a message to the function that reads its queue, as ``repair`` and ``replicate``."""
        return (self.repair if "action" in message else self.replicate)(cluster, message)

    def repair(self, cluster: str, message: Any) -> bool:
        """Hand a message to ``repair_replica``; returns whether it leaves the queue."""
        return self._fed(cluster, "repair_replica", message)

    def replicate(self, cluster: str, message: Any) -> bool:
        """Hand a message to ``replicate_version``; returns whether it leaves the queue."""
        return self._fed(cluster, "replicate_version", message)

    def _fed(self, cluster: str, function: str, message: Any) -> bool:
        try:
            answer = self.invoke(arn(cluster, function), sqs_event(json.dumps(message)))
        except Died:
            return False
        return not answer["batchItemFailures"]

    def input_of_the_message(self) -> dict[str, Any]:
        """The input of the execution for the one message that waits in a replicate queue; it
        leaves the queue, and is nobody's then."""
        ((cluster, message),) = [
            (name, message)
            for name in ALL_CLUSTERS
            for message in self.replicate_queue(name).messages
        ]
        with self.starting_dies() as meant:
            assert not self.replicate(cluster, json.loads(message.body))
        self.cut_executions()
        return meant[0]

    @contextmanager
    def starting_dies(self) -> Iterator[list[dict[str, Any]]]:
        """Let functions die when they start an execution; yields the inputs that were meant."""
        meant: list[dict[str, Any]] = []

        def die(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
            meant.append(json.loads(json.loads(request.body)["input"]))
            raise Died("sfn")

        starts = ("sfn:StartExecution", "sfn:StartSyncExecution")
        before = {name: self.network.answers[name] for name in starts}
        self.network.answers.update(dict.fromkeys(starts, die))
        try:
            yield meant
        finally:
            self.network.answers.update(before)

    def cut_executions(self) -> None:
        """Lose what was taken asynchronously: the messages and the executions that have not run."""
        self.executions.clear()
        for cluster in ALL_CLUSTERS:
            while self.waiting()[cluster]:
                self.drop_message(cluster)

    def drop_message(self, cluster: str) -> dict[str, Any]:
        """Lose the message that was sent last to a cluster's replicate queue; its body."""
        queue = self.replicate_queue(cluster)
        message = queue.messages[-1]
        message.mark_received(_HOURS)
        queue.delete_message(message.receipt_handle or "")
        body: dict[str, Any] = json.loads(message.body)
        return body

    def work_at_jobs(self, cluster: str, *, seconds: float = 1) -> Any:
        """Let a minute pass and a cluster's schedule come: one call of ``run_jobs``.

        Parameters
        ----------
        seconds
            How long it may work. It pauses for longer between two passes: so there is one.
        """
        self.clock.advance(60)
        return self.invoke(arn(cluster, "run_jobs"), {"seconds": seconds})

    def try_to_invoke(self, function_arn: str, event: dict[str, Any]) -> None:
        """Invoke a function as a schedule does, which minds no failure."""
        with suppress(Died, Exception):
            self.invoke(function_arn, event)

    def journal(self, *tables: str) -> None:
        """Let the journal's writer have what its streams have not given it yet, at one cluster."""
        for table in tables or STREAMED:
            with self.network.outside():
                records = self.stream_records(table)
            fresh = records[self._journaled[table] :]
            if fresh:
                self.invoke(arn(CLUSTERS[0], "write_journal"), {"Records": fresh})
            self._journaled[table] = len(records)

    def forget_the_journal(self) -> None:
        """Let the journal's writer have all that the streams have, again."""
        self._journaled.clear()

    def stream_records(self, table: str) -> list[dict[str, Any]]:
        """All writes to a table, as its stream tells them; moto's own time is not ours."""
        name = STREAMED[table].Meta.table_name
        described = self.client("dynamodb").describe_table(TableName=name)["Table"]
        streams = self.client("dynamodbstreams")
        stream = described["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]
        iterator = streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        at = self.clock.moment().timestamp()
        return [
            {
                "eventSourceARN": stream,
                "dynamodb": {
                    **{
                        name: image
                        for name, image in record["dynamodb"].items()
                        if name in ("OldImage", "NewImage")
                    },
                    "ApproximateCreationDateTime": int(at),
                    "SequenceNumber": record["dynamodb"]["SequenceNumber"],
                },
            }
            for record in streams.get_records(ShardIterator=iterator, Limit=_ALL)["Records"]
        ]

    def watch(self, *clusters: str) -> list[tuple[str, str | None]]:
        """Let the clusters be watched, the linked ones if none are named; concern and cluster of
        all that was found."""
        found: set[tuple[str, str | None]] = set()
        for cluster in clusters or CLUSTERS:
            for one in self.invoke(arn(cluster, "watch_cluster"), {})["findings"]:
                found.add((one["concern"], one["cluster"]))
        return sorted(found, key=str)

    def embedded(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """In place of ``chalicelib.shared.metrics.embedded``: keeps what it makes."""
        fields = _embedded(*arguments, **named)
        self.points += points_of(fields)
        return fields

    def sweep(self, *clusters: str) -> None:
        """Let the clusters' sweepers look, all of them if none are named, as if all had waited long
        enough."""
        for cluster in clusters or ALL_CLUSTERS:
            self.try_to_invoke(arn(cluster, "sweep_pending"), {"older_than_seconds": -_HOURS})

    def sweep_what_is_there(self, *clusters: str) -> None:
        """As ``sweep``, unless there is nothing that any sweeper looks through."""
        if self.has_work_for_sweepers():
            self.sweep(*clusters)


@contextmanager
def running_cloud() -> Iterator[Cloud]:
    """A cloud that is not deployed yet, on a moto of its own."""
    with mock_aws():
        cloud = Cloud(Network())
        with in_charge(cloud):
            yield cloud


@contextmanager
def in_charge(cloud: Cloud) -> Iterator[None]:
    """Let the functions of this process be those of a cloud; afterwards all is as it was."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch, clock.replaced_by(cloud.network.clock):
        cloud.network.install(patch)
        patch.setattr("mcos.replicas.backend.open_backend", cloud.open_backend)
        patch.setattr("mcos.replicas.sign.open_url", cloud.open_url)
        os.environ.update(cluster_environment(CLUSTERS[0]))
        # A message that is late on purpose would be waited for.
        patch.setattr(repair_queue, "LATE_SECONDS", 0)
        patch.setattr(repair_queue, "LATE_SECONDS_IN_PARTS", 0)
        # The functions of this process are those of one cluster at a time.
        patch.setattr(deliver, "_SIDE_BY_SIDE", 1)
        # How much work a password is, is not the subject.
        patch.setattr(limits, "PASSWORD_WORK", 2)
        patch.setattr(metrics, "embedded", cloud.embedded)
        try:
            yield
        finally:
            cloud.leave()
            os.environ.clear()
            os.environ.update(before)
        broken = list(cloud.network.against_the_rules)
        cloud.network.against_the_rules.clear()
        assert not broken, broken


def _never(function_arn: str) -> bool:
    return False


_embedded = metrics.embedded


def arn(cluster: str, function: str) -> str:
    """ARN of a cluster's function."""
    region = region_of(cluster)
    return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{PREFIX}-{cluster}-{function}"


def _function_of(arn: str) -> tuple[str, str]:
    name = arn.rpartition(":")[2].removeprefix(f"{PREFIX}-")
    cluster, _, function = name.rpartition("-")  # no function has a hyphen in its name
    return cluster, function


def _cluster_of(started: Mapping[str, Any]) -> str:
    machine: str = started["stateMachineArn"].rpartition(":")[2]
    name = machine.removeprefix(f"{PREFIX}-")
    return name.removesuffix("-replicate-object").removesuffix("-replicate-large")


def _sfn_reply(value: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/x-amz-json-1.0"}, json.dumps(value).encode()
