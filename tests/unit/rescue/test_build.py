"""The tool is one file that runs, the same whenever it is made."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcos_rescue import build, journal


def test_the_file_runs_with_nothing_but_python(tmp_path: Path) -> None:
    path = tmp_path / "mcos-rescue.pyz"
    path.write_bytes(build.archive())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(path), "--help"],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        check=True,
    )
    assert "get-all" in done.stdout


def test_the_same_sources_make_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.archive()
    monkeypatch.setattr(time, "time", lambda: 1.0)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert build.archive() == first
    assert b"__pycache__" not in first


def test_the_format_is_described_for_whoever_finds_it() -> None:
    text = build.readme().decode("ascii")
    assert journal.CATALOG in text
    assert max(map(len, text.splitlines())) <= 96
    assert build.readme() in build.archive()
