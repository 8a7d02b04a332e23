"""A deployment that is made to be checked, and destroyed again: on AWS, or on the local clouds."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from boto3.session import Session

from clouds.instance import Instance
from mcos.storage import StorageBackend, open_backend
from tools import build, deploy, local
from tools.checking.site import UNREACHABLE, Place, empty, keys_in

ROOT = Path(__file__).resolve().parents[2]


class NotFresh(Exception):
    """Something is there already, which would be destroyed in the end; nothing was done."""


class NotDone(Exception):
    """A step did not come to its end; the text says why."""


class Trial(Protocol):
    """A deployment to be made, checked and destroyed."""

    title: str
    by_hand: str
    """How to destroy it, where ``destroy`` has failed."""

    @property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """How each cluster reaches its backend."""
        ...

    def plan(self) -> str:
        """Look whether all is fresh; in words, what will be made, and what it means.

        Raises
        ------
        NotFresh, NotDone
        """
        ...

    def deploy(self) -> Place:
        """Deploy.

        Raises
        ------
        NotDone
        """
        ...

    def destroy(self) -> str:
        """Take all away, also what a deployment that was cut short has made; in words, what.

        Raises
        ------
        NotDone
        """
        ...


class OnAws:
    """On AWS, by a variables file, as ``tools/deploy.py`` deploys.

    Parameters
    ----------
    var_file
        Terraform's variables.
    secrets
        ``{cluster: how it reaches its backend}``, JSON.
    """

    def __init__(self, var_file: Path, secrets: Path, target: build.Target) -> None:
        self._var_file, self._secrets, self._target = var_file.resolve(), secrets.resolve(), target
        self.settings: Mapping[str, Mapping[str, str]] = json.loads(secrets.read_text())
        self.title = f"MCOS on AWS: {var_file.name}"
        self._kinds: Mapping[str, str] = {}
        self._opened: dict[str, StorageBackend] = {}
        named = f"--aws {shlex.quote(str(self._var_file))}"
        named += f" --secrets {shlex.quote(str(self._secrets))}"
        self.by_hand = (
            f"{shlex.quote(sys.executable)} tools/deploy.py {named} --destroy --disposable; "
            f"what Terraform still knows is in {self._state}"
        )

    @property
    def _state(self) -> Path:
        return self._var_file.with_suffix(".tfstate")

    def plan(self) -> str:
        terraform = deploy.terraform_for(self._var_file, os.environ)
        pulled = terraform.run("state", "pull")
        if pulled.returncode:
            raise NotDone(f"the state cannot be read: {pulled.stderr.strip()}")
        if there := json.loads(pulled.stdout or "{}").get("resources"):
            raise NotFresh(
                f"{self._state} knows of {len(there)} things that are deployed. What is checked is "
                "destroyed in the end, so a check needs a variables file and a prefix of its own. "
                f"If they are left of a check: {self.by_hand}"
            )
        with tempfile.TemporaryDirectory() as folder:
            planned = Path(folder, "planned")
            self._deploy("--plan", "--disposable", "--out", str(planned))
            shown: dict[str, Any] = json.loads(terraform.run("show", "-json", planned).stdout)
        resources, self._kinds = made_by(shown)
        if missing := self._kinds.keys() ^ self.settings.keys():
            raise NotDone(f"clusters and secrets differ: {', '.join(sorted(missing))}")
        _must_be_empty(self._open, self._kinds)
        return (
            f"{resources} resources will be made on AWS, used, and destroyed. That costs "
            "money, and goes on to if they cannot be destroyed"
        )

    def deploy(self) -> Place:
        self._deploy("--disposable")
        outputs = deploy.outputs_of(deploy.terraform_for(self._var_file, os.environ))
        deployed = outputs["deployment"]
        prefix, region = deployed["prefix"], deployed["region"]
        environment = {
            "MCOS_TABLE_PREFIX": prefix,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
        }

        def rotate() -> None:
            _tool("token_keys.py", "--prefix", prefix, "--region", region, "--rotate")

        def add(name: str, password: str, role: str) -> None:
            account = ("--role", role, "--", name, "-")
            _tool("account.py", *account, given=password, environment=environment)

        return Place(
            outputs["endpoints"],
            prefix,
            region,
            False,
            Session(region_name=region),
            self._open,
            add,
            rotate,
        )

    def destroy(self) -> str:
        self._deploy("--destroy", "--disposable")
        return _emptied(self._open, self.settings)

    def _open(self, cluster: str) -> StorageBackend:
        if cluster not in self._opened:
            self._opened[cluster] = open_backend(self._kinds[cluster], self.settings[cluster])
        return self._opened[cluster]

    def _deploy(self, *options: str) -> None:
        files = ("--aws", str(self._var_file), "--secrets", str(self._secrets))
        how = ("--python", self._target.python, "--architecture", self._target.architecture)
        differs = 2 if "--plan" in options else 0
        _run("tools/deploy.py", *files, *how, *options, fine=differs)


class OnLocalClouds:
    """On local clouds, which are begun anew, and removed in the end.

    Parameters
    ----------
    keep
        Take what is deployed as it is, and leave it.
    """

    def __init__(self, instance: str, *, keep: bool) -> None:
        self._instance, self._keep = instance, keep
        self.title = f"MCOS on the local clouds of {instance}"
        self.by_hand = f"{shlex.quote(sys.executable)} -m clouds clean --instance {instance}"
        self._described: dict[str, Any] = {}

    @property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        found: Mapping[str, Mapping[str, str]] = self._described.get("backends", {})
        return found

    def plan(self) -> str:
        if Instance.named(self._instance).durable:
            raise NotFresh(f"the local clouds of {self._instance} are people's: --instance test")
        if self._keep:
            return f"what is deployed to the local clouds of {self._instance} is checked, and stays"
        return f"the local clouds of {self._instance} will be made anew, and removed"

    def deploy(self) -> Place:
        named = ("--instance", self._instance)
        if not self._keep:
            _run("-m", "clouds", "clean", *named)
            # A drain needs a fourth cluster.
            _run("-m", "clouds", "start", *named, "--clusters", "5")
            _run("tools/deploy.py", *named)
        self._described = local.describe(self._instance)
        backends = self._described["backends"]

        @cache
        def opened(cluster: str) -> StorageBackend:
            settings = {name: text for name, text in backends[cluster].items() if name != "kind"}
            return open_backend(backends[cluster]["kind"], settings)

        return Place(
            local.endpoints(self._instance),
            "mcos",
            local.REGION,
            True,
            local.session(self._described["aws_endpoint_url"]),
            opened,
            lambda name, password, role: _tool(
                "account.py", *named, "--role", role, "--", name, "-", given=password
            ),
            lambda: _tool("token_keys.py", *named, "--rotate"),
        )

    def destroy(self) -> str:
        if self._keep:
            return "all is kept"
        try:
            if (ROOT / ".mcos" / self._instance / "terraform" / "terraform.tfstate").exists():
                _run("tools/deploy.py", "--instance", self._instance, "--destroy")
        finally:
            _run("-m", "clouds", "clean", "--instance", self._instance)
        return "the deployment, by Terraform, and then the local clouds"


def made_by(plan: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
    """Return how many resources a plan makes, and the kind of each cluster's backend.

    Parameters
    ----------
    plan
        As Terraform shows it as JSON.

    Raises
    ------
    NotFresh
        It does anything else than to make what is not there.
    """
    actions = Counter(
        action
        for one in plan["resource_changes"]
        if one["mode"] == "managed"
        for action in one["change"]["actions"]
    )
    if set(actions) != {"create"}:
        raise NotFresh(f"the plan does more than to make what is not there: {dict(actions)}")
    clusters = plan["variables"]["clusters"]["value"]
    return actions["create"], {name: one["backend"] for name, one in clusters.items()}


Open = Callable[[str], StorageBackend]


def _must_be_empty(opened: Open, clusters: Mapping[str, object]) -> None:
    """Refuse backends that have something: this deployment would take them over from another.

    Raises
    ------
    NotFresh
    """
    for cluster in clusters:
        try:
            keys = keys_in(opened(cluster))
        except UNREACHABLE as error:
            raise NotFresh(
                f"whether the backend of {cluster} is empty cannot be seen from here: {error}"
            ) from error
        if keys:
            raise NotFresh(
                f"the backend of {cluster} has {len(keys)} keys. A check takes its backends over, "
                "and empties them in the end, so it needs buckets and containers of its own"
            )


def _emptied(opened: Open, clusters: Mapping[str, object]) -> str:
    """Remove what a deployment has left on its backends, which were empty before it.

    Raises
    ------
    NotDone
    """
    removed, left = 0, []
    for cluster in clusters:
        try:
            removed += empty(opened(cluster))
        except UNREACHABLE as error:
            left.append(f"{cluster} ({error})")
    if left:
        raise NotDone(f"everything on AWS is gone; these backends are not empty: {left}")
    return f"everything on AWS, and {removed} keys on the backends"


def _tool(
    name: str,
    *arguments: str,
    given: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a tool that needs no word to whoever waits.

    Raises
    ------
    NotDone
        With what it printed.
    """
    done = subprocess.run(
        [sys.executable, f"tools/{name}", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        input=given or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise NotDone(f"tools/{name} ended with {done.returncode}: {done.stdout[-1000:]}")


def _run(*command: str, fine: int = 0) -> None:
    """Run Python to the end of what it does, which people see, whatever signals come meanwhile.

    It has a process group of its own: so it is told to end once, and then has the time that it
    needs. Terraform, told twice, would leave at once, and forget what it has made.

    Parameters
    ----------
    fine
        Another status than 0 that is no failure.

    Raises
    ------
    NotDone
    KeyboardInterrupt
        It was told to end, and has ended.
    """
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=sys.stderr.fileno(), start_new_session=True
    )
    interrupted = False
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:
            if not interrupted:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
            interrupted = True
            print("it ends in order; that takes a while, please wait", file=sys.stderr)
    if interrupted:
        raise KeyboardInterrupt(f"{command[0]} was stopped")
    if status not in (0, fine):
        raise NotDone(f"{command[0]} ended with {status}")
