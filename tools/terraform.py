"""Find Terraform and its AWS provider, and run it.

Terraform is the one on the PATH, or else a pinned release that is fetched once and checked. The
provider is one that lies on this machine, if there is any, or else comes from Terraform's own
registry; either way its digest has to be in ``.terraform.lock.hcl``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "infra" / "terraform"

NEEDED = (1, 11)
RELEASE = "1.11.4"
RELEASE_SHA256 = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
RELEASE_URL = "https://releases.hashicorp.com/terraform/{0}/terraform_{0}_{1}.zip"
FETCH_SECONDS = 60

# Where providers are put by those who mirror them, and where else one is looked for, two folders
# deep.
MIRRORS = (
    "~/.terraform.d/plugins",
    "~/.terraform.d/plugin-cache",
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
)
SEARCHED = ("/opt", "/usr/local", "/var/lib")


class TerraformError(Exception):
    """Terraform is missing, or failed; the text is for whoever runs the command."""


def this_platform() -> str:
    """Return this machine as Terraform names it, for instance ``linux_amd64``."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{platform.system().lower()}_{names.get(machine, machine)}"


def find_terraform() -> Path:
    """Return a Terraform that is new enough, fetching one if need be.

    Raises
    ------
    TerraformError
        There is none and none can be fetched.
    """
    on_path = shutil.which("terraform")
    if on_path and _version(on_path) >= NEEDED:
        return Path(on_path)
    fetched = ROOT / ".mcos" / "bin" / f"terraform-{RELEASE}"
    if not fetched.exists():
        fetch_terraform(fetched)
    return fetched


def _version(executable: str) -> tuple[int, ...]:
    done = subprocess.run([executable, "version", "-json"], capture_output=True, text=True)
    if done.returncode:
        return ()
    # What comes before the document are warnings.
    version = json.loads(done.stdout[done.stdout.index("{") :])["terraform_version"]
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def fetch_terraform(destination: Path) -> None:
    """Fetch the pinned release, and keep it only if its digest is the pinned one."""
    system = this_platform()
    how = (
        f"Terraform {NEEDED[0]}.{NEEDED[1]} or later is needed and cannot be fetched ({{}}): "
        "see https://developer.hashicorp.com/terraform/install"
    )
    if system not in RELEASE_SHA256:
        raise TerraformError(how.format(f"no release is pinned for {system}"))
    print(f"fetching Terraform {RELEASE}", file=sys.stderr, flush=True)
    try:
        url = RELEASE_URL.format(RELEASE, system)
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as reply:  # noqa: S310  (https)
            archive = reply.read()
    except OSError as error:
        raise TerraformError(how.format(error)) from error
    if hashlib.sha256(archive).hexdigest() != RELEASE_SHA256[system]:
        raise TerraformError(how.format("what was fetched has another digest than the pinned one"))
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_suffix(f".{os.getpid()}")
    partial.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform"))
    partial.chmod(0o755)
    partial.replace(destination)


def provider_version() -> str:
    """Return the version of the AWS provider that is locked."""
    lock = (CONFIGURATION / ".terraform.lock.hcl").read_text()
    found = re.search(r'hashicorp/aws" \{\s*version\s*=\s*"([^"]+)"', lock)
    if not found:
        raise TerraformError(".terraform.lock.hcl names no version of the AWS provider")
    return found.group(1)


def provider_mirrors() -> Iterator[Path]:
    """Yield the folders on this machine that hold the provider, likely ones first.

    A mirror holds ``<registry>/hashicorp/aws/<version>/<platform>/``, or
    ``<registry>/hashicorp/aws/terraform-provider-aws_<version>_<platform>.zip``.
    """
    version, system = provider_version(), this_platform()
    unpacked = f"registry*/hashicorp/aws/{version}/{system}"
    packed = f"registry*/hashicorp/aws/terraform-provider-aws_{version}_{system}.zip"
    usual = [Path(mirror).expanduser() for mirror in MIRRORS]
    if cache := os.environ.get("TF_PLUGIN_CACHE_DIR"):
        usual.insert(0, Path(cache).expanduser())
    searched = ((Path(base), deep) for base in SEARCHED for deep in ("", "*/", "*/*/"))
    for base, deep in [*((mirror, "") for mirror in usual), *searched]:
        for pattern, above in ((unpacked, 4), (packed, 3)):
            for found in sorted(base.glob(deep + pattern)):
                yield found.parents[above]


class Terraform:
    """Terraform on our configuration, with one state.

    Parameters
    ----------
    data
        Its working folder.
    state
        File of the state; None where ``backend_override.tf`` says where it is.
    environment
        What it sees of the environment.
    configuration
        The root module.
    """

    def __init__(
        self,
        data: Path,
        state: Path | None,
        environment: Mapping[str, str],
        configuration: Path = CONFIGURATION,
    ) -> None:
        self.executable = find_terraform()
        self.state = state
        self.configuration = configuration
        self.environment = {
            **environment,
            "TF_DATA_DIR": str(data),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        data.mkdir(parents=True, exist_ok=True)
        named = Path(environment.get("TF_CLI_CONFIG_FILE", "")).expanduser()
        if not named.is_file():
            # One of ours: that which the environment names may not exist.
            ours = data / "terraform.rc"
            ours.write_text("disable_checkpoint = true\n")
            self.environment["TF_CLI_CONFIG_FILE"] = str(ours)

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the whole command."""
        chosen = [str(self.executable), f"-chdir={self.configuration}"]
        return [*chosen, *map(str, arguments)]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, keeping what it prints."""
        return subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True
        )

    def init(self, *, backend: bool = True) -> None:
        """Prepare the working folder: with a provider of this machine, or from the registry.

        Raises
        ------
        TerraformError
            No provider can be had.
        """
        command = ["init", "-input=false", "-no-color", "-lockfile=readonly", "-reconfigure"]
        if not backend:
            command.append("-backend=false")
        elif self.state:
            command.append(f"-backend-config=path={self.state}")
        failures = []
        for mirror in [*provider_mirrors(), None]:
            done = self.run(*command, *([f"-plugin-dir={mirror}"] if mirror else []))
            if done.returncode == 0:
                return
            failures.append(f"{mirror or 'registry'}: {done.stderr.strip()}")
        raise TerraformError("terraform init failed\n" + "\n".join(failures))

    def stream(self, *arguments: str, log: Path, on_event: Callable[[dict[str, Any]], None]) -> int:
        """Run a command that reports as JSON lines; return its exit status.

        Parameters
        ----------
        log
            Where all lines are kept.
        on_event
            Called with each line, decoded.
        """
        command = self.command(*arguments)
        with (
            log.open("w") as kept,
            subprocess.Popen(
                command,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            for line in process.stdout or ():
                kept.write(line)
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"type": "text", "@message": line.rstrip()}
                on_event(event)
        return process.returncode
