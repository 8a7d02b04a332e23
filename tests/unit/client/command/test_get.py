"""Getting objects into files."""

from pathlib import Path

import httpx
import pytest

from mcos_client.transfer import download
from tests.unit.client.command.conftest import LARGE
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem

pytestmark = pytest.mark.usefixtures("container")


def test_get_names_the_file_after_the_object(
    mcos: Mcos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mcos("put", "-", "c/folder/o", stdin=b"1")
    mcos("get", "c/folder/o")
    assert Path("o").read_bytes() == b"1"
    mcos("put", "-", "c/..", stdin=b"1")
    mcos("get", "c/..", code=2)
    mcos("get", "c/..", "dots")
    assert Path("dots").read_bytes() == b"1"


def test_a_get_that_fails_leaves_the_file_as_it_was(mcos: Mcos, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    mcos("get", "c/o", str(file), code=3)
    assert file.read_bytes() == b"old"


def test_get_replaces_a_file_and_keeps_its_permissions(mcos: Mcos, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_bytes(b"old")
    file.chmod(0o640)
    mcos("put", "-", "c/o", stdin=b"new")
    mcos("get", "c/o", str(file))
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert [one.name for one in folder.iterdir()] == ["file"]


def test_a_get_that_fails_can_go_on(
    mcos: Mcos, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RANGE", 5000)
    mcos("put", str(large), "c/o", "--wait")
    target = tmp_path / "target"

    def refuse(request: httpx.Request) -> httpx.Response | None:
        begins = request.headers.get("range", "").startswith("bytes=10000-")
        return httpx.Response(500) if begins else None

    def refuse_again(request: httpx.Request) -> httpx.Response | None:
        ranged = request.headers.get("range", "").startswith("bytes=10000-")
        return problem(503, "replicas_unavailable") if ranged else None

    mcos.system.storage.instead, mcos.system.instead = refuse, refuse_again
    mcos("get", "c/o", str(target), "--parallel", "1", code=6)
    assert not target.exists()
    mcos.system.storage.instead = mcos.system.instead = lambda request: None
    fetched = len(mcos.system.storage.requests)
    mcos("get", "c/o", str(target))
    assert target.read_bytes() == LARGE
    assert len(mcos.system.storage.requests) - fetched == 3  # of five ranges, two were there


def test_an_object_that_has_a_pattern_as_its_name_is_got_like_any_other(
    mcos: Mcos, tmp_path: Path
) -> None:
    for name in ("*", "b", "x/*", "y[1]/z"):
        mcos("put", "-", f"c/{name}", stdin=name.encode())
    mcos("get", "c/*", str(tmp_path / "file"))
    mcos("get", "c/x/*", str(tmp_path))
    mcos("get", "c/y[1]/z", str(tmp_path))
    files = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    assert files == {"file": b"*", "*": b"x/*", "z": b"y[1]/z"}
