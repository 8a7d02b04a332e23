"""cp and rm of whole folders."""

from pathlib import Path

import httpx
import pytest

from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem

TREE = {"a.txt": b"1", "b/c.bin": bytes(range(256)), "b/d/e": b"", "ü #%/f": b"2"}


@pytest.fixture
def folder(mcos: Mcos, tmp_path: Path) -> Path:
    """A folder with some files, and a container to copy it to."""
    mcos("mb", "c")
    return write(tmp_path / "folder", TREE)


def write(folder: Path, tree: dict[str, bytes]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def stored(mcos: Mcos) -> dict[str, bytes]:
    return mcos.system.stored()


@pytest.mark.parametrize(("target", "prefix"), [("mcos:c", ""), ("mcos:c/x", "x/")])
def test_a_folder_goes_there_and_back(
    mcos: Mcos, folder: Path, tmp_path: Path, target: str, prefix: str
) -> None:
    values = mcos("cp", "-r", str(folder), target, "--json").values
    assert sorted(one["name"] for one in values) == sorted(prefix + name for name in TREE)
    assert stored(mcos) == {prefix + name: content for name, content in TREE.items()}
    mcos("cp", "-r", target, str(tmp_path / "back"))
    assert read(tmp_path / "back") == TREE


def test_a_file_goes_into_what_ends_in_a_slash_and_under_the_name_of_what_does_not(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    file = str(folder / "a.txt")
    for target in ("mcos:c", "mcos:c/x/", "mcos:c/y"):
        mcos("cp", file, target)
    assert sorted(stored(mcos)) == ["a.txt", "x/a.txt", "y"]
    mcos("cp", "mcos:c/x/a.txt", str(tmp_path))
    assert (tmp_path / "a.txt").read_bytes() == b"1"
    mcos("cp", "mcos:c/x/a.txt", str(tmp_path / "z"))
    assert (tmp_path / "z").read_bytes() == b"1"


def test_only_what_is_below_a_folder_is_copied_and_deleted(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    for name in ("b", "b/1", "b2"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos("cp", "-r", "mcos:c/b", str(tmp_path / "back"))
    assert sorted(read(tmp_path / "back")) == ["1"]
    mcos("rm", "-r", "c/b")
    assert sorted(stored(mcos)) == ["b2"]
    mcos("rm", "-r", "c/none", code=3)
    mcos("rm", "-r", "c")
    assert stored(mcos) == {}
    mcos("rm", "-r", "c")


OUT = ["../out", "x/../../out", "/out", "x//y", "x/", "."]


def test_no_name_leads_out_of_the_folder(mcos: Mcos, folder: Path, tmp_path: Path) -> None:
    for one in (*OUT, "good"):
        mcos("put", "-", f"c/p/{one}", stdin=b"1")
    result = mcos("cp", "-r", "mcos:c/p", str(tmp_path / "back"), code=1)
    assert result.errors.count("no path below a folder") == len(OUT)
    assert read(tmp_path / "back") == {"good": b"1"}
    assert not (tmp_path / "out").exists()


def test_one_that_fails_does_not_stop_the_others(mcos: Mcos, folder: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        refused = request.method == "POST" and request.url.path.endswith("a.txt")
        return problem(403, "not_permitted") if refused else None

    mcos.system.instead = refuse
    result = mcos("cp", "-r", str(folder), "mcos:c", code=5)
    assert sorted(stored(mcos)) == sorted(TREE.keys() - {"a.txt"})
    assert result.errors.count("\n") == 1
    assert "a.txt" in result.errors
    assert "not_permitted" in result.errors


def test_a_link_to_a_folder_is_told_and_left_out(mcos: Mcos, folder: Path) -> None:
    (folder / "round").symlink_to(folder)
    result = mcos("cp", "-r", str(folder), "mcos:c")
    assert "a link to a folder, left out" in result.errors
    assert stored(mcos) == TREE


def test_rm_takes_what_others_delete_for_deleted(mcos: Mcos, folder: Path) -> None:
    mcos("cp", "-r", str(folder), "mcos:c")

    def gone(request: httpx.Request) -> httpx.Response | None:
        if request.method != "DELETE":
            return None
        return problem(404, "object_not_found")

    mcos.system.instead = gone
    assert len(mcos("rm", "-r", "c", "--json").values) == len(TREE)
