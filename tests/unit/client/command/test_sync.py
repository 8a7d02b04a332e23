"""sync moves what differs, says what it compared, and deletes only what it may."""

import os
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.support.paths import object_path
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem
from tests.unit.client.trees import TREE, read, write

PARTS = bytes(10 * 1024) + b"1" * 10 * 1024 + b"2"

OLD = 1_600_000_000_123_456_789


@pytest.fixture
def folder(mcos: Mcos, tmp_path: Path) -> Path:
    mcos("mb", "c")
    folder = write(tmp_path / "folder", TREE)
    for name in TREE:
        os.utime(folder / name, ns=(OLD, OLD))
    return folder


READABLE = {name: content for name, content in TREE.items() if not name.startswith("b/")}


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no folder ``b`` be read; to who runs the tests nothing may be denied."""
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def writes(mcos: Mcos) -> int:
    return sum(one.method in ("POST", "PUT", "DELETE") for one in mcos.system.requests)


def test_the_second_time_nothing_is_moved_and_it_says_so(mcos: Mcos, folder: Path) -> None:
    first = mcos("sync", str(folder), "mcos:c/x")
    assert mcos.system.stored() == {f"x/{name}": content for name, content in TREE.items()}
    assert f"{len(TREE)} copied" in first.text
    assert "compared by size and time" in first.text
    before = writes(mcos)
    second = mcos("sync", str(folder), "mcos:c/x")
    assert second.text == "nothing to do: 4 are the same, compared by size and time\n"
    assert writes(mcos) == before
    [summary] = mcos("sync", str(folder), "mcos:c/x", "--json").values
    assert summary == {
        "compared_by": "size and time",
        "copied": 0,
        "bytes": 0,
        "deleted": 0,
        "equal": 4,
    }


def test_the_other_way_too_and_files_are_as_old_as_what_was_stored(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    mcos("sync", str(folder), "mcos:c/x")
    back = tmp_path / "back"
    mcos("sync", "mcos:c/x", str(back))
    assert read(back) == TREE
    assert {(back / name).stat().st_mtime_ns for name in TREE} == {OLD}
    assert mcos("sync", "mcos:c/x", str(back)).text.startswith("nothing to do: 4")
    assert mcos("sync", str(back), "mcos:c/x").text.startswith("nothing to do: 4")


def test_what_was_stored_without_a_time_has_the_one_of_its_storing(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    mcos("sync", "mcos:c", str(tmp_path / "back"))
    assert mcos("sync", "mcos:c", str(tmp_path / "back")).text.startswith("nothing to do: 1")
    stored_at = datetime.fromisoformat(mcos.system.record("o").last_modified)
    assert (tmp_path / "back" / "o").stat().st_mtime == stored_at.timestamp()


def test_what_changed_is_moved_and_nothing_else(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    (folder / "a.txt").write_bytes(b"longer")
    (folder / "b" / "c.bin").write_bytes(bytes(256))
    (folder / "new").write_bytes(b"new")
    values = mcos("sync", str(folder), "mcos:c", "--json").values
    reasons = {one["name"]: one["reason"] for one in values if "reason" in one}
    assert reasons == {"a.txt": "size", "b/c.bin": "content", "new": "new"}
    assert mcos.system.stored() == read(folder)


def test_a_file_that_was_only_touched_is_the_same(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    os.utime(folder / "a.txt", ns=(5, 5))
    before = writes(mcos)
    assert mcos("sync", str(folder), "mcos:c").text.startswith("nothing to do")
    assert writes(mcos) == before


def test_what_stays_as_it_is_takes_no_call_of_its_own(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    mcos.system.requests.clear()
    assert mcos("sync", str(folder), "mcos:c").text.startswith("nothing to do")
    asked = {(one.method, one.url.path.rpartition("/")[2]) for one in mcos.system.requests}
    assert asked == {("GET", "objects")}


@pytest.mark.usefixtures("small_parts")
def test_what_was_sent_in_parts_and_only_touched_is_the_same(mcos: Mcos, tmp_path: Path) -> None:
    mcos("mb", "c")
    folder = write(tmp_path / "parts", {"o": PARTS})
    mcos("put", str(folder / "o"), "c/o", "--part-size", "10KiB", "--wait")
    before = writes(mcos)
    for options in ((), ("--checksum",)):
        assert mcos("sync", str(folder), "mcos:c", *options).text.startswith("nothing to do")
    assert writes(mcos) == before
    (folder / "o").write_bytes(PARTS[:-1] + b"x")
    mcos("sync", str(folder), "mcos:c", "--wait")
    assert mcos.system.stored() == {"o": PARTS[:-1] + b"x"}


def test_checksum_finds_what_time_hides(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    (folder / "a.txt").write_bytes(b"X")
    os.utime(folder / "a.txt", ns=(OLD, OLD))
    assert mcos("sync", str(folder), "mcos:c").text.startswith("nothing to do")
    told = mcos("sync", str(folder), "mcos:c", "--checksum").text
    assert "compared by size and SHA-256" in told
    assert mcos.system.stored()["a.txt"] == b"X"
    assert mcos("sync", str(folder), "mcos:c", "-c").text.startswith("nothing to do")


def test_only_delete_deletes(mcos: Mcos, folder: Path) -> None:
    mcos("put", "-", "c/x/extra", stdin=b"1")
    mcos("put", "-", "c/y", stdin=b"1")
    mcos("sync", str(folder), "mcos:c/x")
    assert "x/extra" in mcos.system.stored()
    told = mcos("sync", str(folder), "mcos:c/x", "--delete").text
    assert "deleted extra" in told
    assert sorted(mcos.system.stored()) == sorted([f"x/{name}" for name in TREE] + ["y"])


def test_delete_the_other_way(mcos: Mcos, folder: Path, tmp_path: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    back = write(tmp_path / "back", {"extra": b"1", "b/extra": b"2", "x.mcos-part": b"3"})
    mcos("sync", "mcos:c", str(back))
    assert (back / "extra").exists()
    mcos("sync", "mcos:c", str(back), "--delete")
    # What is left of an unfinished download is no extra file.
    assert read(back) == {**TREE, "x.mcos-part": b"3"}


@pytest.mark.parametrize("up", [True, False])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    mcos: Mcos, folder: Path, tmp_path: Path, up: bool
) -> None:
    mcos("put", "-", "c/extra", stdin=b"1")
    before, files = writes(mcos), read(folder)
    sides = (str(folder), "mcos:c") if up else ("mcos:c", str(folder))
    told = mcos("sync", *sides, "--delete", "--dry-run").text
    assert ("would copy a.txt" if up else "would copy extra") in told
    assert ("would delete extra" if up else "would delete a.txt") in told
    assert (writes(mcos), read(folder)) == (before, files)


@pytest.mark.usefixtures("unreadable")
def test_a_folder_that_cannot_be_read_keeps_nothing_else_from_being_stored(
    mcos: Mcos, folder: Path
) -> None:
    for name in ("extra", "b/old"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    write(folder, {"z/last": b"9"})
    result = mcos("sync", str(folder), "mcos:c", "--delete", code=1)
    assert result.errors.count("Permission denied [file_error]") == 1
    assert str(folder / "b") in result.errors
    assert "so nothing was deleted" in result.errors
    assert mcos.system.stored() == {**READABLE, "z/last": b"9", "extra": b"1", "b/old": b"1"}


@pytest.mark.usefixtures("unreadable")
def test_nothing_below_a_folder_that_cannot_be_read_is_touched(
    mcos: Mcos, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in {**TREE, "b": b"no folder", "b/c.bin": b"new", "b2": b"2"}.items():
        mcos("put", "-", f"c/{name}", stdin=content)
    write(folder, {"extra": b"1"})
    result = mcos("sync", "mcos:c", str(folder), "--delete", code=1)
    assert result.errors.count("Permission denied [file_error]") == 1
    monkeypatch.undo()
    assert read(folder) == {**TREE, "b2": b"2", "extra": b"1"}


@pytest.mark.usefixtures("unreadable")
@pytest.mark.parametrize("command", ["put", "cp"])
def test_put_and_cp_go_on_too(mcos: Mcos, folder: Path, command: str) -> None:
    result = mcos(command, "-r", str(folder), "mcos:c", code=1)
    assert result.errors.count("Permission denied [file_error]") == 1
    assert mcos.system.stored() == READABLE


def test_a_source_that_cannot_be_read_itself_ends_it(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    result = mcos("sync", str(folder / "none"), "mcos:c", "--delete", code=1)
    assert "No such file" in result.errors
    assert mcos.system.stored() == TREE


@pytest.mark.parametrize("up", [True, False])
def test_nothing_is_deleted_when_a_listing_fails(
    mcos: Mcos, folder: Path, tmp_path: Path, up: bool
) -> None:
    mcos("put", "-", "c/extra", stdin=b"1")

    def refuse(request: httpx.Request) -> httpx.Response | None:
        listing = request.method == "GET" and request.url.path.endswith("/objects")
        return problem(500, "internal_error") if listing else None

    mcos.system.instead = refuse
    sides = (str(folder), "mcos:c") if up else ("mcos:c", str(folder))
    mcos("sync", *sides, "--delete", code=1)
    assert "extra" in mcos.system.stored()
    assert read(folder) == TREE


def test_nothing_is_deleted_when_something_could_not_be_copied(mcos: Mcos, folder: Path) -> None:
    mcos("put", "-", "c/extra", stdin=b"1")

    def refuse(request: httpx.Request) -> httpx.Response | None:
        refused = request.method == "PUT" and request.url.path.endswith(object_path("c", "a.txt"))
        return problem(403, "not_permitted") if refused else None

    mcos.system.instead = refuse
    result = mcos("sync", str(folder), "mcos:c", "--delete", code=5)
    assert "nothing was deleted" in result.errors
    assert sorted(mcos.system.stored()) == sorted([*(TREE.keys() - {"a.txt"}), "extra"])


def test_a_mistyped_source_does_not_delete_everything(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    mcos("put", "-", "c/x/o", stdin=b"1")
    mcos("sync", "mcos:c/mistyped", str(folder), "--delete", code=3)
    assert read(folder) == TREE
    mcos("sync", str(tmp_path / "mistyped"), "mcos:c/x", "--delete", code=1)
    assert mcos.system.stored() == {"x/o": b"1"}


def test_what_is_below_a_link_is_not_judged(mcos: Mcos, folder: Path) -> None:
    (folder / "round").symlink_to(folder)
    mcos("put", "-", "c/round/o", stdin=b"1")
    result = mcos("sync", str(folder), "mcos:c", "--delete")
    assert "a link to a folder, left out" in result.errors
    assert mcos.system.stored() == {**TREE, "round/o": b"1"}


def test_what_somebody_replaced_since_it_was_listed_is_not_deleted(
    mcos: Mcos, folder: Path
) -> None:
    mcos("put", "-", "c/extra", stdin=b"1")
    conditions = []

    def look(request: httpx.Request) -> None:
        if request.method == "DELETE":
            conditions.append(request.headers["if-match"])

    etag = mcos.system.record("extra").shown.etag
    mcos.system.instead = look
    mcos("sync", str(folder), "mcos:c", "--delete")
    assert conditions == [etag]


def test_names_that_are_no_paths_are_told(mcos: Mcos, folder: Path, tmp_path: Path) -> None:
    for name in ("../out", "good"):
        mcos("put", "-", f"c/p/{name}", stdin=b"1")
    back = write(tmp_path / "back", {"extra": b"1"})
    result = mcos("sync", "mcos:c/p", str(back), "--delete", code=1)
    assert "not a path below a folder" in result.errors
    assert read(back) == {"good": b"1", "extra": b"1"}
    assert not (tmp_path / "out").exists()


def test_what_failed_is_stored_again(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    mcos("rm", "c/a.txt")
    mcos.system.working = False
    mcos("put", str(folder / "a.txt"), "c/a.txt", "--no-wait")
    mcos.system.fail("a.txt")
    mcos.system.working = True
    values = mcos("sync", str(folder), "mcos:c", "--json").values
    assert [one.get("reason") for one in values] == ["failed", None]


NOTES = '{"version": "v", "etag": "e", "size": 3, "range": 3, "done": [0]}'


@pytest.mark.parametrize("up", [True, False])
def test_what_a_killed_download_has_left_is_no_content(mcos: Mcos, folder: Path, up: bool) -> None:
    """Neither the half of a file, nor notes; those of one that is complete go."""
    mcos("sync", str(folder), "mcos:c")
    half = f".mcos-{'0a' * 16}"
    write(folder, {half: b"half", "b/x.mcos-part": b"1", "b/x.mcos-part.json": NOTES.encode()})
    write(folder, {"a.txt.mcos-part.json": NOTES.encode()})
    sides = (str(folder), "mcos:c") if up else ("mcos:c", str(folder))
    result = mcos("sync", *sides, "--delete")
    assert result.errors.count("an unfinished download, left out") == 3
    assert mcos.system.stored() == TREE
    assert sorted(read(folder)) == sorted([*TREE, half, "b/x.mcos-part", "b/x.mcos-part.json"])


def test_a_file_that_is_the_same_gets_its_time_if_it_has_not(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    os.utime(folder / "a.txt", ns=(OLD, OLD + 10**9))
    mcos("sync", "mcos:c", str(folder), "--checksum")
    mcos("sync", "mcos:c", str(folder), "--dry-run")
    assert (folder / "a.txt").stat().st_mtime_ns == OLD + 10**9
    assert "nothing to do" in mcos("sync", "mcos:c", str(folder)).text
    assert (folder / "a.txt").stat().st_mtime_ns == OLD
