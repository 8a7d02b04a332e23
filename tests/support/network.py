"""Every network call that the code under test makes, in order, and what may go wrong with one.

Calls of AWS pass here on their way from botocore to moto, calls of a storage service on their way
from the fake backend to its memory.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from threading import RLock, local
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError
from moto import backend_index
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.sqs import models as sqs

from app import MODULES
from tests.support import registry_writers, rules
from tests.support.environment import ALL_CLUSTERS, cluster_environment, region_of
from tests.support.stopped_clock import StoppedClock

Result = TypeVar("Result")

CALL_SECONDS = 0.001

# Networks replace each other: of two that are installed, the later one has all calls.
_TO_MOTO = BotocoreStubber.__call__

_SERVICES = ("dynamodb", "sqs", "s3", "secretsmanager", "ssm")

Answer = Callable[[AWSPreparedRequest], tuple[int, dict[str, str], bytes] | None]
"""Answers a request in place of moto: status, headers, body; None: moto is to answer it."""


Refusal = Callable[[AWSPreparedRequest], tuple[int, dict[str, str], bytes] | None]
"""As an answer; None: moto has the request."""


class Died(BaseException):
    """The function that made the call is no more. No ``except Exception`` can hold it up."""


class Misdirected(BaseException):
    """A request was sent to another region than that of what it names, where that is not."""


class Manner(StrEnum):
    """How a network call goes wrong."""

    DIES = "the function dies before it"
    FAILS = "it fails and was not done, the driver's second try too"
    LOST = "it was done and the first reply is lost"
    UNKNOWN = "it was done and no reply comes, to the second try neither"


@dataclass(frozen=True)
class NetworkCall:
    """A call that was made: by which function of which cluster, and of what."""

    cluster: str
    function: str
    name: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.function} -> {self.name}"


@dataclass
class Network:
    """The way to everything that is not in the function itself.

    Attributes
    ----------
    calls
        Those made since ``record`` began, a driver's second tries among them.
    place
        The cluster and the function that is running.
    answers
        What answers in place of moto, by call.
    refusals
        What may answer the calls of a service that the code under test makes, by service.
    before
        Called with a call's name before it is made, in the thread that makes it.
    asked
        The body of the call of AWS that this thread makes.
    choose
        Says how a call goes wrong, given the call and whether it is a driver's second try; in
        place of the one fault that ``record`` is given.
    throttles
        Says by a call's name whether its service turns it away, as there are too many.
    clock
        Time for all that has this network.
    call_seconds
        How much time a call takes.
    against_the_rules
        Calls that AWS would refuse, and refused here: too large, or not the role's to make.
    """

    calls: list[NetworkCall] = field(default_factory=list)
    place: tuple[str, str] = ("", "test")
    answers: dict[str, Answer] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    before: Callable[[str], None] | None = None
    choose: Callable[[NetworkCall, bool], Manner | None] | None = None
    throttles: Callable[[str], bool] = lambda name: False
    clock: StoppedClock = field(default_factory=StoppedClock)
    call_seconds: float = CALL_SECONDS
    against_the_rules: list[str] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)
    _closed: set[str] = field(default_factory=set)
    _thread: local = field(default_factory=local)
    _lock: Any = field(default_factory=RLock)
    _fault: tuple[int, Manner] | None = None
    _failing: str | None = None
    _outside: bool = False

    def close_kept_connections(self) -> None:
        """Let the next request over each connection that is kept find it closed, as it is for a
        function that was frozen for hours."""
        self._closed = set(self._kept)

    def open_connections(self) -> None:
        """Let no connection be closed."""
        self._kept.clear()
        self._closed.clear()

    @property
    def asked(self) -> bytes:
        # A thread that has made no call of AWS has asked nothing.
        asked: bytes = getattr(self._thread, "asked", None) or b""
        return asked

    @contextmanager
    def record(self, fault: tuple[int, Manner] | None = None) -> Iterator[list[NetworkCall]]:
        """Write down what is called; the call of that number goes wrong in that manner."""
        self.calls, self._fault, self._failing = [], fault, None
        try:
            yield self.calls
        finally:
            self._fault = None

    @contextmanager
    def outside(self) -> Iterator[None]:
        """What is called here is called by the test: neither counted nor harmed."""
        was, self._outside = self._outside, True
        try:
            yield
        finally:
            self._outside = was

    def through(
        self,
        name: str,
        do: Callable[[], Result],
        *,
        error: Callable[[], Exception],
        again: bool = False,
        alone: bool = True,
    ) -> Result:
        """Make a call, or let it go wrong.

        Parameters
        ----------
        error
            What the driver sees of a connection that broke.
        again
            Whether this is a driver's second try of the call before.
        alone
            Whether the service does nothing else meanwhile. Not so where functions answer, which
            make calls of their own.
        """
        self.clock.advance(self.call_seconds)
        if self._outside:
            return do()
        if self.before is not None:
            self.before(name)
        number = len(self.calls)
        call = NetworkCall(*self.place, name)
        self.calls.append(call)
        if self.choose is not None:
            manner = self.choose(call, again)
        else:
            manner = self._manner(number, name, again=again)
        if manner is Manner.DIES:
            raise Died(name)
        if manner is Manner.FAILS:
            raise error()
        with self._lock if alone else nullcontext():
            result = do()
        if manner is not None:
            raise error()
        return result

    @contextmanager
    def entered(self, cluster: str, function: str) -> Iterator[None]:
        """Let this thread's calls be those of a function."""
        roles = self._thread.__dict__.setdefault("roles", [])
        roles.append((cluster, function))
        try:
            yield
        finally:
            roles.pop()

    @property
    def _role(self) -> tuple[str, str] | None:
        """Whose role a call of this thread is made with; None: it is not known, or a test's."""
        roles = self._thread.__dict__.get("roles")
        return roles[-1] if roles and not self._outside else None

    def _note(self, name: str, why: str) -> None:
        self.against_the_rules.append(f"{NetworkCall(*self.place, name)}: {why}")

    def _manner(self, number: int, name: str, *, again: bool) -> Manner | None:
        if self._fault is None:
            return None
        at, manner = self._fault
        if number == at:
            self._failing = name
            return manner
        retried = again and number == at + 1 and name == self._failing
        return manner if retried and manner in (Manner.FAILS, Manner.UNKNOWN) else None

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between botocore and moto, and take the waiting out of botocore's retries."""

        def send(
            stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **kwargs: Any
        ) -> AWSResponse | None:
            _, service, operation = event_name.split(".")
            name = f"{service}:{operation}"
            assert not operation.startswith("Transact"), "global tables have no transactions"
            self._thread.asked = request.body
            if not self._outside:
                _check_region(name, request)

            if service == "dynamodb" and self.place[1] in MODULES and not self._outside:
                registry_writers.check(self.place[1], operation, request.body)

            def reply(status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
                return AWSResponse(request.url, status, headers, MockRawResponse(body))

            def do() -> AWSResponse | None:
                asked = rules.asked_of(request)
                if refusal := rules.refusal_of(asked):
                    self._note(name, refusal.message)
                    return reply(refusal.status, refusal.headers, refusal.body)
                role = self._role
                if role and not rules.is_granted(*role, service, operation, asked):
                    self._note(name, asked.path)
                    return reply(*rules.denied(service, head=asked.method == "HEAD"))
                if not self._outside and self.throttles(name):
                    return reply(*rules.throttled(service))
                refuse = self.refusals.get(service)
                if refuse and not self._outside and (refused := refuse(request)):
                    return reply(*refused)
                answer = self.answers.get(name)
                if answer and (told := answer(request)):
                    return reply(*told)
                answered = _TO_MOTO(stubber, event_name, request, **kwargs)
                if service == "s3" and answered is not None and answered.status_code == 404:
                    bucket, key = rules.bucket_and_key(asked)
                    if key and role and not rules.may_list(*role, bucket):
                        return reply(*rules.denied(service, head=asked.method == "HEAD"))
                return answered

            connection = rules.connection_of(service, request)
            if connection in self._closed and not self._outside:
                self._closed.remove(connection)
                raise ConnectionClosedError(endpoint_url=request.url)
            self._kept.add(connection)
            return self.through(
                name,
                do,
                error=lambda: ConnectionClosedError(endpoint_url=request.url),
                again=b"attempt=1" not in _attempt(request),
                alone=name not in self.answers,
            )

        # Moto asks every service that it knows whether a request is its own: ours come first. And
        # it computes for every request what is the same each time.
        known = backend_index.backend_url_patterns
        ours = [one for one in known if one[0] in _SERVICES]
        patch.setattr(backend_index, "backend_url_patterns", [*ours, *known])
        for module, name in (
            (responses, "method_names_from_class"),
            (responses, "camelcase_to_underscores"),
            (sqs, "camelcase_to_underscores"),
        ):
            patch.setattr(module, name, cache(getattr(module, name)))
        close = BaseClient.close

        def forget(client: Any) -> None:
            self._closed.discard(client.meta.service_model.service_id.hyphenize())
            close(client)

        patch.setattr(BaseClient, "close", forget)
        patch.setattr(BotocoreStubber, "__call__", send)
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None))


def _check_region(name: str, request: AWSPreparedRequest) -> None:
    """Refuse a request that is signed for another region than that of what it names.

    AWS looks for a function, a queue, a state machine where the request arrives, and a bucket's
    signature is void elsewhere. The tables are the same ones everywhere.

    Raises
    ------
    Misdirected
    """
    named = _named_region(name.partition(":")[0], request)
    signed = re.search(rb"Credential=[^/]+/[^/]+/([^/]+)/", _header(request, "Authorization"))
    if named and signed and signed[1].decode() != named:
        raise Misdirected(f"{name} in {signed[1].decode()} names something in {named}")


def _named_region(service: str, request: AWSPreparedRequest) -> str | None:
    match service:
        case "lambda":
            function = unquote(request.url).rpartition("/functions/")[2]
            return function.split(":")[3] if function.startswith("arn:") else None
        case "sfn":
            machine: str = json.loads(request.body)["stateMachineArn"]
            return machine.split(":")[3]
        case "sqs":
            host = urlsplit(json.loads(request.body)["QueueUrl"]).hostname or ""
            return host.split(".")[1]
        case "s3":
            for cluster in ALL_CLUSTERS:
                bucket = cluster_environment(cluster)["MCOS_STAGING_BUCKET"]
                if bucket in request.url:
                    return region_of(cluster)
    return None


def _header(request: AWSPreparedRequest, name: str) -> bytes:
    value = request.headers.get(name, b"")
    return value if isinstance(value, bytes) else str(value).encode()


def _attempt(request: AWSPreparedRequest) -> bytes:
    return _header(request, "amz-sdk-request") or b"attempt=1"
