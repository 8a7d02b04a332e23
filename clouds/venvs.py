"""Virtual environments, each made from a file of pinned, hashed requirements."""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from clouds import progress
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import REPOSITORY, STATE

TOOLS = "tools"
"""What the tools need and the servers do not. Its pip fills the others."""
_REQUIREMENTS = Path(__file__).parent / "requirements"
_STAMP = "installed"


def python_of(name: str) -> Path:
    """The interpreter of the environment ``name``: "tools", "emulator", "swift", "keystone"."""
    return STATE / "venvs" / name / "bin" / "python"


def install(name: str) -> None:
    """Make the environment ``name``, unless it is there and made from the same requirements."""
    if _is_installed(name):
        return
    with progress.timed(name, "installing", "installed"):
        if name != TOOLS:
            # Without pip in it: what is in the emulator's environment, Lambdas could import.
            _create(name, with_pip=False)
        else:
            create_tools()
        _begun(name).touch()
        _pip_install(name)
        write_whole(_stamp(name), _wanted(name))
        _begun(name).unlink()


def create_tools() -> None:
    """Make the environment of the tools with nothing but pip in it, unless it is there."""
    if _is_installed(TOOLS):
        return
    # What a killed pip has left may look complete to the next one.
    if _begun(TOOLS).exists() or not _has_pip(TOOLS):
        _create(TOOLS, with_pip=True)


def _requirements(name: str) -> Path:
    folder = REPOSITORY / "requirements" if name == TOOLS else _REQUIREMENTS
    return folder / f"{name}.txt"


def _stamp(name: str) -> Path:
    return STATE / "venvs" / name / _STAMP


def _begun(name: str) -> Path:
    return STATE / "venvs" / name / "begun"


def _wanted(name: str) -> str:
    # An environment points at its interpreter and at its own folder: a new Python, or a
    # repository that was moved, needs a new environment.
    digest = hashlib.sha256(_requirements(name).read_bytes()).hexdigest()
    return f"{digest} {sys.version} {STATE / 'venvs' / name}\n"


def _create(name: str, *, with_pip: bool) -> None:
    folder = STATE / "venvs" / name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=with_pip, symlinks=True)
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode(errors="replace").strip()
        raise CloudsError(f"no virtual environment with pip can be made here:\n{said}") from error


def _is_installed(name: str) -> bool:
    return _stamp(name).exists() and _stamp(name).read_text() == _wanted(name)


def _has_pip(name: str) -> bool:
    command = [str(python_of(name)), "-m", "pip", "--version"]
    return python_of(name).exists() and not subprocess.run(command, capture_output=True).returncode


def _pip_install(name: str) -> None:
    requirements = _requirements(name)
    here = name != TOOLS and importlib.util.find_spec("pip") is not None
    pip = [sys.executable if here else str(python_of(TOOLS)), "-m", "pip"]
    command = [*pip, "--python", str(python_of(name)), "install", "--quiet"]
    # The file names all that is needed, so there is nothing to find out.
    command += ["--no-deps", "--require-hashes", "--requirement", str(requirements)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise CloudsError(f"pip could not install {requirements}:\n{done.stdout.strip()}")
