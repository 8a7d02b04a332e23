"""The main job, once, as a user of the command: ``README.md`` becomes an object on three services.

Who is logged in is kept in ``.mcos/<instance>/mcos.json``, with a profile for each cluster's
entry point too; the user's own configuration is neither read nor written.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "client/src"
sys.path[:0] = [str(ROOT), str(CLIENT)]

from rich.console import Console  # noqa: E402

from mcos_client.config import DEFAULT_PROFILE, read_profile, write_profile  # noqa: E402
from tools.local import endpoints  # noqa: E402  (the path is set above)

USER, PASSWORD = "demo", "demo-password"
CONTAINER = "letters"
WHERE = f"{CONTAINER}/readme.md"
FILE = "README.md"

console = Console(highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Mcos:
    """Runs ``mcos`` of this checkout with a configuration of its own."""

    config: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "MCOS_PROFILE"}
        return {**kept, "PYTHONPATH": str(CLIENT), "MCOS_CONFIG": str(self.config)}

    def show(self, *arguments: str, stdin: str = "", typed: str | None = None) -> None:
        """Run it for people to see (``typed`` if that reads better); if it fails, that is all."""
        console.print(f"$ mcos {typed or shlex.join(arguments)}", style="bold")
        if code := self._run(*arguments, stdin=stdin).returncode:
            console.print("see `make logs`")
            sys.exit(code)

    def ask(self, *arguments: str) -> tuple[int, bytes]:
        """Run it for what it prints, with its exit code."""
        done = self._run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout

    def _run(
        self,
        *arguments: str,
        stdin: str = "",
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "mcos_client", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin.encode(),
            stdout=stdout,
            stderr=stderr,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", required=True)
    instance = parser.parse_args().instance
    _account(instance)
    entry_points = endpoints(instance)
    mcos = Mcos(ROOT / ".mcos" / instance / "mcos.json")
    _log_in(mcos, list(entry_points.values()))
    mcos.show("mb", CONTAINER)
    content = (ROOT / FILE).read_bytes()
    if _is_stored(mcos, content):
        console.print(f"{WHERE} is there from an earlier run")
    else:
        mcos.show("put", FILE, WHERE, "--wait")
    mcos.show("stat", WHERE)
    _name_entry_points(mcos, entry_points)
    came_back = [_comes_back(mcos, cluster, content) for cluster in entry_points]
    if not all(came_back):
        return 1
    _tell_how_to_go_on(mcos)
    return 0


def _account(instance: str) -> None:
    """Add the account unless an earlier run did."""
    done = subprocess.run(
        [sys.executable, "tools/account.py", "--instance", instance, USER, "-"],
        input=PASSWORD,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0 and "exists already" not in done.stderr:
        sys.exit(done.stderr)


def _log_in(mcos: Mcos, urls: list[str]) -> None:
    """With all entry points, so that they stand in for each other."""
    options = f"--user {USER} --password-stdin <<< {PASSWORD}"
    mcos.show(
        *("login", *urls, "--user", USER, "--password-stdin"),
        stdin=f"{PASSWORD}\n",
        typed=" \\\n    ".join(["login", *map(shlex.quote, urls), options]),
    )


def _is_stored(mcos: Mcos, content: bytes) -> bool:
    """Whether the object has this content, in all its replicas, from an earlier run."""
    code, printed = mcos.ask("stat", WHERE, "--json")
    if code != 0:
        # Anything else than "not found" the put that follows will say, too.
        return False
    stat: dict[str, Any] = json.loads(printed)
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    return stat["state"] == "CREATED" and not stat["pending"] and stat["etag"] == etag


def _name_entry_points(mcos: Mcos, entry_points: dict[str, str]) -> None:
    """Keep the login for each entry point alone, too: by itself the command takes any."""
    profile = read_profile(mcos.config, DEFAULT_PROFILE)
    for cluster, entry_point in entry_points.items():
        write_profile(mcos.config, cluster, replace(profile, entry_points=(entry_point,)))


def _comes_back(mcos: Mcos, cluster: str, content: bytes) -> bool:
    code, found = mcos.ask("--profile", cluster, "cat", WHERE)
    same = code == 0 and found == content
    verdict = "the same bytes" if same else f"DIFFERENT (exit code {code}): see `make logs`"
    console.print(f"$ mcos --profile {cluster} cat {WHERE}", style="bold", end="")
    console.print(f"  # {verdict}")
    return same


def _tell_how_to_go_on(mcos: Mcos) -> None:
    command = f"PYTHONPATH={shlex.quote(str(CLIENT))} {shlex.quote(sys.executable)} -m mcos_client"
    console.print("\nto go on:")
    console.print(f"export MCOS_CONFIG={shlex.quote(str(mcos.config))}")
    console.print(f"alias mcos={shlex.quote(command)}")


if __name__ == "__main__":
    sys.exit(main())
