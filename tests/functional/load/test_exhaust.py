"""An account that tries to exhaust everything: how another one beside it fares, and what it is
answered. It measures, so it takes its time: ``tools/functional.py --clusters 3 -- -m long
tests/functional/load/test_exhaust.py``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx
import pytest
from botocore.config import Config
from localstack_client.session import Session
from rich.table import Table

from mcos import limits
from tests.functional.conftest import Account, AccountFactory
from tests.support.paths import container_path, object_path, stat_path
from tests.support.waiting import wait_until
from tests.support.wire import ASYNC, SYNC, Wire

pytestmark = pytest.mark.long

ROUNDS = 100
"""How often the other account makes each call, without and beside the first."""

QUOTA = {"bytes": 200_000, "objects": 100, "uploads": 5, "writes_per_second": 5}
SECONDS = limits.REGISTRY_AGE_SECONDS + 270
REFUSED_IN_A_ROW = 50
CONTENT = bytes(1024)
CLUSTER = "s3"
STAGING = f"mcos-{CLUSTER}-staging-000000000000"

Call = Callable[[], httpx.Response]


class User:
    """An account with a container ``photos``, at one entry point; nothing is tried again."""

    def __init__(self, account: Account) -> None:
        self.name = account.user_name
        self._account = account
        self.ask("PUT", container_path("photos")).raise_for_status()

    def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        http: httpx.Client | None = None,
    ) -> httpx.Response:
        with self.client() if http is None else _left_open(http) as client:
            return client.request(method, path, content=content, headers=headers)

    def client(self) -> httpx.Client:
        """A client with connections of its own."""
        return httpx.Client(
            base_url=self._account.endpoints[CLUSTER],
            headers={"authorization": f"Bearer {self._account.token}"},
            timeout=120,
        )


@contextmanager
def _left_open(http: httpx.Client) -> Iterator[httpx.Client]:
    yield http


@dataclass
class Answers:
    """What was answered, by what was tried.

    Attributes
    ----------
    by_call
        Number of the answers: status, and code of a problem.
    in_a_row
        How many answers of each call were refusals since the last that was not.
    """

    by_call: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    in_a_row: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: str, reply: httpx.Response) -> None:
        is_problem = reply.headers.get("content-type") == "application/problem+json"
        code = f" {reply.json()['code']}" if is_problem else ""
        with self._lock:
            self.by_call[call][f"{reply.status_code}{code}"] += 1
            refused = reply.status_code in (403, 429)
            self.in_a_row[call] = self.in_a_row[call] + 1 if refused else 0

    def table(self, title: str) -> Table:
        table = Table("tried", "answered", title=title)
        for call, answers in sorted(self.by_call.items()):
            table.add_row(call, ", ".join(f"{one}: {n}" for one, n in answers.most_common()))
        return table


class Greedy:
    """Tries everything at once, as fast as it is answered, until it is told to stop."""

    def __init__(self, user: User, emulator: Session) -> None:
        config = Config(connect_timeout=5, read_timeout=60, s3={"addressing_style": "path"})
        self._s3 = emulator.client("s3", config=config)
        self._sqs = emulator.client("sqs", config=config)
        self._queue = self._sqs.get_queue_url(QueueName=f"mcos-{CLUSTER}-inbound")["QueueUrl"]
        self._user = user
        self._numbers = count()
        self._over = threading.Event()
        self.answers = Answers()

    def ways(self, http: httpx.Client) -> dict[str, Call]:
        """What one of its threads tries, by name."""

        def ask(method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
            return self._user.ask(method, path, content, headers, http)

        def new() -> str:
            return object_path("photos", f"{next(self._numbers)}")

        def begin(size: int | None) -> httpx.Response:
            wanted = {"container": "photos", "object": f"{next(self._numbers)}", "action": "put"}
            body = wanted if size is None else {**wanted, "size": size}
            return http.post("/v1/uploads", json=body)

        kept = object_path("photos", "kept")
        return {
            "create, async": lambda: ask("POST", new(), CONTENT, **ASYNC),
            "create, sync": lambda: ask("POST", new(), CONTENT, **SYNC),
            "create, 4 MB": lambda: ask("POST", new(), bytes(4_000_000), **ASYNC),
            "put": lambda: ask("PUT", f"{kept}?if_missing=create", CONTENT, **ASYNC),
            "upload of 1 TB": lambda: begin(10**12),
            "upload of 0 bytes": lambda: begin(0),
            "upload of unknown size": lambda: begin(None),
            "list": lambda: ask("GET", f"{container_path('photos')}/objects"),
            "read": lambda: ask("GET", kept),
            "wait": lambda: ask("GET", f"{stat_path('photos', 'kept')}?wait=25"),
        }

    @contextmanager
    def at_work(self) -> Iterator[Answers]:
        """Let it try everything meanwhile: each way by one thread."""
        with self._user.client() as probe:
            names = list(self.ways(probe))
        with ThreadPoolExecutor(len(names) + 2) as pool:
            running = [pool.submit(self._try, name) for name in names]
            running += [pool.submit(self._drop), pool.submit(self._send)]
            try:
                yield self.answers
            finally:
                self._over.set()
            for one in running:
                one.result()

    def _try(self, name: str) -> None:
        with self._user.client() as http:
            way = self.ways(http)[name]
            while not self._over.is_set():
                self.answers.note(name, way())

    def _drop(self) -> None:
        while not self._over.wait(1):
            key = f"incoming/{self._user.name}/photos/dropped-{next(self._numbers)}"
            self._s3.put_object(Bucket=STAGING, Key=key, Body=CONTENT)

    def _send(self) -> None:
        key = f"inbound/{self._user.name}/sent"
        self._s3.put_object(Bucket=STAGING, Key=key, Body=CONTENT)
        while not self._over.wait(1):
            name = f"sent-{next(self._numbers)}"
            message = {"account": self._user.name, "container": "photos", "object": name}
            self._sqs.send_message(
                QueueUrl=self._queue, MessageBody=json.dumps({**message, "staging_key": key})
            )

    def dead_letters(self) -> Counter[str]:
        """Why its files and messages were refused; they are taken away."""
        dead = self._sqs.get_queue_url(QueueName=f"mcos-{CLUSTER}-inbound-dlq")["QueueUrl"]
        found: Counter[str] = Counter()
        while messages := self._sqs.receive_message(
            QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for one in messages:
                if self._user.name in one["Body"]:
                    found[one["MessageAttributes"]["code"]["StringValue"]] += 1
                self._sqs.delete_message(QueueUrl=dead, ReceiptHandle=one["ReceiptHandle"])
        return found


def times_of(user: User, stem: str) -> dict[str, list[float]]:
    """Seconds of the calls that a user makes one after the other, none of which is refused."""
    times: dict[str, list[float]] = defaultdict(list)

    def call(
        what: str,
        status: int,
        method: str,
        path: str,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> None:
        began = time.monotonic()
        reply = user.ask(method, path, content, headers, http)
        times[what].append(time.monotonic() - began)
        assert reply.status_code == status, (what, reply.text)

    with user.client() as http:
        for number in range(ROUNDS):
            name = f"{stem}-{number}"
            path, second = object_path("photos", name), object_path("photos", f"{name}-async")
            call("create, sync", 201, "POST", path, CONTENT, SYNC)
            call("create, async", 202, "POST", second, CONTENT, ASYNC)
            call("stat", 200, "GET", stat_path("photos", name))
            call("read", 200, "GET", path)
            call("delete", 204, "DELETE", path, b"", SYNC)
    return times


def test_what_another_account_notices_of_one_that_tries_to_exhaust_everything(
    new_account: AccountFactory,
    admin: Wire,
    emulator: Session,
    show: Callable[[Table | str], None],
) -> None:
    other, greedy_account = User(new_account()), new_account()
    path = f"/v1/admin/accounts/{greedy_account.user_name}"
    assert admin.send_json("PATCH", path, {"quota": QUOTA}).status_code == 200
    greedy = Greedy(User(greedy_account), emulator)
    alone = times_of(other, "alone")
    with greedy.at_work() as answers:
        first = times_of(other, "first")
        writes = ("create, async", "create, sync", "create, 4 MB", "upload of 1 TB")
        wait_until(
            lambda: all(answers.in_a_row[one] >= REFUSED_IN_A_ROW for one in writes),
            "all functions refuse",
            seconds=SECONDS,
        )
        known = {one: answers.by_call[one].copy() for one in writes}
        then = times_of(other, "then")
        assert all(answers.in_a_row[one] > REFUSED_IN_A_ROW for one in writes)
        since = {one: answers.by_call[one] - known[one] for one in writes}
    letters = greedy.dead_letters()
    show(answers.table("An account that tries to exhaust everything: what it is answered"))
    show(f"dead letters of its files and messages: {dict(letters)}")
    show(_compared(alone, first, then))
    for one in writes:
        assert {answer[:3] for answer in since[one]} <= {"403", "429"}, since[one]
    assert set(letters) <= {"quota_exceeded", "too_many_requests"}


def _compared(*times: dict[str, list[float]]) -> Table:
    """The middle and the 99th of a hundred: alone, beside it at first, and once it is refused."""
    table = Table("ms", title="Another account, one call after the other")
    for when in ("alone", "beside it at first", "beside it, refused"):
        table.add_column(f"{when}: p50", justify="right")
        table.add_column("p99", justify="right")
    table.add_column("p99, ratio", justify="right")
    for what in times[0]:
        spreads = [_spread(one[what]) for one in times]
        figures = [f"{ms:.0f}" for spread in spreads for ms in spread]
        table.add_row(what, *figures, f"{spreads[-1][1] / spreads[0][1]:.1f}")
    return table


def _spread(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return p50 * 1000, p99 * 1000
