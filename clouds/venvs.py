"""The servers' own virtual environments, each made from a file of pinned, hashed requirements."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from clouds import progress
from clouds.errors import CloudsError
from clouds.instance import STATE

_REQUIREMENTS = Path(__file__).parent / "requirements"
_STAMP = "installed"


def python_of(name: str) -> Path:
    """The interpreter of the environment ``name`` ("emulator" or "swift")."""
    return STATE / "venvs" / name / "bin" / "python"


def install(name: str) -> None:
    """Make the environment ``name``, unless it is there and made from the same requirements."""
    requirements = _REQUIREMENTS / f"{name}.txt"
    folder = STATE / "venvs" / name
    stamp = folder / _STAMP
    # An environment points at its interpreter and at its own folder: a new Python, or a
    # repository that was moved, needs a new environment.
    wanted = f"{hashlib.sha256(requirements.read_bytes()).hexdigest()} {sys.version} {folder}\n"
    if stamp.exists() and stamp.read_text() == wanted and python_of(name).exists():
        return
    with progress.timed(name, "installing", "installed"):
        shutil.rmtree(folder, ignore_errors=True)
        # Without pip in it: what is in the emulator's environment, Lambdas can import.
        venv.create(folder, with_pip=False, symlinks=True)
        _pip_install(python_of(name), requirements)
        stamp.write_text(wanted)


def _pip_install(python: Path, requirements: Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    command += ["--require-hashes", "--requirement", str(requirements)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise CloudsError(f"pip could not install {requirements}:\n{done.stdout.strip()}")
