"""--include, --exclude, --filter, --transfers and --bwlimit, where commands walk trees."""

import os
import threading
from pathlib import Path

import httpx
import pytest
import typer

from mcos_client.command.names.sizes import bandwidth
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import System
from tests.unit.client.trees import read, write

TREE = {
    "a.jpg": b"1",
    "a.txt": b"2",
    "tmp/b.jpg": b"3",
    "tmp/c/d.txt": b"4",
    "x/tmp/e.jpg": b"5",
    "x/f.bak": b"6",
}
JPG = {"a.jpg", "tmp/b.jpg", "x/tmp/e.jpg"}
NOT_TMP = {"a.jpg", "a.txt", "x/f.bak"}


@pytest.fixture
def folder(mcos: Mcos, tmp_path: Path) -> Path:
    mcos("mb", "c")
    return write(tmp_path / "folder", TREE)


@pytest.fixture
def stored(mcos: Mcos, folder: Path) -> set[str]:
    """The tree, below ``p/`` in ``c``."""
    mcos("put", "-r", str(folder), "c/p")
    return set(mcos.system.stored())


CHOICES = [
    (("--include", "*.jpg"), JPG),
    (("--exclude", "tmp/"), NOT_TMP),
    (("--exclude", "/tmp/**", "--exclude", "*.bak"), {"a.jpg", "a.txt", "x/tmp/e.jpg"}),
    (("--filter", "- tmp/", "--filter", "+ *.jpg", "--filter", "- **"), {"a.jpg"}),
]


@pytest.mark.parametrize(("chosen", "names"), CHOICES)
def test_what_is_not_meant_is_not_sent(
    mcos: Mcos, folder: Path, chosen: tuple[str, ...], names: set[str]
) -> None:
    mcos("put", "-r", str(folder), "c/put", *chosen)
    mcos("cp", "-r", str(folder), "mcos:c/cp", *chosen)
    mcos("sync", str(folder), "mcos:c/sync", *chosen)
    expected = {f"{below}/{name}" for below in ("put", "cp", "sync") for name in names}
    assert set(mcos.system.stored()) == expected


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("chosen", "names"), CHOICES)
def test_what_is_not_meant_is_not_fetched(
    mcos: Mcos, tmp_path: Path, chosen: tuple[str, ...], names: set[str]
) -> None:
    mcos("get", "-r", "c/p", str(tmp_path / "get"), *chosen)
    mcos("get", "c/p/**", str(tmp_path / "pattern"), *chosen)
    mcos("cp", "-r", "mcos:c/p", str(tmp_path / "cp"), *chosen)
    mcos("sync", "mcos:c/p", str(tmp_path / "sync"), *chosen)
    for way in ("get", "pattern", "cp", "sync"):
        assert set(read(tmp_path / way)) == names, way
    mcos("cp", "-r", "mcos:c/p", "mcos:c/q", *chosen)
    assert {one for one in mcos.system.stored() if one.startswith("q/")} == {
        f"q/{name}" for name in names
    }


@pytest.mark.parametrize(("chosen", "names"), CHOICES)
def test_what_is_not_meant_is_neither_deleted_nor_found(
    mcos: Mcos, stored: set[str], chosen: tuple[str, ...], names: set[str]
) -> None:
    meant = {f"p/{name}" for name in names}
    found = mcos("find", "c/p", *chosen).text.splitlines()
    assert set(found) == {f"c/{name}" for name in meant}
    [*_, told] = mcos("du", "c/p", *chosen, "--json").values
    assert told["objects"] == len(names)
    mcos("rm", "-r", "c/p", *chosen, "--wait")
    assert set(mcos.system.stored()) == stored - meant


def test_sync_deletes_nothing_that_it_does_not_look_at(mcos: Mcos, folder: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    mcos.system.another.put_object("c", "y/tmp/only-there", b"7")
    mcos.system.another.put_object("c", "y/extra", b"8")
    (folder / "a.jpg").unlink()
    (folder / "tmp" / "b.jpg").unlink()
    mcos("sync", str(folder), "mcos:c", "--delete", "--wait", "--exclude", "tmp/")
    assert set(mcos.system.stored()) == (TREE.keys() | {"y/tmp/only-there"}) - {"a.jpg"}


def test_the_other_way_neither(mcos: Mcos, folder: Path, tmp_path: Path) -> None:
    mcos("sync", str(folder), "mcos:c")
    here = write(tmp_path / "here", {"tmp/own": b"1", "own": b"2"})
    mcos("sync", "mcos:c", str(here), "--delete", "--exclude", "tmp/")
    assert set(read(here)) == NOT_TMP | {"tmp/own"}


def test_a_prefix_of_which_nothing_is_meant_is_not_taken_for_a_mistyped_one(
    mcos: Mcos, stored: set[str], tmp_path: Path
) -> None:
    for command in (
        ("sync", "mcos:c/p", str(tmp_path / "to")),
        ("get", "-r", "c/p", str(tmp_path / "to")),
        ("rm", "-r", "c/p"),
        ("du", "c/p"),
    ):
        mcos(*command, "--include", "*.nothing")
    assert set(mcos.system.stored()) == stored
    assert not (tmp_path / "to").exists()
    mcos("sync", "mcos:c/mistyped", str(tmp_path / "to"), "--include", "*.nothing", code=3)


def test_a_folder_that_is_excluded_is_not_read(
    mcos: Mcos, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "tmp":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    mcos("sync", str(folder), "mcos:c", "--exclude", "tmp/")
    assert set(mcos.system.stored()) == NOT_TMP
    mcos("sync", str(folder), "mcos:c", code=1)


def test_nothing_is_said_of_what_is_excluded(mcos: Mcos, folder: Path) -> None:
    os.mkfifo(folder / "tmp" / "pipe")
    (folder / "link").symlink_to(folder / "x")
    done = mcos("put", "-r", str(folder), "c", "--exclude", "tmp/", "--exclude", "link/")
    assert "left out" not in done.errors
    assert "left out" in mcos("put", "-r", str(folder), "c").errors


def test_files_that_are_named_are_chosen_by_their_names(mcos: Mcos, folder: Path) -> None:
    mcos("put", str(folder / "a.jpg"), str(folder / "a.txt"), "c/", "--exclude", "*.txt")
    assert set(mcos.system.stored()) == {"a.jpg"}


@pytest.mark.parametrize(
    "command",
    [
        ("get", "c/p/a.jpg", "FILE"),
        ("rm", "c/p/a.jpg"),
        ("cp", "mcos:c/p/a.jpg", "FILE"),
        ("cp", "mcos:c/p/a.jpg", "mcos:c/q"),
    ],
)
def test_of_one_object_nothing_can_be_chosen(
    mcos: Mcos, stored: set[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    given = [str(tmp_path / "file") if one == "FILE" else one for one in command]
    done = mcos(*given, "--exclude", "*", code=2)
    assert "go with --recursive" in done.errors
    assert set(mcos.system.stored()) == stored
    assert not (tmp_path / "file").exists()


def test_get_takes_all_below_a_name_and_nothing_beside_it(
    mcos: Mcos, stored: set[str], tmp_path: Path
) -> None:
    mcos.system.another.put_object("c", "p", b"the object itself")
    mcos.system.another.put_object("c", "pq/beside", b"1")
    mcos.system.another.put_object("c", "p/../out", b"1")
    done = mcos("get", "--recursive", "c/p", str(tmp_path / "to"), code=1)
    assert read(tmp_path / "to") == TREE
    assert "c/p/../out: its name is not a path" in done.errors
    mcos("get", "-r", "c/nothing", str(tmp_path / "to"), code=3)
    mcos("get", "-r", "c/p", "-", code=2)


def test_dry_run_and_checksum_change_nothing_and_read_all(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    mcos("sync", str(folder), "mcos:c")
    (folder / "a.txt").write_bytes(b"Z")
    os.utime(folder / "a.txt", ns=(1, 1))
    stat = mcos.system.another.stat_object("c", "a.txt")
    os.utime(folder / "a.txt", (float(stat.metadata["mtime"]),) * 2)
    assert mcos("sync", str(folder), "mcos:c").text.startswith("nothing to do")
    before = [one.method for one in mcos.system.requests if one.method != "GET"]
    done = mcos("sync", str(folder), "mcos:c", "--checksum", "--dry-run", "--exclude", "tmp/")
    assert "would copy a.txt" in done.text
    assert "1 would be copied" in done.text
    assert before == [one.method for one in mcos.system.requests if one.method != "GET"]
    mcos("sync", str(folder), "mcos:c", "--checksum")
    assert mcos.system.stored()["a.txt"] == b"Z"


class Crowd:
    """Counts how many writes are under way at once: each waits for as many as there may be."""

    def __init__(self, system: System, expected: int) -> None:
        self.most = self.now = 0
        self._lock = threading.Lock()
        self._all = threading.Barrier(expected, timeout=30)
        self._system = system

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        if request.method not in ("PUT", "POST"):
            return None
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self._all.wait()
            return self._system.answer(request)
        finally:
            with self._lock:
                self.now -= 1


@pytest.mark.parametrize("transfers", [1, 6])
@pytest.mark.parametrize("command", [("put", "-r"), ("sync",), ("cp", "-r")])
def test_as_many_files_go_at_once_as_are_wanted(
    mcos: Mcos, folder: Path, command: tuple[str, ...], transfers: int
) -> None:
    crowd = Crowd(mcos.system, transfers)
    mcos.system.instead = crowd
    mcos(*command, str(folder), "mcos:c", "--transfers", str(transfers))
    assert crowd.most == transfers
    assert set(mcos.system.stored()) == set(TREE)


@pytest.mark.parametrize("transfers", ["0", "65", "many"])
def test_how_many_are_possible_is_said(mcos: Mcos, folder: Path, transfers: str) -> None:
    mcos("sync", str(folder), "mcos:c", "--transfers", transfers, code=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", (10 * 1024, 10 * 1024)),
        ("10M", (10 * 1024**2, 10 * 1024**2)),
        ("1.5k:2M", (1536, 2 * 1024**2)),
        ("off:100B", (None, 100)),
        ("1MiB:off", (1024**2, None)),
        ("1Gi", (1024**3, 1024**3)),
        ("0", (None, None)),
        ("off", (None, None)),
        ("0.1B", (1, 1)),
    ],
)
def test_rates_are_written_as_for_rclone(
    text: str, expected: tuple[int | None, int | None]
) -> None:
    assert bandwidth(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "fast", "1:2:3", "08:00,512k 19:00,off", "1X", ":1"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        bandwidth(text)


def test_a_command_takes_the_time_that_its_limit_asks_for(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    (folder / "large").write_bytes(bytes(50_000))
    begun = mcos.clock.now()
    mcos("sync", str(folder), "mcos:c", "--bwlimit", "1000B:off", "--transfers", "1")
    assert mcos.clock.now() - begun >= 49
    begun = mcos.clock.now()
    mcos("get", "c/large", str(tmp_path / "l"), "--bwlimit", "off:1000B", "--parallel", "1")
    assert 49 <= mcos.clock.now() - begun < 60
    begun = mcos.clock.now()
    assert mcos("cat", "c/large", "--bwlimit", "1000B").output == bytes(50_000)
    assert mcos.clock.now() - begun >= 49
    mcos("put", str(folder / "large"), "c/x", "--bwlimit", "nothing", code=2)
