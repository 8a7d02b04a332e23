"""The examples of the pages for users run as they are written, on a system behind a socket."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.client.command_line import Mcos
from tests.unit.client.loopback import serving
from tests.unit.client.system import ENTRY_POINT
from tests.unit.client.test_budgets import SOURCE
from tests.unit.client.trees import write

PAGES = Path(__file__).parents[3] / "docs" / "tasks"

_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_REGISTER = """
import fsspec
fsspec.register_implementation("mcos", "mcos_client.fs.McosFileSystem")
"""

SRV = {"srv/a.txt": b"1", "srv/b/c.txt": b"2"}
FILMS = {"films/new.mov": b"1", "films/old.mov": b"2"}
WORK = {"work/a.txt": b"1", "work/a.bak": b"2", "work/node_modules/x": b"3"}
PHOTOS = {"photos/2026/sea.jpg": b"sea", "photos/2026/sky.jpg": b"sky"}

# What rclone would bring: it is not what is tried here, and has no S3 here.
RCLONE = f"""#!{sys.executable}
import pathlib, sys
photos = {PHOTOS!r}
match sys.argv[1:]:
    case ["copy", "s3:photos", "photos"]:
        for name, content in photos.items():
            pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(name).write_bytes(content)
    case ["cat", "s3:photos/2026/sea.jpg"]:
        sys.stdout.buffer.write(photos["photos/2026/sea.jpg"])
    case _:
        sys.exit(2)
"""


def backup(mcos: Mcos) -> None:
    stored = mcos.system.stored("backups")
    assert set(stored) == {"srv-2026-01-31.tar.gz", "srv.tar.gz"}
    assert set(mcos.system.stored("safe")) == {"srv.tar.gz"}


def sync(mcos: Mcos) -> None:
    assert mcos.system.stored("films") == {"all/new.mov": b"1", "work/a.txt": b"1"}


def share(mcos: Mcos) -> None:
    assert mcos("shares").text == ""


def tables(mcos: Mcos) -> None:
    assert len(mcos.system.stored("measurements")) == 32


def move(mcos: Mcos) -> None:
    expected = {name.removeprefix("photos/"): content for name, content in PHOTOS.items()}
    assert mcos.system.stored("photos") == expected


AFTER: dict[str, tuple[dict[str, bytes], Callable[[Mcos], None]]] = {
    "backup.md": (SRV, backup),
    "sync.md": ({**FILMS, **WORK}, sync),
    "share.md": ({"sea.jpg": b"sea"}, share),
    "pandas.md": ({}, tables),
    "move.md": ({}, move),
}


def test_every_page_is_tried() -> None:
    assert {one.name for one in PAGES.glob("*.md")} == AFTER.keys()


@pytest.mark.parametrize("page", AFTER)
def test_the_examples_of_a_page_run(mcos: Mcos, tmp_path: Path, page: str) -> None:
    files, check = AFTER[page]
    blocks = _BLOCK.findall((PAGES / page).read_text())
    assert blocks
    mcos.system.add_account()
    if page == "pandas.md":
        mcos("mb", "measurements")
    folder = write(tmp_path / "here", files)
    folder.mkdir(exist_ok=True)
    programs = tmp_path / "bin"
    write(
        programs,
        {
            "mcos": f'#!/bin/sh\nexec {sys.executable} -m mcos_client "$@"\n'.encode(),
            "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode(),
            "rclone": RCLONE.encode(),
        },
    )
    for one in programs.iterdir():
        one.chmod(0o755)
    (language,) = {language for language, _ in blocks}
    code = "\n".join(block for _, block in blocks)
    command = (
        ["bash", "-euo", "pipefail", "-c", code]
        if language == "bash"
        else [sys.executable, "-c", _REGISTER + code]
    )
    with serving(mcos.system) as address:
        config = tmp_path / "mcos.json"
        config.write_text(mcos.config.read_text().replace(ENTRY_POINT, f"{address}/base"))
        config.chmod(0o600)
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": str(SOURCE),
                "MCOS_CONFIG": str(config),
                "XDG_STATE_HOME": str(tmp_path / "state"),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done
    check(mcos)
