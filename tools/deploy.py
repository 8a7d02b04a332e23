"""Deploy to the local clouds or to AWS: build, then Terraform.

    python tools/deploy.py --instance up|test [--plan | --rollback | --destroy]
    python tools/deploy.py --aws FILE.tfvars [--secrets FILE.json] [--plan | --rollback | --destroy]

``--plan`` says what differs from what is written here, and ends with 2 if anything does.
``--rollback`` lets the functions of the release before be called again: see ``tools/releases.py``.
``--disposable``, on AWS, is for what is to be destroyed again: see ``tools/aws_check.py``.

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
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from boto3.session import Session  # noqa: E402  (the path is set above)
from botocore.config import Config  # noqa: E402

from clouds import settings  # noqa: E402
from clouds.files import write_whole  # noqa: E402
from clouds.instance import STATE, lock  # noqa: E402
from tools import adopt, build, local, releases, state, warm  # noqa: E402
from tools.adopt import Adopter  # noqa: E402
from tools.relay import relay  # noqa: E402
from tools.terraform import CONFIGURATION, Terraform, TerraformError  # noqa: E402

SECRETS_VARIABLE = "TF_VAR_backend_secrets"  # Terraform's way to take what is written nowhere
# The emulator takes as much as one asks. AWS turns some of it away: Terraform's own ten do there.
PARALLELISM = "-parallelism=50"
ADOPTIONS = 8  # two or three do, unless something comes to be there all the time
LOCK_TIMEOUT = "-lock-timeout=60s"  # a Terraform may outlive, for a moment, who was killed
FUNCTION = re.compile(r'module\.cluster\["(.+)"\]\.aws_lambda_alias\.live\["(.+)"\]')
QUICK = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1})
_GRACE_HOURS = 24
_ROLLBACKS = 1  # so many deployments before this one have their layers still
ANSWER_SECONDS = 20  # the first call of a function starts it

# Reading a deployment's environment from here could point a local deployment at an account.
NOT_FOR_LOCAL = ("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE")


def variables_of(
    description: Mapping[str, Any],
    build_dir: Path,
    layer_folders: Mapping[str, str] | None = None,
    *,
    removal_grace_hours: int = 0,
) -> dict[str, Any]:
    """Return Terraform's variables, without secrets, for what ``clouds describe`` describes.

    Parameters
    ----------
    layer_folders
        Of ``build.unpack_layers``; with None, functions have layers.
    """
    secrets = json.dumps(backend_secrets(description), sort_keys=True)
    return {
        "target": "local",
        "endpoint_url": description["aws_endpoint_url"],
        "build_dir": str(build_dir),
        "layer_folders": layer_folders,
        "disposable": True,
        "background": {"replicate_readers": 2, "replicate_batch": 1, "repair_readers": 2},
        "removal_grace_hours": removal_grace_hours,
        # So that a service that is back is noticed soon, and a reader that was killed.
        "queues_visibility_seconds": {"repair_replica": 15, "replicate_version": 100},
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


def answer(endpoints: Collection[str]) -> bool:
    """Tell whether there are entry points, and all of them answer."""
    return bool(endpoints) and all(answers(url) for url in endpoints)


class Progress:
    """Shows an apply or a destroy on one line, and keeps what its end needs."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.planned = self.done = 0
        self.drifted: set[str] = set()
        self.changes: dict[str, str] = {}
        self.outputs: dict[str, Any] = {}
        self.errors: list[str] = []
        self.started = self.shown = time.monotonic()
        self.live = sys.stderr.isatty()

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one line of Terraform's."""
        match event:
            case {"type": "resource_drift", "change": {"resource": {"addr": address}}}:
                self.drifted.add(address)
            case {
                "type": "planned_change",
                "change": {"resource": {"addr": address}, "action": action},
            }:
                self.planned += 2 if action == "replace" else 1
                self.changes[address] = action
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

    @property
    def found_things(self) -> bool:
        """Whether something could not be created because it is there."""
        return any(word in error for error in self.errors for word in adopt.EXISTS)

    def show(self, end: str) -> None:
        """Print the line."""
        self.shown = time.monotonic()
        seconds = f"{self.shown - self.started:.0f} s"
        line = f"{self.title} {self.done}/{self.planned} resources, {seconds}"
        print(line, end=end, file=sys.stderr, flush=True)


def plan_local(instance: str, *, layered: bool = False) -> int:
    """Say what differs from what is in the repository; return 2 if anything does, else 0."""
    with lock(STATE / f"{instance}.deploy.lock"):
        return Local(instance, layered=layered).plan()


def roll_back_local(instance: str, release: str | None) -> None:
    """Let the functions of a release be called again; None: of the one before."""
    with lock(STATE / f"{instance}.deploy.lock"):
        Local(instance).roll_back(release)


def deploy_local(instance: str, *, destroy: bool = False, layered: bool = False) -> None:
    """Bring the local clouds of an instance to what is in the repository, or take it away.

    Parameters
    ----------
    layered
        Whether functions have layers, as on AWS, and not folders of this machine in their place.
    """
    with lock(STATE / f"{instance}.deploy.lock"):
        Local(instance, layered=layered).deploy(destroy=destroy)


class Local:
    """The deployment of an instance of the local clouds."""

    def __init__(self, instance: str, *, layered: bool = False) -> None:
        # Resolved: trees that share one state have the same folders.
        self.folder = (ROOT / ".mcos").resolve() / instance
        self.work = self.folder / "terraform"
        self.state = self.work / "terraform.tfstate"
        self.log, self.var_file = self.work / "terraform.log", self.work / "local.tfvars.json"
        self.layers = self.folder / "layers"
        self.begun = self.work / "begun"  # is there until an apply has come to its end
        self.record, self.endpoints = self.work / "applied.json", self.folder / "endpoints.json"
        self.description = local.describe(instance)
        self.emulator = self.description["aws_endpoint_url"]
        self.embedded = self.description["aws_embedded"]
        # Another emulator may run functions where it cannot see folders of this machine.
        self.layered = layered or not self.embedded

    def deploy(self, *, destroy: bool) -> None:
        """Do it, unless it is done."""
        variables, packages = self._variables()
        wanted = {
            "fingerprint": fingerprint(variables, packages),
            "generation": self.description["aws_generation"],
        }
        applied = read_json(self.record)
        there = answer((read_json(self.endpoints) or {}).values())
        if not destroy and applied == wanted and there:
            print("deployed already", file=sys.stderr)
            token_keys("--instance", self.folder.name)
            self._begin()
            return
        known = isinstance(applied, dict) and applied["generation"] == wanted["generation"]
        if applied and not known:
            self.begun.touch()  # the emulator is not as that deployment left it
        self.record.unlink(missing_ok=True)
        outputs = self._apply(variables, destroy=destroy, refresh=not (known and there))
        if destroy:
            self.endpoints.unlink(missing_ok=True)
            return
        token_keys("--instance", self.folder.name)
        write_whole(self.endpoints, json.dumps(outputs["endpoints"], indent=2) + "\n")
        write_whole(self.record, json.dumps(wanted) + "\n")
        self._keep_layers(variables["layer_folders"] or {})
        self._begin()

    def _variables(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Build; Terraform's variables, and what was built."""
        target = build.local_target()
        packages, build_dir = build.build(target), ROOT / ".mcos" / "build" / target.name
        folders = None if self.layered else build.unpack_layers(packages, build_dir, self.layers)
        # Tests look for what is left of an object that was deleted.
        grace = _GRACE_HOURS if self.folder.name == "up" else 0
        variables = variables_of(self.description, build_dir, folders, removal_grace_hours=grace)
        return variables, packages

    def _keep_layers(self, folders: Mapping[str, str]) -> None:
        """Remove layers that neither this deployment's functions have nor those before it."""
        kept = self.work / "layers.json"
        last: list[list[str]] = read_json(kept) or []
        now = sorted(Path(folder).name for folder in folders.values())
        if now not in last[-1:]:
            last = [*last[-_ROLLBACKS:], now]
            write_whole(kept, json.dumps(last) + "\n")
        for left in self.layers.glob("*"):
            if not any(left.name in one for one in last):
                shutil.rmtree(left)

    def plan(self) -> int:
        """Say what differs, the deployment's things from their state or from the repository."""
        variables, _ = self._variables()
        terraform = Terraform(self.work / "data", self.state, self._environment())
        terraform.init()
        write_whole(self.var_file, json.dumps(variables, indent=2) + "\n")
        progress = self._run(terraform, "plan")
        if progress.errors:
            raise TerraformError("\n".join([*progress.errors, f"all of it is in {self.log}"]))
        for address, action in sorted(progress.changes.items()):
            by_hand = "changed by hand, " if address in progress.drifted else ""
            print(f"{address}: {by_hand}to {action}")
        if not progress.changes:
            return 0
        self.record.unlink(missing_ok=True)  # the next deployment looks at everything
        return 2

    def roll_back(self, release: str | None) -> None:
        """Let the functions of a release be called again; None: of the one before."""
        terraform = Terraform(self.work / "data", self.state, self._environment())
        terraform.init()
        self.record.unlink(missing_ok=True)  # the next deployment goes forward
        roll_back(terraform, local.session(self.emulator).client("lambda"), release)
        self._begin()

    def _begin(self) -> None:
        """Let every cluster look at its backend now: what it said last may be from another day.

        A cluster that says nothing for minutes counts as DOWN, and takes no synchronous writes.
        Then the first one looks at the journal, as it does every hour.
        """
        invoke = self._invoke()
        clusters = sorted(read_json(self.endpoints) or {})
        names = [f"mcos-{cluster}-check_health" for cluster in clusters]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: invoke(name, {}), names))
        for cluster in clusters[:1]:
            invoke(f"mcos-{cluster}-write_snapshot", {})

    def _apply(
        self, variables: Mapping[str, Any], *, destroy: bool, refresh: bool
    ) -> dict[str, Any]:
        """Run Terraform; take over what was left by one that was killed.

        Without ``refresh``, everything is taken to be as the last deployment left it.
        """
        terraform = Terraform(self.work / "data", self.state, self._environment())
        state.repair(self.state)  # first: not even init goes on with half a one
        terraform.init()
        write_whole(self.var_file, json.dumps(variables, indent=2) + "\n")
        cut_short = self.begun.exists()
        write_whole(self.begun, "")
        if (cut_short or self._is_forgotten()) and not destroy:
            self._adopt(terraform)
        if not destroy and (first := first_targets(terraform)):
            progress = self._run(terraform, "apply", *first)
            if progress.errors:
                raise TerraformError("\n".join(progress.errors))
        trusted = [] if refresh or destroy or cut_short else ["-refresh=false"]
        progress = self._run(terraform, "destroy" if destroy else "apply", *trusted)
        if progress.found_things and not destroy:
            self._adopt(terraform)
            progress = self._run(terraform, "apply")
        if progress.errors:
            raise TerraformError("\n".join([*progress.errors, f"all of it is in {self.log}"]))
        self.begun.unlink()
        return progress.outputs

    def _is_forgotten(self) -> bool:
        """Whether an earlier deployment is there of which no state is left.

        Terraform would make second APIs beside its APIs, as their names need not differ.
        """
        return not self.state.exists() and Adopter(local.session(self.emulator)).has_apis()

    def _adopt(self, terraform: Terraform) -> None:
        """Have Terraform import what is there already, and would be created."""
        adopter = Adopter(local.session(self.emulator))
        planned, imports = self.work / "planned", dict[str, str]()
        print("looking for what is there already", file=sys.stderr)
        creations: list[adopt.Creation] = []
        for _ in range(ADOPTIONS):
            progress = self._run(terraform, "plan", f"-out={planned}")
            if progress.errors:
                return  # what is wrong is said when it is applied
            creations = adopt.creations(json.loads(terraform.run("show", "-json", planned).stdout))
            found = adopter.imports(creations)
            if not found:
                break
            if replaced := found.keys() & imports.keys():
                # The state has another of that name, which is no more.
                terraform.run("state", "rm", *replaced)
            # What is known of a thing may depend on another that has to be imported first.
            imports |= found
            terraform.configuration = adopt.configuration_with(imports, self.work / "adopting")
        adopter.remove_items(creations)
        if imports:
            print(f"taking over {len(imports)} things that are there already", file=sys.stderr)

    def _run(self, terraform: Terraform, command: str, *options: str) -> Progress:
        progress = Progress({"destroy": "removing", "plan": "planning"}.get(command, "deploying"))
        warmer = warm.Warmer(self._invoke())

        def on_event(event: dict[str, Any]) -> None:
            progress(event)
            if self.embedded and (function := deployed_function(event)):
                warmer.add(*function)

        arguments = [command, "-json", "-input=false", PARALLELISM, LOCK_TIMEOUT, *options]
        if command != "plan":
            arguments.append("-auto-approve")
        with relay(self.emulator) as url, state.keeping(self.state):
            arguments += [f"-var-file={self.var_file}", f"-var=relay_url={url}"]
            status = terraform.stream(*arguments, log=self.log, on_event=on_event)
        if status and not progress.errors:
            progress.errors.append(f"terraform ended with {status}")
        warmer.finish()
        progress.show("\n")
        return progress

    def _environment(self) -> dict[str, str]:
        kept = {key: text for key, text in os.environ.items() if not key.startswith(NOT_FOR_LOCAL)}
        kept.pop("TF_CLI_CONFIG_FILE", None)
        return {**kept, SECRETS_VARIABLE: json.dumps(backend_secrets(self.description))}

    def _invoke(self) -> warm.Invoke:
        functions = local.session(self.emulator).client("lambda", config=QUICK)

        def invoke(name: str, event: Mapping[str, Any]) -> object:
            return functions.invoke(
                FunctionName=name, Qualifier=releases.LIVE, Payload=json.dumps(event).encode()
            )

        return invoke


def deployed_function(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """The cluster and the name of a function that Terraform says is there now."""
    if event.get("type") != "apply_complete" or event["hook"].get("action") == "delete":
        return None
    found = FUNCTION.fullmatch(event["hook"]["resource"]["addr"])
    return (found[1], found[2]) if found else None


def read_json(path: Path) -> Any:
    """What a file holds; None if it is not there or not whole."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def roll_back(terraform: Terraform, functions: Any, release: str | None) -> None:
    """Let the functions of a release be called again, and say so.

    Parameters
    ----------
    functions
        A client of Lambda.
    release
        None: the one before.

    Raises
    ------
    TerraformError
        There is none, or nothing is deployed.
    """
    names = outputs_of(terraform).get("functions")
    if not names:
        raise TerraformError("nothing is deployed that could be rolled back")
    try:
        moved = releases.roll_back(functions, names, release)
    except releases.NoRelease as error:
        raise TerraformError(str(error)) from error
    for to, count in moved.items():
        print(f"{count} functions are those of {to} again", file=sys.stderr)
    if not moved:
        print("it is live already", file=sys.stderr)


def first_targets(terraform: Terraform) -> list[str]:
    """Return options for what must be there before functions of release 0.1.0 change; else none.

    Those are called themselves, by no alias that waits until all is there that they need.
    """
    listed = terraform.run("state", "list").stdout.splitlines()
    if not any(".aws_lambda_function." in one for one in listed):
        return []
    if any(".aws_lambda_alias." in one for one in listed):
        return []
    clusters = {one.split(".aws_", 1)[0] for one in listed if one.startswith("module.cluster[")}
    queues = ("aws_sqs_queue.replicate", "aws_sqs_queue.repair", "aws_sqs_queue.inbound")
    needed = (*queues, "aws_s3_bucket_lifecycle_configuration.staging")  # it has another address
    targets = ["module.shared", *(f"{one}.{name}" for one in sorted(clusters) for name in needed)]
    return [f"-target={target}" for target in targets]


def outputs_of(terraform: Terraform) -> dict[str, Any]:
    """What a deployment says of itself; empty: there is none."""
    shown = terraform.run("output", "-json")
    if shown.returncode:
        raise TerraformError(shown.stderr)
    return {name: output["value"] for name, output in json.loads(shown.stdout).items()}


def terraform_for(var_file: Path, environment: Mapping[str, str]) -> Terraform:
    """Return Terraform with the state of a deployment on AWS, by its variables file."""
    # Not under .mcos, which `make clean` removes: it is all that is known of what costs money.
    state = None if (CONFIGURATION / "backend_override.tf").exists() else var_file.parent
    data = ROOT / ".mcos" / f"aws-{var_file.stem}"
    terraform = Terraform(data, state and state / f"{var_file.stem}.tfstate", environment)
    terraform.init()
    return terraform


def roll_back_aws(var_file: Path, release: str | None) -> None:
    """Let the functions of a release be called again; None: of the one before."""
    terraform = terraform_for(var_file.resolve(), os.environ)
    region = outputs_of(terraform).get("region")
    roll_back(terraform, Session(region_name=region).client("lambda"), release)


def deploy_aws(
    var_file: Path,
    secrets: Path | None,
    target: build.Target,
    *,
    plan: bool,
    destroy: bool,
    disposable: bool = False,
    out: Path | None = None,
) -> int:
    """Run Terraform for AWS, as its user: it shows what it will do and asks. Return its status.

    Parameters
    ----------
    disposable
        Do not ask; what is deployed keeps nothing that is deleted, and nothing that it has keeps
        it from being destroyed.
    out
        Where the plan is kept.
    """
    environment = dict(os.environ)
    if secrets:
        texts = {name: json.dumps(one) for name, one in json.loads(secrets.read_text()).items()}
        environment[SECRETS_VARIABLE] = json.dumps(texts)
    elif SECRETS_VARIABLE not in environment:
        raise TerraformError("--secrets FILE.json says how the clusters reach their backends")
    build.build(target)
    var_file = var_file.resolve()
    terraform = terraform_for(var_file, environment)
    command = "destroy" if destroy else "plan" if plan else "apply"
    deployed = _deployment(terraform) if destroy else {}
    options = [f"-var-file={var_file}", "-var=target=aws"]
    options.append(f"-var=build_dir={ROOT / '.mcos' / 'build' / 'aws'}")
    options += ["-detailed-exitcode"] if plan else []
    options += [f"-out={out.resolve()}"] if out else []
    if disposable:
        options += ["-var=disposable=true", "-var=removal_grace_hours=0"]
        options += ["-input=false"] if plan else ["-input=false", "-auto-approve"]
    steps = [options]
    if command == "apply" and (first := first_targets(terraform)):
        print("what the new functions need comes first; then all the rest", file=sys.stderr)
        steps.insert(0, [*options, *first])
    for step in steps:
        run = terraform.command(command, *step)
        if status := run_to_its_end(run, terraform.environment):
            break
    if command == "apply" and status == 0:
        where = _deployment(terraform)
        token_keys("--prefix", where["prefix"], "--region", where["region"])
    # What it has not made it does not remove.
    if command == "destroy" and status == 0 and "token_keys" in deployed:
        token_keys("--remove", deployed["token_keys"], "--region", deployed["region"])
    return status


def run_to_its_end(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command; return its status.

    Ctrl-C reaches it, too, and Terraform then ends in order: it waits for what it has begun, and
    writes its state. Ended sooner, it would leave behind what no state knows, and what costs money.
    """
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            print("waiting until it has ended in order", file=sys.stderr)


def _deployment(terraform: Terraform) -> dict[str, str]:
    """Where a deployment is, and what it is called; empty: there is none."""
    outputs = json.loads(terraform.run("output", "-json").stdout or "{}")
    found: dict[str, str] = outputs.get("deployment", {}).get("value", {})
    return found


def token_keys(*arguments: str) -> None:
    """Make the first key of tokens, unless there is one; or remove what signs.

    Raises
    ------
    TerraformError
    """
    run = [sys.executable, str(ROOT / "tools" / "token_keys.py"), *arguments]
    done = subprocess.run(run, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise TerraformError(f"this has failed: tools/token_keys.py {' '.join(arguments)}")


def main() -> int:
    """Read the command line and deploy."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--instance", help="local clouds: up, test")
    where.add_argument("--aws", type=Path, metavar="FILE", help="variables file for AWS")
    parser.add_argument("--secrets", type=Path, metavar="FILE", help="{cluster: secret}, for AWS")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument("--python", default="3.13", help="AWS runtime")
    parser.add_argument("--plan", action="store_true", help="only say what differs")
    parser.add_argument(
        "--rollback",
        nargs="?",
        const="",
        metavar="RELEASE",
        help="let the release before this one, or another, be called again",
    )
    parser.add_argument(
        "--layers",
        action="store_true",
        default=settings.wants_layers(),
        help="give functions layers on the local clouds too (MCOS_LAYERS=1)",
    )
    parser.add_argument("--destroy", action="store_true", help="take it all away")
    parser.add_argument(
        "--disposable",
        action="store_true",
        help="on AWS: ask nothing, and let it be taken away with all that it holds",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="with --plan on AWS: keep it there"
    )
    options = parser.parse_args()
    if (options.disposable or options.out) and not options.aws:
        parser.error("--disposable and --out are for AWS")
    if options.out and not options.plan:
        parser.error("--out needs --plan")
    try:
        if options.instance and options.plan:
            return plan_local(options.instance, layered=options.layers)
        if options.rollback is not None:
            release = options.rollback or None
            if options.instance:
                roll_back_local(options.instance, release)
            else:
                roll_back_aws(options.aws, release)
            return 0
        if options.instance:
            deploy_local(options.instance, destroy=options.destroy, layered=options.layers)
            return 0
        target = build.Target("aws", options.python, options.architecture)
        return deploy_aws(
            options.aws,
            options.secrets,
            target,
            plan=options.plan,
            destroy=options.destroy,
            disposable=options.disposable,
            out=options.out,
        )
    except TerraformError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
