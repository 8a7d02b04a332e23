"""A kind of backend is named where EXTENDING.md says, and nowhere else."""

import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouds import clusters, services
from clouds.instance import Instance
from mcos.storage.kinds import BACKEND_KINDS, BACKEND_LAYERS
from tools import build
from tools.build import ROOT

# An S3 client is asked for by the name of its service.
NAMES = set(BACKEND_KINDS) - {"s3"}
STORAGE = ROOT / "layers" / "mcos" / "python" / "mcos" / "storage"


def sources() -> Iterator[Path]:
    for folder in ("functions", "layers/mcos", "tools", "infra/terraform"):
        for pattern in ("*.py", "*.tf"):
            yield from (ROOT / folder).rglob(pattern)


def texts_of(source: Path) -> set[str]:
    """The texts in quotes that a source holds, without its comments."""
    content = source.read_text()
    if source.suffix == ".tf":
        return set(re.findall(r'"([^"\n]*)"', content))
    tokens = tokenize.generate_tokens(io.StringIO(content).readline)
    return {token.string.strip("\"'") for token in tokens if token.type == tokenize.STRING}


def test_no_code_but_that_of_storage_names_a_kind() -> None:
    found = {str(one) for one in sources() if STORAGE not in one.parents and texts_of(one) & NAMES}
    assert found == set()


def test_a_name_would_be_found() -> None:
    found = {one.name for one in STORAGE.glob("*.py") if texts_of(one) & NAMES}
    assert {"kinds.py", "swift.py", "ceph.py"} <= found


def test_terraform_is_told_of_every_kind_and_its_layer() -> None:
    declared: dict[str, Any] = {"resource": {"aws_lambda_function": {}}}
    described = json.loads(json.dumps(build.describe_functions(declared, build.local_target())))
    assert described["backend_layers"] == BACKEND_LAYERS
    assert set(BACKEND_LAYERS.values()) <= set(described["layers"])


@pytest.mark.parametrize("layer", build.THIRD_PARTY_LAYERS)
def test_every_layer_has_its_requirements(layer: str) -> None:
    assert (ROOT / "layers" / layer / "requirements.in").exists()
    assert (ROOT / "layers" / layer / "requirements.txt").exists()


def test_every_kind_has_a_local_service(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCOS_CEPH", "fallback")
    clusters.settle(instance, clusters.COUNTS[-1])
    local = services.backends_of(instance).values()
    assert {backend.kind for backend in local} == set(BACKEND_KINDS)
