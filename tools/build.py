"""Build what Terraform deploys: one zip of functions, one zip a layer, the same bytes every time.

    python tools/build.py --target local
    python tools/build.py --target aws [--architecture arm64] [--python 3.13]

Written to ``.mcos/build/<target>/``:

``functions.zip``
    The Chalice project: ``app.py``, ``chalicelib/`` and Chalice's own runtime.
``mcos.zip``, ``common.zip``, ``age.zip``, ``auth.zip``, and one zip for each kind of backend
    The layers, laid out as ``python/...``. ``mcos`` is ours; the others are third-party wheels,
    pinned by hash in ``layers/<layer>/requirements.txt``. A layer holds only what ``common``
    does not.
``functions.json``
    What Chalice declares, and what kinds of backends there are, as data for Terraform:
    ``{"runtime", "architecture", "layers", "backend_layers": {kind: layer}, "functions":
    {name: {"handler", "memory_size", "timeout"}}}`` (MB, seconds).
``build.json``
    The digest of each package's inputs, by which an unchanged package is not built again, that
    of its zip, and its sizes in bytes.

The target ``local`` is the interpreter that runs this script, as the emulator runs functions on
it; ``aws`` is an AWS runtime, from wheels only, so no compiler is needed for another architecture.
Packages hold bytecode where an interpreter of the target's version is on the PATH; two builds are
the same where both have one, or neither.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("", "layers/mcos/python", "rescue/src")]

from clouds.files import write_whole  # noqa: E402  (the path is set above)
from mcos.storage.kinds import BACKEND_LAYERS  # noqa: E402
from mcos_rescue import build as rescue_tool  # noqa: E402

THIRD_PARTY_LAYERS = ("common", "age", "auth", *sorted(set(BACKEND_LAYERS.values())))
LAYERS = ("mcos", *THIRD_PARTY_LAYERS)
Layers = dict[str, str]
"""Folders of Python's path, by layer."""

# Part of every package's digest: raise it when this script lays packages out differently.
FORMAT = "2"

# glibc 2.34 is that of Amazon Linux 2023, which all current Python runtimes of Lambda use.
MANYLINUX = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")

# Differ from one installation to the next, or name this machine; nothing reads them in a layer.
NOT_PACKAGED_METADATA = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}

# botocore describes 400 services in 20 MB; functions call these. The rest would be most of what a
# cold start loads.
BOTOCORE_SERVICES = {
    "dynamodb",
    "events",
    "lambda",
    "s3",
    "secretsmanager",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
}

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Target:
    """Where the packages will run.

    Attributes
    ----------
    name
        ``local`` or ``aws``: also the Chalice stage and the folder under ``.mcos/build``.
    python
        Version of the interpreter, ``"3.13"``.
    architecture
        As Lambda calls it: ``arm64`` or ``x86_64``.
    """

    name: str
    python: str
    architecture: str

    @property
    def pip_options(self) -> list[str]:
        """What pip needs to choose wheels for this target."""
        if self.name == "local":
            return []
        machine = {"arm64": "aarch64"}.get(self.architecture, self.architecture)
        options = ["--implementation", "cp", "--python-version", self.python]
        for tag in MANYLINUX:
            options += ["--platform", f"{tag}_{machine}"]
        return options


def local_target() -> Target:
    """Return the target that is this interpreter on this machine."""
    arm = platform.machine().lower() in ("arm64", "aarch64")
    return Target("local", RUNNING, "arm64" if arm else "x86_64")


@dataclass(frozen=True)
class Package:
    """One zip: its name, the digest of all it is made from, and how its tree is made."""

    name: str
    inputs: str
    make: Callable[[Path], None]


def digest(*parts: str | bytes) -> str:
    """Return the SHA-256 of the parts, each with its length, as hex."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(b"%d:" % len(data) + data)
    return sha.hexdigest()


def files_of(folder: Path, *, bytecode: bool = False) -> Iterator[tuple[str, Path]]:
    """Yield the files to package under a folder as (posix name, path), sorted by name."""
    found = (path for path in folder.rglob("*") if path.is_file())
    named = sorted((path.relative_to(folder).as_posix(), path) for path in found)
    return (
        (name, path)
        for name, path in named
        if packaged(name) and (bytecode or path.suffix != ".pyc")
    )


def packaged(name: str) -> bool:
    """Tell whether a file belongs in a package: no cache, no record of pip's."""
    *folders, last = name.split("/")
    if any(part.startswith(".") for part in (*folders, last)):
        return False
    in_metadata = bool(folders) and folders[-1].endswith(".dist-info")
    return not (in_metadata and last in NOT_PACKAGED_METADATA)


def digest_of_tree(folder: Path) -> str:
    """Return the digest of the names and contents of a folder's files."""
    return digest(*(part for name, path in files_of(folder) for part in (name, path.read_bytes())))


def write_zip(folder: Path, destination: Path) -> int:
    """Zip a folder reproducibly (fixed times, modes and order); return the bytes it holds."""
    unzipped = 0
    with zipfile.ZipFile(destination, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, path in files_of(folder, bytecode=True):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = 3  # Unix, also when built elsewhere: it is where modes are read
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = path.read_bytes()
            unzipped += len(content)
            archive.writestr(entry, content)
    return unzipped


def compiler(target: Target) -> str | None:
    """Find an interpreter of the target's version, whose bytecode it can use."""
    if target.python == RUNNING:
        return sys.executable
    found = shutil.which(f"python{target.python}")
    # It may be a stand-in that knows no such version.
    works = found and subprocess.run([found, "--version"], capture_output=True).returncode == 0
    return found if works else None


def write_bytecode(tree: Path, python: str | None, root: str) -> None:
    """Compile a package's modules, or leave it without bytecode where there is no interpreter.

    Packages are read-only where they run: without this each cold start would compile every module
    that it imports. The bytecode is never checked against its source, so it holds no times, and
    it names the files as they will be under ``root``.
    """
    for cache in list(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
    if python:
        command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        run(
            [*command, "-s", str(tree), "-p", root, str(tree)],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command quietly; when it fails, show what it said and stop."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} ... failed:\n{done.stdout}{done.stderr}")


def pins(requirements: str) -> dict[str, str]:
    """Split a compiled requirements file into {``name==version``: that pin with its hashes}."""
    text = re.sub(r"^\s*#.*\n", "", requirements, flags=re.MULTILINE)
    logical = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return {line.split()[0]: line for line in logical if line}


def layer_pins(root: Path, layer: str) -> list[str]:
    """Return a third-party layer's pins, without those that the common layer brings.

    A layer's file is compiled under the common layer's constraints; a version that disagrees all
    the same would hide the common one, or be hidden by it, and is an error.
    """
    wanted = pins((root / "layers" / layer / "requirements.txt").read_text())
    if layer == "common":
        return list(wanted.values())
    common = pins((root / "layers" / "common" / "requirements.txt").read_text())
    names = {pin.split("==")[0]: pin for pin in common}
    for pin in wanted:
        agreed = names.get(pin.split("==")[0], pin)
        if agreed != pin:
            sys.exit(f"layers/{layer}: {pin} disagrees with {agreed} in layers/common")
    return [line for pin, line in wanted.items() if pin not in common]


def third_party_layer(root: Path, layer: str, target: Target) -> Package:
    """Describe a layer of wheels."""
    lines = layer_pins(root, layer)

    def make(tree: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
            requirements.write("\n".join(lines))
            requirements.flush()
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            command += ["--no-compile", "--disable-pip-version-check", "--only-binary", ":all:"]
            command += [*target.pip_options, "--require-hashes", "--requirement", requirements.name]
            run([*command, "--target", str(tree / "python")])
        shutil.rmtree(tree / "python" / "bin", ignore_errors=True)  # scripts: name this machine
        for service in (tree / "python" / "botocore" / "data").glob("*/"):
            if service.is_dir() and service.name not in BOTOCORE_SERVICES:
                shutil.rmtree(service)

    machine = f"{platform.system()}-{platform.machine()}" if target.name == "local" else ""
    python = f"{target.python} {target.architecture} {machine}"
    inputs = digest(FORMAT, python, " ".join(sorted(BOTOCORE_SERVICES)), *lines)
    return Package(layer, inputs, make)


def mcos_layer(root: Path) -> Package:
    """Describe the layer of the shared library."""
    source = root / "layers" / "mcos" / "python"
    # The rescue tool lies beside the journal on every backend: see mcos.journal.tool.
    rescue = root / "rescue" / "src"

    def make(tree: Path) -> None:
        shutil.copytree(source, tree / "python")
        journal = tree / "python" / "mcos" / "journal"
        (journal / "mcos-rescue.pyz").write_bytes(rescue_tool.archive())
        (journal / "README.txt").write_bytes(rescue_tool.readme())

    inputs = digest(FORMAT, digest_of_tree(source), digest_of_tree(rescue))
    return Package("mcos", inputs, make)


def functions_package(root: Path, target: Target, described: Path) -> Package:
    """Describe the zip of functions; making it also writes what Chalice declares."""
    project = root / "functions"

    def make(tree: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            # In a copy, as Chalice keeps a cache of zips inside the project.
            copy, out = Path(scratch, "functions"), Path(scratch, "out")
            shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__", ".chalice"))
            (copy / ".chalice").mkdir()
            shutil.copy(root / "chalice.json", copy / ".chalice" / "config.json")
            command = [sys.executable, "-c", "from chalice.cli import main; main()"]
            command += ["--project-dir", str(copy), "package", "--pkg-format", "terraform"]
            environment = {
                **os.environ,
                "AWS_DEFAULT_REGION": "us-east-1",  # Chalice wants one and uses it for nothing
                "PYTHONPATH": str(root / "layers" / "mcos" / "python"),
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            run([*command, "--stage", target.name, str(out)], environment)
            with zipfile.ZipFile(out / "deployment.zip") as archive:
                archive.extractall(tree)
            declared = json.loads((out / "chalice.tf.json").read_text())
        text = json.dumps(describe_functions(declared, target), indent=2) + "\n"
        write_whole(described, text)

    config = (root / "chalice.json").read_bytes()
    runtime = [target.name, target.python, target.architecture, version("chalice")]
    kinds = json.dumps(BACKEND_LAYERS, sort_keys=True)
    inputs = digest(FORMAT, *runtime, config, kinds, digest_of_tree(project))
    return Package("functions", inputs, make)


def describe_functions(declared: dict[str, Any], target: Target) -> dict[str, Any]:
    """Reduce Chalice's Terraform document to what our own Terraform reads."""
    functions = declared["resource"]["aws_lambda_function"]
    kept = ("handler", "memory_size", "timeout")
    return {
        "runtime": f"python{target.python}",
        "architecture": target.architecture,
        "layers": LAYERS,
        "backend_layers": BACKEND_LAYERS,
        "functions": {
            name: {key: function[key] for key in kept}
            for name, function in sorted(functions.items())
        },
    }


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one build at a time: two deployments may build the same target."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(target: Target, root: Path = ROOT, out: Path | None = None) -> dict[str, dict[str, Any]]:
    """Build what has changed of a target.

    Parameters
    ----------
    target
        Where it will run.
    root
        The repository.
    out
        Where to write; ``.mcos/build/<target>`` by default.

    Returns
    -------
    dict
        ``{package: {"inputs", "sha256", "zipped", "unzipped"}}``, sizes in bytes; as in
        ``build.json``.
    """
    out = out or root / ".mcos" / "build" / target.name
    with locked(out):
        record = out / "build.json"
        known = read_record(record)
        described = out / "functions.json"
        packages = [functions_package(root, target, described), mcos_layer(root)]
        packages += [third_party_layer(root, layer, target) for layer in THIRD_PARTY_LAYERS]
        python = compiler(target)
        for left in out.glob(".tree-*"):  # by a build that was killed
            shutil.rmtree(left)

        def built(package: Package) -> dict[str, Any]:
            inputs = digest(package.inputs, "bytecode" if python else "no bytecode")
            entry: dict[str, Any] = known.get(package.name, {})
            files = [out / f"{package.name}.zip"]
            files += [described] if package.name == "functions" else []
            if entry.get("inputs") == inputs and entry.get("sha256") == digest_of_files(files):
                return entry
            print(f"building {target.name}/{package.name}.zip", file=sys.stderr, flush=True)
            unzipped = make_zip(package, python, files[0])
            return {
                "inputs": inputs,
                "sha256": digest_of_files(files),
                "zipped": files[0].stat().st_size,
                "unzipped": unzipped,
            }

        # pip mostly waits for the network, and compiling is a process of its own.
        with ThreadPoolExecutor() as pool:
            entries = list(pool.map(built, packages))
        made = {package.name: entry for package, entry in zip(packages, entries, strict=True)}
        write_whole(record, json.dumps(made, indent=2) + "\n")
        return made


def read_record(record: Path) -> dict[str, Any]:
    """What ``build.json`` says; nothing if it is not there or not whole."""
    try:
        known: dict[str, Any] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known


def digest_of_files(files: Sequence[Path]) -> str | None:
    """Return the digest of the contents of files; None if one is not there."""
    if not all(file.exists() for file in files):
        return None
    return digest(*(file.read_bytes() for file in files))


def make_zip(package: Package, python: str | None, destination: Path) -> int:
    """Build a package; return how many bytes it holds."""
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".tree-") as tree:
        package.make(Path(tree))
        root_there = "/var/task" if package.name == "functions" else "/opt"
        write_bytecode(Path(tree), python, root_there)
        partial = destination.with_name(f".{destination.name}")
        unzipped = write_zip(Path(tree), partial)
    partial.replace(destination)
    return unzipped


def unpack_layers(packages: Mapping[str, Mapping[str, Any]], build_dir: Path, into: Path) -> Layers:
    """Unpack each layer into a folder of its own; return what goes on Python's path, by layer.

    For an emulator that runs functions on this machine: it would unpack the layers again for every
    worker that it starts. A folder's name has the digest of what is in it, so that a function never
    sees a folder change. ``isolation`` goes before all others: see there.
    """
    folders = {"isolation": str(ROOT / "clouds" / "isolation")}
    for layer in LAYERS:
        folder = into / f"{layer}-{packages[layer]['sha256'][:16]}"
        folders[layer] = str(folder)
        if folder.exists():
            continue
        partial = into / f".{folder.name}"
        shutil.rmtree(partial, ignore_errors=True)
        with zipfile.ZipFile(build_dir / f"{layer}.zip") as archive:
            archive.extractall(partial)
        (partial / "python").rename(folder)
        partial.rmdir()
    return folders


def main() -> None:
    """Build a target and print the sizes of its packages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--target", choices=("local", "aws"), default="local")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument("--python", default="3.13", help="AWS runtime, e.g. 3.13")
    parser.add_argument("--quiet", action="store_true", help="say only what is built")
    options = parser.parse_args()
    aws = Target("aws", options.python, options.architecture)
    target = local_target() if options.target == "local" else aws
    built = build(target)
    if options.quiet:
        return
    for name, entry in built.items():
        zipped, unzipped = entry["zipped"] / 1e6, entry["unzipped"] / 1e6
        print(f"{name:<10}{zipped:7.2f} MB, unzipped {unzipped:6.2f} MB")
    if not compiler(target):
        print(f"without bytecode: there is no python{target.python} here", file=sys.stderr)


if __name__ == "__main__":
    main()
