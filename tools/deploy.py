"""Deploy to the local clouds or to AWS: build, then Terraform.

    python tools/deploy.py --instance up|test [--destroy]
    python tools/deploy.py --aws FILE.tfvars [--secrets FILE.json] [--plan | --destroy]

Local: what runs is asked of ``python -m clouds describe``. Nothing is done when nothing has changed
since the last time and the entry points answer. The entry points are written to
``.mcos/<instance>/endpoints.json``, as ``{cluster: URL}``.

AWS: see ``infra/terraform/README.md``. Terraform shows its plan and asks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools import build, local  # noqa: E402  (the path is set above)
from tools.relay import relay  # noqa: E402
from tools.terraform import CONFIGURATION, Terraform, TerraformError  # noqa: E402

SECRETS_VARIABLE = "TF_VAR_backend_secrets"  # Terraform's way to take what is written nowhere
PARALLELISM = "-parallelism=50"
ANSWER_SECONDS = 20  # the first call of a function starts it

# Reading a deployment's environment from here could point a local deployment at an account.
NOT_FOR_LOCAL = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE")


def variables_of(description: Mapping[str, Any], build_dir: Path) -> dict[str, Any]:
    """Return Terraform's variables, without secrets, for what ``clouds describe`` describes."""
    secrets = json.dumps(backend_secrets(description), sort_keys=True)
    return {
        "target": "local",
        "endpoint_url": description["aws_endpoint_url"],
        "build_dir": str(build_dir),
        "disposable": True,
        "repair_visibility_seconds": 15,  # so that a service that is back is noticed soon
        "backend_secrets_version": int(hashlib.sha256(secrets.encode()).hexdigest()[:8], 16),
        "clusters": {
            name: {
                "backend": description["backends"][name]["kind"],
                "provider": placement["provider"],
                "location": placement["location"],
                "labels": placement["labels"],
            }
            for name, placement in description["clusters"].items()
        },
    }


def backend_secrets(description: Mapping[str, Any]) -> dict[str, str]:
    """Return how each cluster reaches its backend, as JSON texts."""
    return {
        name: json.dumps({key: value for key, value in backend.items() if key != "kind"})
        for name, backend in description["backends"].items()
    }


def fingerprint(variables: Mapping[str, Any], packages: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a digest of all that a deployment is made from."""
    files = [*CONFIGURATION.rglob("*.tf"), CONFIGURATION / ".terraform.lock.hcl"]
    files += [ROOT / "openapi.yaml", *(ROOT / "statemachines").glob("*.json")]
    parts = [json.dumps(variables, sort_keys=True)]
    parts += [f"{name} {packages[name]['sha256']}" for name in sorted(packages)]
    for path in sorted(files):
        parts += [path.relative_to(ROOT).as_posix(), path.read_text()]
    return build.digest(*parts)


def answers(endpoint: str) -> bool:
    """Tell whether an entry point is there: whatever has no route is answered by a function."""
    try:
        with urllib.request.urlopen(f"{endpoint}/", timeout=ANSWER_SECONDS):  # noqa: S310  (ours)
            return False
    except urllib.error.HTTPError as error:
        return error.headers.get_content_type() == "application/problem+json"
    except OSError:
        return False


class Progress:
    """Shows an apply or a destroy on one line, and keeps what its end needs."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.planned = self.done = 0
        self.outputs: dict[str, Any] = {}
        self.errors: list[str] = []
        self.started = self.shown = time.monotonic()
        self.live = sys.stderr.isatty()

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one line of Terraform's."""
        match event:
            case {"type": "planned_change", "change": {"action": action}}:
                self.planned += 2 if action == "replace" else 1
            case {"type": "apply_complete", "hook": {"action": "create" | "update" | "delete"}}:
                self.done += 1
            case {"type": "outputs", "outputs": outputs}:
                self.outputs = {name: output.get("value") for name, output in outputs.items()}
            case {"type": "diagnostic", "@level": "error", "diagnostic": problem}:
                where = problem.get("address", "")
                self.errors.append(f"{problem['summary']} {where}\n{problem.get('detail', '')}")
            case {"type": "text", "@message": text} if text:
                self.errors.append(text)
            case _:
                return
        if self.live or time.monotonic() - self.shown > 10:
            self.show("\r" if self.live else "\n")

    def show(self, end: str) -> None:
        """Print the line."""
        self.shown = time.monotonic()
        seconds = f"{self.shown - self.started:.0f} s"
        line = f"{self.title} {self.done}/{self.planned} resources, {seconds}"
        print(line, end=end, file=sys.stderr, flush=True)


def deploy_local(instance: str, *, destroy: bool) -> None:
    """Bring the local clouds of an instance to what is in the repository, or take it away."""
    folder = ROOT / ".mcos" / instance
    work = folder / "terraform"
    record, endpoints = work / "applied.json", folder / "endpoints.json"

    description = local.describe(instance)
    packages = build.build(build.local_target())
    variables = variables_of(description, ROOT / ".mcos" / "build" / "local")
    wanted = fingerprint(variables, packages)
    if not destroy and record.exists() and endpoints.exists():
        applied = json.loads(record.read_text()) == wanted
        if applied and all(answers(url) for url in json.loads(endpoints.read_text()).values()):
            print("deployed already", file=sys.stderr)
            return

    kept = {key: text for key, text in os.environ.items() if not key.startswith(NOT_FOR_LOCAL)}
    kept.pop("TF_CLI_CONFIG_FILE", None)
    secrets = json.dumps(backend_secrets(description))
    environment = {**kept, SECRETS_VARIABLE: secrets}
    terraform = Terraform(work / "data", work / "terraform.tfstate", environment)
    terraform.init()
    var_file = work / "local.tfvars.json"
    var_file.write_text(json.dumps(variables, indent=2) + "\n")

    for left in (record, endpoints):
        left.unlink(missing_ok=True)
    progress = Progress("removing" if destroy else "deploying")
    arguments = ["destroy" if destroy else "apply", "-json", "-auto-approve", "-input=false"]
    log = work / "terraform.log"
    with relay(description["aws_endpoint_url"]) as url:
        arguments += [PARALLELISM, f"-var-file={var_file}", f"-var=relay_url={url}"]
        status = terraform.stream(*arguments, log=log, on_event=progress)
    if status:
        raise TerraformError("\n".join([*progress.errors, f"all of it is in {log}"]))
    progress.show("\n")
    if not destroy:
        endpoints.write_text(json.dumps(progress.outputs["endpoints"], indent=2) + "\n")
        record.write_text(json.dumps(wanted) + "\n")


def deploy_aws(
    var_file: Path, secrets: Path | None, target: build.Target, *, plan: bool, destroy: bool
) -> int:
    """Run Terraform for AWS, as its user: it shows what it will do and asks. Return its status."""
    environment = dict(os.environ)
    if secrets:
        texts = {name: json.dumps(one) for name, one in json.loads(secrets.read_text()).items()}
        environment[SECRETS_VARIABLE] = json.dumps(texts)
    elif SECRETS_VARIABLE not in environment:
        raise TerraformError("--secrets FILE.json says how the clusters reach their backends")
    build.build(target)
    var_file = var_file.resolve()
    # Not under .mcos, which `make clean` removes: it is all that is known of what costs money.
    state = None if (CONFIGURATION / "backend_override.tf").exists() else var_file.parent
    data = ROOT / ".mcos" / f"aws-{var_file.stem}"
    terraform = Terraform(data, state and state / f"{var_file.stem}.tfstate", environment)
    terraform.init()
    command = "destroy" if destroy else "plan" if plan else "apply"
    options = [f"-var-file={var_file}", "-var=target=aws", PARALLELISM]
    options.append(f"-var=build_dir={ROOT / '.mcos' / 'build' / 'aws'}")
    run = terraform.command(command, *options)
    return subprocess.run(run, env=terraform.environment).returncode


def main() -> int:
    """Read the command line and deploy."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--instance", help="local clouds: up, test")
    where.add_argument("--aws", type=Path, metavar="FILE", help="variables file for AWS")
    parser.add_argument("--secrets", type=Path, metavar="FILE", help="{cluster: secret}, for AWS")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument("--python", default="3.13", help="AWS runtime")
    parser.add_argument("--plan", action="store_true", help="only show what would be done on AWS")
    parser.add_argument("--destroy", action="store_true", help="take it all away")
    options = parser.parse_args()
    try:
        if options.instance:
            deploy_local(options.instance, destroy=options.destroy)
            return 0
        target = build.Target("aws", options.python, options.architecture)
        return deploy_aws(
            options.aws, options.secrets, target, plan=options.plan, destroy=options.destroy
        )
    except TerraformError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
