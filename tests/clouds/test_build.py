"""What is built for the local clouds is whole, whenever the build was killed."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools import build
from tools.build import LAYERS, Package


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packages that were built, each of which holds one small module."""
    names: list[str] = []

    def package(name: str) -> Package:
        def make(tree: Path) -> None:
            names.append(name)
            (tree / "python").mkdir()
            (tree / "python" / f"of_{name}.py").write_text(f"NAME = {name!r}\n")

        return Package(name, f"inputs of {name}", make)

    def functions(root: Path, target: build.Target, described: Path) -> Package:
        whole = package("functions")

        def make(tree: Path) -> None:
            whole.make(tree)
            described.write_text("{}\n")

        return Package("functions", whole.inputs, make)

    monkeypatch.setattr(build, "functions_package", functions)
    monkeypatch.setattr(build, "mcos_layer", lambda root: package("mcos"))
    monkeypatch.setattr(build, "third_party_layer", lambda root, layer, target: package(layer))
    return names


def built(out: Path) -> dict[str, dict[str, Any]]:
    return build.build(build.local_target(), out=out)


def test_what_has_not_changed_is_not_built_again(tmp_path: Path, made: list[str]) -> None:
    first = built(tmp_path)
    assert sorted(made) == sorted(["functions", *LAYERS])
    made.clear()
    assert built(tmp_path) == first
    assert made == []


@pytest.mark.parametrize("half", ["functions.zip", "common.zip", "functions.json"])
def test_what_is_not_whole_is_built_again(tmp_path: Path, made: list[str], half: str) -> None:
    first = built(tmp_path)
    made.clear()
    file = tmp_path / half
    file.write_bytes(file.read_bytes()[:-2])
    assert built(tmp_path) == first
    assert made == [half.split(".")[0]]


@pytest.mark.parametrize("record", ["", '{"mcos": {"inp', "gone"])
def test_an_incomplete_record_counts_as_missing(
    tmp_path: Path, made: list[str], record: str
) -> None:
    first = built(tmp_path)
    file = tmp_path / "build.json"
    file.unlink() if record == "gone" else file.write_text(record)
    (tmp_path / ".tree-of-a-build-that-was-killed").mkdir()
    assert built(tmp_path) == first == json.loads(file.read_text())
    assert not list(tmp_path.glob(".tree-*"))


def test_layers_are_unpacked_once_each_into_a_folder_named_by_what_it_holds(
    tmp_path: Path, made: list[str]
) -> None:
    packages = built(tmp_path)
    half = tmp_path / "layers" / f".mcos-{packages['mcos']['sha256'][:16]}"
    half.mkdir(parents=True)
    (half / "left by one that was killed").touch()
    folders = build.unpack_layers(packages, tmp_path, tmp_path / "layers")
    assert set(folders) == {"isolation", *LAYERS}
    assert not half.exists()
    for layer in LAYERS:
        folder = Path(folders[layer])
        assert packages[layer]["sha256"].startswith(folder.name.split("-")[1])
        with zipfile.ZipFile(tmp_path / f"{layer}.zip") as archive:
            packed = {name.removeprefix("python/") for name in archive.namelist()}
        there = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
        assert there == packed
    before = Path(folders["mcos"]).stat().st_mtime_ns
    assert build.unpack_layers(packages, tmp_path, tmp_path / "layers") == folders
    assert Path(folders["mcos"]).stat().st_mtime_ns == before
