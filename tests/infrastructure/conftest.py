"""What is checked here is what was deployed: the state of an instance of the local clouds.

``make test`` deploys the instance ``test`` first; ``MCOS_INSTANCE`` names another.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools import build
from tools.terraform import ROOT, Terraform

INSTANCE = ROOT / ".mcos" / os.environ.get("MCOS_INSTANCE", "test")


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, but for what could lead to an AWS account."""
    return {name: text for name, text in environment.items() if not name.startswith("AWS_")}


@dataclass(frozen=True)
class Deployment:
    """What Terraform knows of an instance."""

    resources: list[dict[str, Any]]
    variables: dict[str, Any]
    state_text: str

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The attributes of all resources of a type, each with its ``address``."""
        found = [one for one in self.resources if one["type"] == kind]
        return [{**one["values"], "address": one["address"]} for one in found]

    @property
    def clusters(self) -> list[str]:
        """Names of the clusters."""
        return sorted(self.variables["clusters"])


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    folder = INSTANCE / "terraform"
    state = folder / "terraform.tfstate"
    if not state.exists():
        pytest.fail(f"{INSTANCE.name} is not deployed: tools/deploy.py --instance {INSTANCE.name}")
    terraform = Terraform(folder / "data", state, without_aws(os.environ))
    shown = terraform.run("show", "-json", str(state))
    assert shown.returncode == 0, shown.stderr
    root = json.loads(shown.stdout)["values"]["root_module"]
    variables = json.loads((folder / "local.tfvars.json").read_text())
    return Deployment(list(_resources(root)), variables, state.read_text())


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with a working folder and an empty state of its own."""
    folder = tmp_path_factory.mktemp("terraform")
    made = Terraform(folder / "data", folder / "terraform.tfstate", without_aws(os.environ))
    made.init()
    return made


@dataclass(frozen=True)
class Built:
    """A target's packages, and the folder they are in."""

    folder: Path
    packages: dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def built_local(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The packages of the local target, built from nothing."""
    folder = tmp_path_factory.mktemp("local")
    return Built(folder, build.build(build.local_target(), out=folder))


@pytest.fixture(scope="session")
def built_aws(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The packages of the AWS target, built from nothing."""
    folder = tmp_path_factory.mktemp("aws")
    return Built(folder, build.build(build.Target("aws", "3.13", "arm64"), out=folder))
