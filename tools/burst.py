"""Many clients create objects at once, asynchronously; how they fare, and what comes of it.

``python tools/burst.py --instance up --clients 16 --objects 200``, against a running ``make up``.
With ``--paused`` nothing is replicated until all are acknowledged: what the acknowledgements cost
by themselves.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.local import endpoints, session  # noqa: E402  (the path is set above)

BODY = bytes(range(256)) * 4
SECONDS = 120.0
"""How long a call may take before it counts as refused."""

_LOOK_SECONDS = 0.25
_STUCK_SECONDS = 120.0


@dataclass
class Burst:
    """What was seen.

    Attributes
    ----------
    acks
        Seconds to each acknowledgement.
    refused
        Status, or name of the error, of each call that failed.
    taken
        Seconds until the last acknowledgement.
    created
        Seconds until all that was acknowledged was CREATED; None: it never was.
    stats
        Seconds of each call of ``stat_object`` meanwhile, of the first object.
    """

    acks: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    taken: float = 0.0
    created: float | None = None
    stats: list[float] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The table of it."""
        created = "never" if self.created is None else f"{self.created:.1f} s"
        yield f"acknowledged  {len(self.acks)} in {self.taken:.1f} s: {spread(self.acks)}"
        yield f"refused       {len(self.refused)} {sorted(set(self.refused)) or ''}".rstrip()
        yield f"CREATED       all after {created}"
        yield f"stat_object   {len(self.stats)} calls: {spread(self.stats)}"


def spread(seconds: Sequence[float]) -> str:
    """The middle, the 99th of a hundred and the longest of some times."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return f"p50 {p50:.2f}, p99 {p99:.2f}, max {ordered[-1]:.2f} s"


class User:
    """A user with a new container, at one entry point. Nothing that fails is tried again."""

    def __init__(self, entry_point: str, user_name: str, password: str) -> None:
        self._entry_point = entry_point
        said = {"user_name": user_name, "password": password}
        reply = httpx.post(f"{entry_point}/v1/login", json=said, timeout=SECONDS)
        self._token = reply.raise_for_status().json()["token"]
        self.add_container()

    def add_container(self) -> None:
        """Make a new container, and use it from now on."""
        self.container = f"burst-{uuid.uuid4().hex[:12]}"
        with self.client() as client:
            client.put(f"/v1/containers/{self.container}").raise_for_status()

    def client(self) -> httpx.Client:
        """A client with connections of its own."""
        headers = {"authorization": f"Bearer {self._token}"}
        return httpx.Client(base_url=self._entry_point, headers=headers, timeout=SECONDS)

    def path(self, name: str, kind: str = "objects") -> str:
        """The path of an object, or with ``stat`` that of its description."""
        return f"/v1/containers/{self.container}/{kind}/{name}"

    def states(self, client: httpx.Client) -> dict[str, int]:
        """Number of the container's objects by state."""
        counts: dict[str, int] = {}
        marker: str | None = None
        while True:
            page: Mapping[str, Any] = (
                client.get(
                    f"/v1/containers/{self.container}/objects",
                    params={"marker": marker} if marker else {},
                )
                .raise_for_status()
                .json()
            )
            for one in page["objects"]:
                counts[one["state"]] = counts.get(one["state"], 0) + 1
            marker = page.get("next_marker")
            if not marker:
                return counts


def burst(
    user: User, *, clients: int, objects: int, acknowledged: Callable[[], object] | None = None
) -> Burst:
    """Create objects by several clients at once, and wait until all are CREATED.

    Parameters
    ----------
    acknowledged
        Called when all calls were answered.
    """
    seen, over = Burst(), threading.Event()
    names = [f"{number:05}" for number in range(objects)]
    first, left = names[0], iter(names)
    lock = threading.Lock()
    began = time.monotonic()

    def create() -> None:
        with user.client() as client:
            while True:
                with lock:
                    name = next(left, None)
                if name is None:
                    return
                sent = time.monotonic()
                try:
                    reply = client.post(
                        user.path(name), content=BODY, headers={"prefer": "respond-async"}
                    )
                    why = "" if reply.status_code == 202 else str(reply.status_code)
                except httpx.HTTPError as error:
                    why = type(error).__name__
                with lock:
                    if why:
                        seen.refused.append(why)
                    else:
                        seen.acks.append(time.monotonic() - sent)

    def look() -> None:
        with user.client() as client:
            while not over.wait(_LOOK_SECONDS):
                sent = time.monotonic()
                reply = client.get(user.path(first, "stat"))
                if reply.status_code == 200:
                    seen.stats.append(time.monotonic() - sent)
                elif reply.status_code != 404:  # it is not created yet
                    with lock:
                        seen.refused.append(f"stat_object: {reply.status_code}")

    with ThreadPoolExecutor(clients + 1) as pool:
        looking = pool.submit(look)
        try:
            for one in [pool.submit(create) for _ in range(clients)]:
                one.result()
            seen.taken = time.monotonic() - began
            if acknowledged is not None:
                acknowledged()
            seen.created = _all_created(user, len(seen.acks), began)
        finally:
            over.set()
        looking.result()
    return seen


def _all_created(user: User, wanted: int, began: float) -> float | None:
    """Seconds until so many objects are CREATED; None if nothing changes any more."""
    before, changed = 0, time.monotonic()
    with user.client() as client:
        while True:
            created = user.states(client).get("CREATED", 0)
            if created >= wanted:
                return time.monotonic() - began
            if created != before:
                before, changed = created, time.monotonic()
            if time.monotonic() - changed > _STUCK_SECONDS:
                return None
            time.sleep(1)


@contextmanager
def paused(endpoint_url: str) -> Iterator[Callable[[], None]]:
    """Let nobody read the replicate queues; yields what lets them be read again."""
    functions = session(endpoint_url).client("lambda")
    mappings = [
        one["UUID"]
        for one in functions.list_event_source_mappings()["EventSourceMappings"]
        if one["EventSourceArn"].endswith("-replicate")
    ]

    def enable(enabled: bool) -> None:
        for one in mappings:
            functions.update_event_source_mapping(UUID=one, Enabled=enabled)

    enable(False)
    try:
        yield lambda: enable(True)
    finally:
        enable(True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--instance", default="up")
    parser.add_argument("--cluster", help="whose entry point; the first without")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--paused", action="store_true")
    parser.add_argument("--user", default="demo")
    parser.add_argument("--password", default="demo-password")
    arguments = parser.parse_args()
    entry_points = endpoints(arguments.instance)
    entry_point = entry_points[arguments.cluster or sorted(entry_points)[0]]
    with ExitStack() as stack:
        go_on = None
        if arguments.paused:
            go_on = stack.enter_context(paused(entry_point.partition("/restapis")[0]))
        seen = burst(
            User(entry_point, arguments.user, arguments.password),
            clients=arguments.clients,
            objects=arguments.objects,
            acknowledged=go_on,
        )
    print(f"{arguments.objects} creates of {len(BODY)} bytes by {arguments.clients} clients")
    print("\n".join(seen.lines()))
    return int(bool(seen.refused) or seen.created is None)


if __name__ == "__main__":
    sys.exit(main())
