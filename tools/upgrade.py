"""Deploy over a deployment that is at work, and say what its callers noticed.

    python tools/upgrade.py --from COMMIT
    python tools/upgrade.py --from COMMIT --rollback
    python tools/upgrade.py --rollback

On local clouds (instance ``test``), which are removed in the end. First the tree of
COMMIT is deployed by its own tools, or, without it, what is here. Then one client at each entry
point makes the ten calls without a pause, and tries none again, while what is here is deployed over
it; without ``--from``, that is a copy of what is here with another digest. With ``--rollback`` the
release before is called again afterwards. In the end, every object has to be readable, with the
content that it was given last, and every state has to settle.

It prints each kind of call: how many, how many failed, the slowest. It ends with 1 if any failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.burst import spread  # noqa: E402  (the path is set above)

STATE = ROOT / ".mcos"
TREES = STATE / "trees"
SECONDS = 60.0
"""How long a call may take before it counts as failed."""

STEADY_SECONDS = 10.0
"""How long the clients are at work before the first change, and after the last one."""

SETTLE_SECONDS = 600.0
_LOOK_SECONDS = 0.5
USER, PASSWORD = f"upgrade-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
ASYNC, SYNC = {"Prefer": "respond-async"}, {"Prefer": "wait=25"}


class NotDone(Exception):
    """A step did not come to its end; the text is for whoever runs this."""


@dataclass
class Seen:
    """What clients have seen of one kind of call: its seconds, and each failure in words."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Log:
    """What all clients have seen, by the call's name."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.began = time.monotonic()
        self.calls: dict[str, Seen] = defaultdict(Seen)

    def add(self, call: str, seconds: float, failure: str | None) -> None:
        """Note a call."""
        with self._lock:
            seen = self.calls[call]
            seen.seconds.append(seconds)
            if failure:
                at = time.monotonic() - self.began
                seen.failures.append(f"{at:.1f} s: {failure}")

    @property
    def failed(self) -> int:
        """How many calls have failed."""
        return sum(len(seen.failures) for seen in self.calls.values())

    def lines(self) -> Iterator[str]:
        """The table of it, and every failure."""
        for call, seen in sorted(self.calls.items()):
            yield (
                f"{call:18} {len(seen.seconds):6} calls  {len(seen.failures):4} failed  "
                + spread(seen.seconds)
            )
        for call, seen in sorted(self.calls.items()):
            for failure in seen.failures:
                yield f"{call} failed after {failure}"


class Client:
    """A client at one entry point. What fails is noted, and not tried again.

    Attributes
    ----------
    kept
        The content that each object was given last, for those that stay.
    """

    def __init__(self, name: str, entry_point: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.http = httpx.Client(base_url=entry_point, timeout=SECONDS)
        self.container = f"kept-{name}-{uuid.uuid4().hex[:8]}"
        self.kept: dict[str, bytes] = {}
        self.doubtful: set[str] = set()

    def begin(self) -> None:
        """Log in, and make the container of what stays."""
        self.login()
        self.call("create_container", "PUT", f"/v1/containers/{self.container}", {201})

    def login(self) -> None:
        said = {"user_name": USER, "password": PASSWORD}
        reply = self.call("login", "POST", "/v1/login", {200}, json=said)
        if reply is not None:
            self.http.headers["authorization"] = f"Bearer {reply.json()['token']}"

    def call(
        self, name: str, method: str, path: str, wanted: set[int], **given: Any
    ) -> httpx.Response | None:
        """Make a call; None: it failed, by its status or without a reply."""
        started = time.monotonic()
        reply, failure = None, None
        try:
            reply = self.http.request(method, path, **given)
            if reply.status_code not in wanted:
                failure = f"{self.name}: {method} {path}: {reply.status_code} {reply.text[:300]}"
        except httpx.HTTPError as error:
            failure = f"{self.name}: {method} {path}: {type(error).__name__}"
        self.log.add(name, time.monotonic() - started, failure)
        return None if failure else reply

    def work(self, over: Event) -> None:
        """Make all calls, again and again."""
        number = 0
        while not over.is_set():
            number += 1
            self.story(number)
            if number % 10 == 0:
                self.login()

    def story(self, number: int) -> None:
        """The ten calls once, on new names; some of the objects stay."""
        passing = f"passing-{self.name}-{uuid.uuid4().hex[:12]}"
        self.call("create_container", "PUT", f"/v1/containers/{passing}", {201})
        self.call("list_container", "GET", f"/v1/containers?prefix={passing}", {200})
        waited, queued = f"{number}/waited", f"{number}/queued"
        self.store("create_object", "POST", waited, SYNC)
        self.store("create_object", "POST", queued, ASYNC)
        self.read(waited)
        self.store("update_object", "PUT", waited, SYNC if number % 2 else ASYNC)
        self.call("stat_object", "GET", self.path(queued, "stat"), {200})
        self.call("stat_object", "HEAD", self.path(waited), {200})
        self.call("list_object", "GET", f"/v1/containers/{self.container}/objects?limit=10", {200})
        dropped = f"{number}/dropped"
        self.store("create_object", "POST", dropped, SYNC)
        self.call("delete_object", "DELETE", self.path(dropped), {202, 204})
        self.kept.pop(dropped, None)
        self.call("delete_container", "DELETE", f"/v1/containers/{passing}", {204})

    def store(self, name: str, method: str, obj: str, prefer: Mapping[str, str]) -> None:
        content = f"{obj} {uuid.uuid4().hex}".encode()
        headers = {**prefer, "content-type": "application/octet-stream"}
        done = self.call(
            name, method, self.path(obj), {200, 201, 202}, content=content, headers=headers
        )
        if done is None:
            self.doubtful.add(obj)  # it may have been done
        else:
            self.kept[obj] = content

    def read(self, obj: str) -> None:
        reply = self.call("download_object", "GET", self.path(obj), {200})
        if reply is not None and obj not in self.doubtful and reply.content != self.kept[obj]:
            self.log.add("download_object", 0.0, f"{self.name}: {obj} has other content")

    def path(self, obj: str, kind: str = "objects") -> str:
        return f"/v1/containers/{self.container}/{kind}/{obj}"

    def settled(self) -> bool:
        """Whether every object of the container is CREATED; a call that fails is noted."""
        marker = ""
        while True:
            more = f"&marker={marker}" if marker else ""
            path = f"/v1/containers/{self.container}/objects?limit=1000{more}"
            reply = self.call("list_object", "GET", path, {200})
            if reply is None:
                return False
            page = reply.json()
            if any(one["state"] != "CREATED" for one in page["objects"]):
                return False
            marker = page["next_marker"]
            if not marker:
                return True

    def check(self, others: Iterable[Client]) -> None:
        """Read all that stays, here and at the other entry points."""
        for obj in sorted(self.kept):
            self.read(obj)
        for other in others:
            for obj in sorted(self.kept)[::10]:
                other.read_of(self, obj)

    def read_of(self, owner: Client, obj: str) -> None:
        reply = self.call("download_object", "GET", owner.path(obj), {200})
        if reply is None or obj in owner.doubtful:
            return
        if reply.content != owner.kept[obj]:
            self.log.add("download_object", 0.0, f"{self.name}: {obj} has other content")


@contextmanager
def at_work(clients: list[Client]) -> Iterator[None]:
    """Let clients work meanwhile."""
    over = Event()
    with ThreadPoolExecutor(len(clients)) as pool:
        working = [pool.submit(client.work, over) for client in clients]
        try:
            time.sleep(STEADY_SECONDS)
            yield
            time.sleep(STEADY_SECONDS)
        finally:
            over.set()
        for one in working:
            one.result()


def settle(clients: list[Client]) -> None:
    """Wait until nothing is left to do.

    Raises
    ------
    NotDone
    """
    until = time.monotonic() + SETTLE_SECONDS
    waiting = list(clients)
    while waiting := [client for client in waiting if not client.settled()]:
        if time.monotonic() > until:
            raise NotDone(f"{', '.join(one.name for one in waiting)}: states do not settle")
        time.sleep(_LOOK_SECONDS)


class Trees:
    """Trees of the project, each of which deploys itself to one instance.

    They share this tree's ``.mcos``, and so the instance and Terraform's state.
    """

    def __init__(self, instance: str) -> None:
        self._instance = instance
        TREES.mkdir(parents=True, exist_ok=True)

    def of_commit(self, commit: str) -> Path:
        """Return the tree of a commit."""
        found = _run(ROOT, "git", "rev-parse", "--short", f"{commit}^{{commit}}")
        tree = TREES / found.strip()
        if not tree.exists():
            tree.mkdir()
            archive = subprocess.run(
                ["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True
            )
            subprocess.run(["tar", "-x"], cwd=tree, input=archive.stdout, check=True)
        return self._shared(tree)

    def changed(self) -> Path:
        """Return a copy of this tree whose functions have another digest."""
        tree = TREES / f"changed-{uuid.uuid4().hex[:8]}"
        ignored = shutil.ignore_patterns(".mcos", ".git", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, tree, ignore=ignored)
        for file in (tree / "functions/app.py", tree / "layers/mcos/python/mcos/__init__.py"):
            file.write_text(file.read_text() + f"\n# {uuid.uuid4().hex}\n")
        return self._shared(tree)

    def _shared(self, tree: Path) -> Path:
        link = tree / ".mcos"
        if not link.exists():
            link.symlink_to(STATE)
        return tree

    def deploy(self, tree: Path, *options: str) -> None:
        """Deploy a tree."""
        _run(tree, sys.executable, "tools/deploy.py", "--instance", self._instance, *options)


def _run(folder: Path, *command: str, given: str | None = None) -> str:
    """Run a command, with ``given`` to read; its output.

    Raises
    ------
    NotDone
    """
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, input=given)
    if done.returncode:
        raise NotDone(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def upgrade(instance: str, commit: str | None, *, rollback: bool) -> Log:
    """Deploy, let clients work, deploy over it; what the clients have seen."""
    trees = Trees(instance)
    first = trees.of_commit(commit) if commit else ROOT
    second = ROOT if commit else trees.changed()
    trees.deploy(first)
    account = ("tools/account.py", "--instance", instance, USER, "-")
    _run(first, sys.executable, *account, given=PASSWORD)
    endpoints = json.loads((STATE / instance / "endpoints.json").read_text())
    log = Log()
    clients = [Client(name, endpoint, log) for name, endpoint in sorted(endpoints.items())]
    for client in clients:
        client.begin()
    with at_work(clients):
        trees.deploy(second)
        if rollback:
            time.sleep(STEADY_SECONDS)
            trees.deploy(second, "--rollback")
    settle(clients)
    for client in clients:
        client.check(other for other in clients if other is not client)
    return log


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--from", dest="commit", metavar="COMMIT", help="what is deployed first")
    parser.add_argument("--rollback", action="store_true", help="go back in the end")
    parser.add_argument("--instance", default="test", help="local clouds (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the local clouds running")
    options = parser.parse_args()
    clouds = [sys.executable, "-m", "clouds"]
    try:
        _run(ROOT, *clouds, "start", "--instance", options.instance)
        log = upgrade(options.instance, options.commit, rollback=options.rollback)
    except NotDone as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            subprocess.run([*clouds, "clean", "--instance", options.instance], cwd=ROOT)
            shutil.rmtree(TREES, ignore_errors=True)
    print("\n".join(log.lines()))
    return 1 if log.failed else 0


if __name__ == "__main__":
    sys.exit(main())
