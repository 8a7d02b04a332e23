"""Folders are removed with all below them, and nothing else is."""

from pathlib import Path

import pytest

from clouds import files


def tree(folder: Path, *, width: int, depth: int) -> None:
    folder.mkdir(parents=True)
    (folder / "file").touch()
    for number in range(width if depth else 0):
        tree(folder / str(number), width=width, depth=depth - 1)


@pytest.mark.parametrize(("width", "depth"), [(0, 0), (1, 5), (3, 5), (100, 1)])
def test_a_folder_is_removed_with_all_below_it(tmp_path: Path, width: int, depth: int) -> None:
    tree(tmp_path / "gone", width=width, depth=depth)
    tree(tmp_path / "kept", width=1, depth=1)
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    files.remove(tmp_path / "gone")
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "0" / "file").exists()


def test_what_is_not_there_need_not_be_removed(tmp_path: Path) -> None:
    files.remove(tmp_path / "none")


def test_a_link_in_place_of_the_folder_leads_nowhere(tmp_path: Path) -> None:
    tree(tmp_path / "kept", width=2, depth=2)
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    files.remove(tmp_path / "link")
    assert (tmp_path / "kept" / "0" / "0" / "file").exists()
