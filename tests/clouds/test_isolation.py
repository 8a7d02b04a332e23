"""A function of the embedded emulator sees its layers, and nothing that is the emulator's own."""

import os
import subprocess
import sys
from pathlib import Path

from tools.build import ROOT

ISOLATION = ROOT / "clouds" / "isolation"


def imports(module: str, *folders: Path) -> bool:
    """Whether a new process of this interpreter can import a module."""
    return not subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        env={"PYTHONPATH": os.pathsep.join(map(str, folders)), "PATH": os.defpath},
        stderr=subprocess.DEVNULL,
    ).returncode


def test_what_is_installed_beside_the_emulator_is_not_found() -> None:
    assert imports("pytest")
    assert not imports("pytest", ISOLATION)


def test_what_is_in_a_layer_and_in_python_is_found(tmp_path: Path) -> None:
    (tmp_path / "of_a_layer.py").touch()
    assert imports("of_a_layer, ctypes, sqlite3", ISOLATION, tmp_path)
