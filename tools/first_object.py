"""The main job, once, as a user: a file of this repository becomes an object on three services."""

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client/src")]

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from mcos_client import Client, ObjectExists, ObjectStat  # noqa: E402  (the path is set above)
from tools.local import endpoints  # noqa: E402

USER, PASSWORD = "demo", "demo-password"
CONTAINER = "first-steps"
FILE = ROOT / "docs/architecture.md"
SETTLES_IN_SECONDS = 60

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", required=True)
    instance = parser.parse_args().instance
    _account(instance)
    entry_points = endpoints(instance)
    content = FILE.read_bytes()
    name = FILE.name
    with Client(next(iter(entry_points.values()))) as client:
        client.login(USER, PASSWORD)
        _say(f"logged in as {USER} at {client.entry_point}")
        client.create_container(CONTAINER)
        _say(f"container {CONTAINER}")
        state = _store(client, name, content)
        stat = _watch(client, name, state)
        token = client.token
    _print_replicas(stat)
    for cluster, entry_point in entry_points.items():
        with Client(entry_point, token) as client:
            same = client.download_object(CONTAINER, name).content == content
        _say(f"downloaded from the entry point of {cluster}: {'the same' if same else 'DIFFERENT'}")
        if not same:
            return 1
    for cluster, entry_point in entry_points.items():
        _say(f"{cluster:8} {entry_point}")
    return 0


def _account(instance: str) -> None:
    """Add the account unless an earlier run did."""
    done = subprocess.run(
        [sys.executable, "tools/account.py", "--instance", instance, USER, PASSWORD],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0 and "exists already" not in done.stderr:
        sys.exit(done.stderr)


def _store(client: Client, name: str, content: bytes) -> str:
    """Create the object, or bring the one of an earlier run up to date; return its state."""
    try:
        written = client.create_object(
            CONTAINER, name, content, content_type="text/markdown", prefer="respond-async"
        )
    except ObjectExists:
        stat = client.stat_object(CONTAINER, name)
        if stat.etag == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"':
            _say(f"object {name}, {len(content)} bytes: there from an earlier run, {stat.state}")
            return stat.state
        written = client.update_object(
            CONTAINER, name, content, content_type="text/markdown", prefer="respond-async"
        )
    _say(f"object {name}, {len(content)} bytes: taken, {written.state}")
    return written.state


def _watch(client: Client, name: str, state: str) -> ObjectStat:
    deadline = time.monotonic() + SETTLES_IN_SECONDS
    while True:
        stat = client.stat_object(CONTAINER, name)
        if stat.state != state:
            _say(f"{state} became {stat.state}")
            state = stat.state
        if stat.settled:
            return stat
        if time.monotonic() > deadline:
            sys.exit(f"{name} is still {stat.state}: see `make logs`")
        time.sleep(0.05)


def _print_replicas(stat: ObjectStat) -> None:
    table = Table("cluster", "backend", "state", "bytes", "sha-256", box=None, pad_edge=False)
    for replica in stat.replicas:
        table.add_row(
            replica.cluster, replica.backend, replica.state, str(replica.size), replica.sha256
        )
    console.print(table)


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
