"""Counts what is billed of everything that the functions of three clusters do in one process.

Counted are the real handlers' calls, with the real sizes of items, messages, log lines and replies.
How long a call takes is not: it is made up of what ``bench.cost.assumed`` says of each step.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from app import API
from bench.cost import assumed, items, units
from bench.cost.units import Units
from chalicelib.shared.endpoint import logger
from tests.support.cloud import CLUSTERS, Cloud
from tests.support.gateway import Reply

_CHUNK = 64 * 1024
"""Of a message or an event, as it is billed."""
_HTTP_CHUNK = 512 * 1024
_FREE_OF_S3 = {"DeleteObject", "AbortMultipartUpload"}
_PUTS_OF_S3 = {
    *("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart"),
    *("CompleteMultipartUpload", "ListObjectsV2", "ListObjectVersions", "ListParts"),
}
_PUTS_OF_A_BACKEND = {
    *("put", "list", "begin_parts", "put_part", "complete_parts", "list_parts"),
    "list_begun_parts",
}
_FREE_OF_A_BACKEND = {"delete", "discard_parts"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


@dataclass
class _Frame:
    """A function, or an execution, that is under way.

    Attributes
    ----------
    ms
        How long it takes.
    calls
        Names and times of what it has called, for an execution.
    """

    name: str
    ms: float = 0.0
    uses_backend: bool = False
    calls: list[tuple[str, float]] = field(default_factory=list)


class Meter:
    """Counts, by part of the work.

    Attributes
    ----------
    parts
        The units of each part; what is in no part is in ``call``.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.parts: defaultdict[str, Units] = defaultdict(Units)
        self._cloud = cloud
        self._part = "call"
        self._share = 1.0
        self._byte_scale = 1
        self._undigested = 0
        self._frames: list[_Frame] = []
        self._written: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = []

    @contextmanager
    def counting(
        self, part: str, *, share: float = 1.0, byte_scale: int = 1, undigested: int = 0
    ) -> Iterator[None]:
        """Count what is done meanwhile in a part.

        Parameters
        ----------
        share
            How many calls of a function one call stands for.
        byte_scale
            How many bytes of content one byte stands for.
        undigested
            Bytes of content that a function is going to digest.
        """
        self.settle()
        before = self._part, self._share, self._byte_scale
        self._part, self._share, self._byte_scale = part, share, byte_scale
        self._undigested = undigested
        try:
            yield
        finally:
            self.settle()
            self._part, self._share, self._byte_scale = before

    def begin(self) -> None:
        """Count from now on; deploying a cloud ends it."""
        self._cloud.network.before = self.network_call

    def take(self) -> dict[str, Units]:
        """What was counted since this was called last, by part."""
        self.settle()
        taken = dict(self.parts)
        self.parts = defaultdict(Units)
        return taken

    def add(self, unit: str, number: float = 1) -> None:
        """Count units of the part that is under way."""
        self.parts[self._part][unit] += number  # type: ignore[assignment]  # fractions are counted

    def settle(self) -> None:
        """Look at what the last write to a table has made of its item."""
        for table, key, old in self._written:
            new = self._item(table, key)
            self.add(units.WRITE_UNITS, items.write_units(old, new))
            for index in _indexes(self._cloud, table):
                self.add(units.INDEX_WRITE_UNITS, index_writes(index, old, new))
        self._written = []

    def staged(self, number: int) -> None:
        """PUTs by which a user has sent content to staging."""
        self.add(units.S3_PUTS, number)

    # What the cloud tells of

    def call(self, make: Any, cluster: str, method: str, target: str, **given: Any) -> Reply:
        """A request to an entry point."""
        body = given.get("body", b"")
        with self._outside_of_functions():
            reply: Reply = make(cluster, method, target, **given)
        carried = max(len(body), len(reply.body))
        self.add(units.HTTP_REQUESTS, max(1, ceil(carried / _HTTP_CHUNK)))
        self.add(units.REPLY_BYTES, len(reply.body) + assumed.REPLY_HEADER_BYTES)
        self.add(units.LOG_BYTES, assumed.ACCESS_LOG_BYTES + assumed.EVENT_BYTES)
        return reply

    def invoke(self, do: Any, function_arn: str, event: dict[str, Any]) -> Any:
        """A call of a function."""
        function = function_arn.rpartition("-")[2]
        frame = _Frame(function)
        self._frames.append(frame)
        try:
            return do(function_arn, event)
        finally:
            self._frames.pop()
            self._invoked(frame)
            if self._frames:
                self._frames[-1].ms += frame.ms
                self._frames[-1].calls.append((function, frame.ms))

    def _invoked(self, frame: _Frame) -> None:
        memory = _memory(frame.name)
        processor = assumed.PROCESSOR_MS_OF.get(frame.name, assumed.PROCESSOR_MS)
        processor += assumed.BACKEND_PROCESSOR_MS if frame.uses_backend else 0
        processor += assumed.TOKEN_PROCESSOR_MS if frame.name in API else 0
        power = min(1.0, memory / assumed.FULL_PROCESSOR_MB)
        frame.ms += processor * assumed.SLOWER / power + assumed.RUNTIME_MS
        billed = frame.ms / 1000 + assumed.COLD * assumed.COLD_SECONDS
        self.add(units.LAMBDA_REQUESTS, self._share)
        self.add(units.LAMBDA_GB_SECONDS, self._share * billed * memory / 1024)

    def execute(self, run: Any, cluster: str, execution: dict[str, Any]) -> Any:
        """An execution of the state machine."""
        frame = _Frame("execution")
        self._frames.append(frame)
        try:
            return run(cluster, execution)
        finally:
            self._frames.pop()
            self._executed(frame, large=execution["replica"]["part_size"] > 0)
            if self._frames:
                self._frames[-1].ms += frame.ms

    def _executed(self, frame: _Frame, *, large: bool) -> None:
        writes = [ms for name, ms in frame.calls if name in ("put_replica", "put_parts")]
        others = [ms for name, ms in frame.calls if name not in ("put_replica", "put_parts")]
        # The replicas are written side by side.
        frame.ms = sum(others) + max(writes, default=0.0)
        frame.ms += assumed.STATE_MS * (len(others) + 2)
        if not large:
            memory = assumed.EXPRESS_MB / 1024
            self.add(units.EXPRESS_REQUESTS)
            self.add(units.EXPRESS_GB_SECONDS, ceil(frame.ms / 100) / 10 * memory)
            return
        digests = sum(name == "digest_content" for name, _ in frame.calls)
        # Whether it is digested, the digest; the map; of each target whether it is one piece, the
        # parts, whether they are all and stored, the result; the commit.
        self.add(units.TRANSITIONS, 2 * digests + 1 + 2 * len(writes) + 3 * len(CLUSTERS) + 1)

    def deliver(self, do: Any, cluster: str, message: Any) -> bool:
        """A message that Lambda receives and deletes, one at a time."""
        with self._outside_of_functions():
            self.add(units.SQS_REQUESTS, 2)
            done: bool = do(cluster, message)
        return done

    def sleep(self, do: Any, seconds: float) -> None:
        """A function that waits."""
        self._takes(1000 * seconds)
        do(seconds)

    @contextmanager
    def _outside_of_functions(self) -> Iterator[None]:
        before, self._frames = self._frames, []
        try:
            yield
        finally:
            self._frames = before

    def logged(self, text: str) -> None:
        """A line of a function's log."""
        line = len(text.encode()) + assumed.TRACE_ID_BYTES + assumed.EVENT_BYTES
        self.add(units.LOG_BYTES, self._share * line)

    def network_call(self, name: str) -> None:
        """A call that is about to be made over the network; ``network.asked`` is its body."""
        service, _, operation = name.partition(":")
        body = self._cloud.network.asked
        self.settle()
        match service:
            case "dynamodb":
                self._of_dynamodb(operation, json.loads(body))
            case "s3":
                if operation not in _FREE_OF_S3:
                    is_put = operation in _PUTS_OF_S3
                    self.add(units.S3_PUTS if is_put else units.S3_GETS)
                self._takes(assumed.STAGING_MS.get(operation, assumed.OTHER_STAGING_MS))
                if self._frames and self._frames[-1].name == "digest_content":
                    size, self._undigested = self._undigested * self._byte_scale, 0
                    self._takes(1000 * size / assumed.DIGEST_BYTES_A_SECOND)
            case "sqs":
                chunks = ceil(len(json.loads(body).get("MessageBody", "")) / _CHUNK)
                self.add(units.SQS_REQUESTS, max(1, chunks))
                self._takes(assumed.SQS_MS)
            case "sfn":
                self._takes(assumed.START_EXECUTION_MS)
            case "eventbridge":
                for entry in json.loads(body)["Entries"]:
                    self.add(units.EVENTS, ceil(len(entry["Detail"]) / _CHUNK))
                self._takes(assumed.PUT_EVENTS_MS)
            case "lambda":
                self._takes(assumed.INVOKE_MS)
            case "secrets-manager":
                self.add(units.SECRET_READS)
                self._takes(assumed.SECRET_MS)
            case "ssm":
                self._takes(assumed.SECRET_MS)
            case "backend":
                self._of_a_backend(operation)
            case _:
                raise ValueError(f"no units are known of {name}")

    def stored(self, cluster: str, size: int, identity: str) -> None:
        """Content, and what it says of itself, that goes to a backend."""
        size *= self._byte_scale
        self._takes(1000 * size / assumed.BACKEND_BYTES_A_SECOND[cluster])
        unit = units.BACKEND_BYTES if cluster == "s3" else units.EGRESS_BYTES
        self.add(unit, size + assumed.BACKEND_HEADER_BYTES)
        self.said(cluster, identity)

    def said(self, cluster: str, identity: str) -> None:
        """What a replica says of itself, which goes to a backend."""
        unit = units.BACKEND_BYTES if cluster == "s3" else units.EGRESS_BYTES
        self.parts["headers"][unit] += len(identity)

    def _of_a_backend(self, operation: str) -> None:
        cluster = self._cloud.network.place[0]
        if cluster != "s3":
            self.add(units.OTHER_REQUESTS)
        elif operation in _PUTS_OF_A_BACKEND:
            self.add(units.BACKEND_PUTS)
        elif operation not in _FREE_OF_A_BACKEND:
            self.add(units.BACKEND_GETS)
        if not self._frames:
            return
        function = self._frames[-1]
        function.uses_backend = True
        if function.name not in assumed.PACED:
            takes = assumed.BACKEND_MS[cluster]
            function.ms += takes.get(operation.removesuffix("_part"), takes["get"])

    def _takes(self, ms: float) -> None:
        if self._frames:
            self._frames[-1].ms += ms

    def _of_dynamodb(self, operation: str, asked: dict[str, Any]) -> None:
        strong = asked.get("ConsistentRead", False)
        if operation in _WRITES:
            table = asked["TableName"]
            key = self._key(table, asked.get("Key") or asked["Item"])
            self._written.append((table, key, self._item(table, key)))
            self._takes(assumed.DYNAMODB_WRITE_MS)
            return
        self._takes(assumed.DYNAMODB_READ_MS)
        match operation:
            case "GetItem":
                found = self._item(asked["TableName"], asked["Key"])
                self.add(units.READ_UNITS, items.read_units(found, strong=strong))
            case "BatchGetItem":
                for table, wanted in asked["RequestItems"].items():
                    for key in wanted["Keys"]:
                        number = items.read_units(
                            self._item(table, key), strong=wanted.get("ConsistentRead", False)
                        )
                        self.add(units.READ_UNITS, number)
            case "Query" | "Scan":
                with self._cloud.network.outside():
                    ask = getattr(self._cloud.client("dynamodb"), operation.lower())
                    page = ask(**asked)["Items"]
                self.add(units.READ_UNITS, items.read_units(*page, strong=strong))
            case "BatchWriteItem":
                for wanted in asked["RequestItems"].values():
                    for one in wanted:
                        self.add(
                            units.WRITE_UNITS,
                            items.write_units(one.get("PutRequest", {}).get("Item")),
                        )
            case _:
                raise ValueError(f"no units are known of {operation}")

    def _key(self, table: str, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in _schema(self._cloud, table)}

    def _item(self, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        with self._cloud.network.outside():
            read = self._cloud.client("dynamodb").get_item
            found: dict[str, Any] | None = read(
                TableName=table, Key=dict(key), ConsistentRead=True
            ).get("Item")
        return found


@contextmanager
def metered(cloud: Cloud) -> Iterator[Meter]:
    """Count what a cloud does meanwhile."""
    meter = Meter(cloud)
    lines, kept = logging.getLogger(logger.service), _Lines(meter)
    kept.setFormatter(logger.registered_formatter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MCOS_EVENT_BUS", "bus")
        patch.setenv("MCOS_UNPUBLISHED_QUEUE_URL", "nothing is set aside")
        patch.setitem(cloud.network.answers, "eventbridge:PutEvents", _take_events)
        patch.setattr(cloud.clock, "sleep", partial(meter.sleep, cloud.clock.sleep))
        patch.setattr(cloud, "call", partial(meter.call, cloud.call))
        patch.setattr(cloud, "invoke", partial(meter.invoke, cloud.invoke))
        patch.setattr(cloud, "execute", partial(meter.execute, cloud.execute))
        patch.setattr(cloud, "deliver", partial(meter.deliver, cloud.deliver))
        for name, backend in cloud.backends.items():
            patch.setattr(backend, "put", _noted(meter, name, backend.put))
            patch.setattr(backend, "put_part", _noted(meter, name, backend.put_part))
            patch.setattr(backend, "begin_parts", _said(meter, name, backend.begin_parts))
        patch.setattr(lines, "handlers", [kept])
        before = lines.level
        lines.setLevel(logging.INFO)
        try:
            yield meter
        finally:
            lines.setLevel(before)
            cloud.network.before = None


def _take_events(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
    entries = [{"EventId": "taken"} for _ in json.loads(request.body)["Entries"]]
    told = {"FailedEntryCount": 0, "Entries": entries}
    return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(told).encode()


def _noted(meter: Meter, cluster: str, do: Any) -> Any:
    def noted(*given: Any, **named: Any) -> Any:
        meter.stored(cluster, named["size"], named.get("identity", ""))
        return do(*given, **named)

    return noted


def _said(meter: Meter, cluster: str, do: Any) -> Any:
    def said(*given: Any, **named: Any) -> Any:
        meter.said(cluster, named.get("identity", ""))
        return do(*given, **named)

    return said


class _Lines(logging.Handler):
    """Hands the lines of a log to a meter."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def emit(self, record: logging.LogRecord) -> None:
        self._meter.logged(self.format(record))


_CHALICE = Path(__file__).parents[2] / "chalice.json"


@cache
def _memory(function: str) -> int:
    """MB, as Chalice declares them."""
    declared = json.loads(_CHALICE.read_text())
    own = declared["lambda_functions"].get(function, {})
    return int(own.get("lambda_memory_size", declared["lambda_memory_size"]))


def _described(cloud: Cloud, table: str) -> Any:
    with cloud.network.outside():
        return cloud.client("dynamodb").describe_table(TableName=table)["Table"]


_schemas: dict[str, list[str]] = {}
_of_indexes: dict[str, list[list[str]]] = {}


def _schema(cloud: Cloud, table: str) -> list[str]:
    """Names of a table's keys."""
    if table not in _schemas:
        found = _described(cloud, table)["KeySchema"]
        _schemas[table] = [one["AttributeName"] for one in found]
    return _schemas[table]


def _indexes(cloud: Cloud, table: str) -> Sequence[list[str]]:
    """Names of what each index of a table holds, its own keys first; all hold keys only."""
    if table not in _of_indexes:
        found = _described(cloud, table).get("GlobalSecondaryIndexes", [])
        assert all(one["Projection"]["ProjectionType"] == "KEYS_ONLY" for one in found)
        _of_indexes[table] = [
            [*(key["AttributeName"] for key in one["KeySchema"]), *_schema(cloud, table)]
            for one in found
        ]
    return _of_indexes[table]


def index_writes(
    names: Sequence[str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> int:
    """Units that a write to a table costs at one of its indexes: one of its keys that changes is a
    removal and a write."""
    before, after = (_entry(names, item) for item in (old, new))
    if before == after:
        return 0
    return sum(items.write_units(one) for one in (before, after) if one is not None)


def _entry(names: Sequence[str], item: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if item is None or any(name not in item for name in names):
        return None
    return {name: item[name] for name in names}
