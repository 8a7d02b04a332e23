"""The packages: small, reproducible, and made for where they run."""

import re
import struct
import sys
import zipfile

import pytest

from mcos.storage.kinds import BACKEND_LAYERS
from tests.infrastructure.conftest import Built
from tools import build

BUDGET_BYTES = 60_000_000
ELF_MACHINE = 18
"""Where an ELF file names its machine."""
AARCH64 = 183
LAYERS_TOGETHER = [
    ("mcos", "common", "auth"),
    *(("mcos", "common", "age", layer) for layer in sorted(set(BACKEND_LAYERS.values()))),
]


@pytest.fixture(params=["local", "aws"])
def built(request: pytest.FixtureRequest, built_local: Built, built_aws: Built) -> Built:
    return {"local": built_local, "aws": built_aws}[request.param]


def names(built: Built, package: str) -> list[str]:
    with zipfile.ZipFile(built.folder / f"{package}.zip") as archive:
        return archive.namelist()


def test_a_build_from_nothing_is_the_one_that_was_deployed_byte_for_byte(
    built_local: Built,
) -> None:
    deployed = build.ROOT / ".mcos" / "build" / "local"
    for package in built_local.packages:
        assert (built_local.folder / f"{package}.zip").read_bytes() == (
            deployed / f"{package}.zip"
        ).read_bytes(), package
    described = "functions.json"
    assert (built_local.folder / described).read_text() == (deployed / described).read_text()


def test_nothing_is_built_again_when_nothing_changed(
    built_local: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(command: list[str], environment: dict[str, str] | None = None) -> None:
        raise AssertionError(command)

    monkeypatch.setattr(build, "run", unexpected)
    again = build.build(build.local_target(), out=built_local.folder)
    assert again == built_local.packages


def test_no_function_exceeds_the_budget_whatever_its_layers(built: Built) -> None:
    assert sum(package["unzipped"] for package in built.packages.values()) <= BUDGET_BYTES


@pytest.mark.parametrize("layers", LAYERS_TOGETHER)
def test_no_layer_hides_a_file_of_another(built: Built, layers: tuple[str, ...]) -> None:
    all_names = [name for layer in layers for name in names(built, layer)]
    assert len(all_names) == len(set(all_names))
    assert all(name.startswith("python/") for name in all_names)


def test_packages_hold_nothing_of_this_machine(built: Built) -> None:
    here = [str(build.ROOT).encode(), str(built.folder).encode()]
    for package in built.packages:
        with zipfile.ZipFile(built.folder / f"{package}.zip") as archive:
            for entry in archive.infolist():
                assert entry.date_time == build.ZIP_EPOCH
                assert not re.search(r"(^|/)\.|/RECORD$|/direct_url\.json$", entry.filename)
                assert not any(path in archive.read(entry) for path in here), entry.filename


def test_functions_have_the_bytecode_of_their_interpreter(built_local: Built) -> None:
    tag = f".{sys.implementation.cache_tag}.pyc"
    for package in ("functions", "mcos", "common"):
        there = set(names(built_local, package))
        for name in there:
            if name.endswith(".py"):
                folder, _, module = name.removesuffix(".py").rpartition("/")
                assert "/".join(filter(None, (folder, "__pycache__", module + tag))) in there


def test_native_code_is_for_the_architecture_of_the_target(built_aws: Built) -> None:
    machines = {}
    for package in built_aws.packages:
        with zipfile.ZipFile(built_aws.folder / f"{package}.zip") as archive:
            for name in archive.namelist():
                if name.endswith(".so"):
                    machines[name] = struct.unpack_from("<H", archive.read(name), ELF_MACHINE)[0]
    assert machines
    assert set(machines.values()) == {AARCH64}, machines


def test_layers_must_agree_with_the_common_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("root")
    for layer, text in {"common": "one==1.0 --hash=sha256:0\n", "s3": "one==2.0\n"}.items():
        (root / "layers" / layer).mkdir(parents=True)
        (root / "layers" / layer / "requirements.txt").write_text(text)
    with pytest.raises(SystemExit, match="disagrees"):
        build.layer_pins(root, "s3")
