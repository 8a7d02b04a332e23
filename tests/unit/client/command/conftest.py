"""Where subcommands work: a container, a folder, a large file; parts may be small."""

from pathlib import Path

import pytest

from mcos_client.command.names import sizes
from tests.unit.client.command_line import Mcos
from tests.unit.client.conftest import SMALL
from tests.unit.client.trees import TREE, write

LARGE = bytes(range(256)) * (SMALL // 256 + 1)


@pytest.fixture
def container(mcos: Mcos) -> None:
    """A container ``c``."""
    mcos("mb", "c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some files."""
    return write(tmp_path / "folder", TREE)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that no call carries."""
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return path


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts be as small as somebody asks for."""
    monkeypatch.setattr(sizes, "SMALLEST_PART", 1)
