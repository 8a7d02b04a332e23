"""Files that take the place of others, and what is left of those that did not come to that."""

import fcntl
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcos_client.private_files import is_temporary, remove, replacing, write_new, write_private

KILLED = 9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.json"


@pytest.fixture(autouse=True)
def folder(path: Path) -> Path:
    path.parent.mkdir()
    return path.parent


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def killed_while(work: Callable[[], object]) -> None:
    """Do something in a process that ends as if it were killed."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == KILLED


def half(path: Path) -> Callable[[], object]:
    def write() -> None:
        with replacing(path) as file:
            file.write(b"a long content, of which not all is there")
            file.flush()
            os._exit(KILLED)

    return write


def test_what_a_killed_process_has_left_is_used_by_the_next(path: Path, folder: Path) -> None:
    path.write_bytes(b"old")
    killed_while(half(path))
    [temporary] = (one for one in left(folder) if one != path.name)
    assert is_temporary(temporary)
    assert path.read_bytes() == b"old"
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert left(folder) == [path.name]


def test_what_is_private_is_so_whatever_was_left(path: Path, folder: Path) -> None:
    killed_while(half(path))
    for one in folder.iterdir():
        one.chmod(0o666)
    write_private(path, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert left(folder) == [path.name]


def test_what_was_left_goes_with_the_file(path: Path, folder: Path) -> None:
    killed_while(half(path))
    remove(path)
    assert left(folder) == []


def test_a_file_that_somebody_else_is_writing_is_left_to_them(path: Path, folder: Path) -> None:
    with replacing(path) as first, replacing(path) as second:
        assert len(left(folder)) == 2
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first"  # the last to be complete
    assert left(folder) == [path.name]


def test_files_that_are_written_at_once_are_each_whole(path: Path, folder: Path) -> None:
    contents = [f"{number}" * 10_000 for number in range(8)]

    def write(content: str) -> None:
        for _ in range(25):
            write_private(path, content)
            assert path.read_text() in contents

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert left(folder) == [path.name]


def trap(kind: str, place: Path, outside: Path) -> None:
    if kind == "link":
        place.symlink_to(outside)
    elif kind == "hard link":
        os.link(outside, place)
    elif kind == "named pipe":
        os.mkfifo(place)
    else:
        place.mkdir()


@pytest.mark.parametrize("kind", ["link", "hard link", "named pipe", "folder"])
def test_nothing_is_written_through_what_lies_there(
    path: Path, folder: Path, tmp_path: Path, kind: str
) -> None:
    killed_while(half(path))
    [place] = folder.iterdir()
    place.unlink()
    outside = tmp_path / "outside"
    outside.write_bytes(b"somebody's own")
    trap(kind, place, outside)
    with replacing(path) as file:
        file.write(b"new")
    assert (path.read_bytes(), outside.read_bytes()) == (b"new", b"somebody's own")
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_nlink == 1


def test_a_file_system_that_locks_nothing_will_do(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_one_that_fails_leaves_all_as_it_was(path: Path, folder: Path) -> None:
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert left(folder) == [path.name]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_replaces_none(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:

        def refuse(source: Path, target: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    assert write_new(path, "1")
    assert not write_new(path, "2")
    assert path.read_text() == "1"
    assert left(folder) == [path.name]
