"""Compare every backend of the local clouds with the catalog now: ``make scrub``.

It is an operator's word: every copy is read in full, and whatever is missing is written anew,
however much it is. Runs follow each other until one finds nothing to do any more; exit status 1 if
something could not be made whole.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client/src")]

from rich.console import Console  # noqa: E402

from mcos_client import Client, Scrub, TokenExpired  # noqa: E402
from mcos_client.command.admin.scrub import table_of  # noqa: E402
from tools.local import NotDeployed, endpoints  # noqa: E402  (the path is set above)

USER, PASSWORD = "operator", "operator-password"

_ROUNDS = 5
_LOOK_SECONDS = 3.0
_STUCK_SECONDS = 600.0

console = Console(highlight=False, markup=False, soft_wrap=True)


class Watches(Protocol):
    """What a scrub of all clusters needs of an operator."""

    def clusters(self) -> list[str]: ...

    def start(self, cluster: str, *, full: bool) -> None: ...

    def run_of(self, cluster: str) -> Scrub: ...


class Operator:
    """An admin of the local clouds."""

    def __init__(self, instance: str) -> None:
        self._client = Client(list(endpoints(instance).values()))
        account = ("--instance", instance, "--role", "admin", "--", USER, "-")
        done = subprocess.run(
            [sys.executable, "tools/account.py", *account],
            input=PASSWORD,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0 and "exists already" not in done.stderr:
            sys.exit(done.stderr)
        self._client.login(USER, PASSWORD)

    def clusters(self) -> list[str]:
        """The linked clusters that are not lost."""
        found = self._client.admin.list_clusters()
        return [one.name for one in found if one.state != "LOST"]

    def start(self, cluster: str, *, full: bool) -> None:
        """Start a run with an operator's word that nothing is too much."""
        self._client.admin.start_scrub(cluster, full=full, mass_repair=True)

    def run_of(self, cluster: str) -> Scrub:
        """The last run of a cluster."""
        try:
            return self._client.admin.get_scrub(cluster)
        except TokenExpired:
            self._client.login(USER, PASSWORD)
            return self._client.admin.get_scrub(cluster)


def scrub(operator: Watches, *, full: bool) -> dict[str, Scrub]:
    """Have every backend scrubbed once, and wait until what was sent to repair is done.

    Returns
    -------
    The runs, by cluster; those that came to no end in time are still RUNNING.
    """
    names = operator.clusters()
    for name in names:
        operator.start(name, full=full)
    seen: Mapping[str, Scrub] = {}
    stuck_at = time.monotonic() + _STUCK_SECONDS
    while True:
        runs = {name: operator.run_of(name) for name in names}
        if all(run.state != "RUNNING" and not run.repairs_waiting for run in runs.values()):
            return runs
        if runs != seen:
            seen, stuck_at = runs, time.monotonic() + _STUCK_SECONDS
        if time.monotonic() > stuck_at:
            return runs
        time.sleep(_LOOK_SECONDS)


def is_to_be_followed(run: Scrub) -> bool:
    """Whether a run has left work to others, of which only the next one sees what came."""
    return run.state == "DONE" and bool(run.repaired or run.handed or run.moving or run.unreadable)


def is_whole(run: Scrub) -> bool:
    """Whether a run has found everything as it must be."""
    ill = (run.repaired, run.unrepairable, run.unreadable, run.moving)
    return run.state == "DONE" and not any(ill)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare every backend with the catalog now.")
    parser.add_argument("--instance", default="up")
    try:
        operator = Operator(parser.parse_args().instance)
    except NotDeployed as error:
        print(error, file=sys.stderr)
        return 1
    for number in range(_ROUNDS):
        # The first one reads everything; the others look at what came of it.
        runs = scrub(operator, full=number == 0)
        console.print(f"run {number + 1}")
        console.print(table_of(list(runs.values())))
        for run in runs.values():
            for what in (run.reason, run.waits, run.held):
                if what is not None:
                    console.print(f"{run.cluster}: {what}")
        if not any(map(is_to_be_followed, runs.values())):
            break
    if all(map(is_whole, runs.values())):
        console.print("every replica is whole")
        return 0
    console.print("not every replica is whole: see above")
    return 1


if __name__ == "__main__":
    sys.exit(main())
