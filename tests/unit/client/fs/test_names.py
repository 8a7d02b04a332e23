"""Every name that the API allows is a path of its own, and what is done to one is done to no other.

MCOS is in memory here: thousands of names go there and back.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcos_client.errors import McosError
from mcos_client.fs import McosFileSystem
from tests.support.effort import examples
from tests.support.small_mcos import SmallMcos
from tests.unit.client.odd_names import TREES, contents_of, files_of
from tests.unit.client.trees import read, write

ODD = {
    "m/a": b"1",
    "m//b": b"2",
    "/lead": b"3",
    "q": b"4",
    "q/": b"5",
    "q/in": b"6",
    "//": b"7",
    "./x": b"8",
    "m/../y": b"9",
    "odd[1].txt": b"10",
    "odd1.txt": b"11",
    "a*": b"12",
    "ab": b"13",
    "?": b"14",
    "..": b"15",
    "line\nfeed": b"16",
    "n" * 1024: b"17",
}


def file_system(names: Any) -> tuple[SmallMcos, McosFileSystem]:
    small = SmallMcos({"c": {}, "d": {}})
    fs = McosFileSystem(
        entry_points="http://mcos.test", token="t", transport=small, skip_instance_cache=True
    )
    for name in names:
        fs.pipe_file(f"c/{name}", name.encode())
    assert small.containers == {"c": {name: name.encode() for name in names}, "d": {}}
    return small, fs


@pytest.fixture
def odd(small: SmallMcos) -> dict[str, bytes]:
    small.containers["c"] = dict(ODD)
    return small.containers["c"]


@pytest.mark.usefixtures("odd")
def test_all_listings_find_the_same(small_fs: McosFileSystem) -> None:
    every = sorted(f"c/{name}" for name in ODD)
    assert small_fs.find("c") == every
    walked = [f"{at}/{name}" for at, _, files in small_fs.walk("c") for name in files]
    assert sorted(walked) == every
    assert sorted(path for path in listed(small_fs, "c")) == every
    assert small_fs.du("c") == sum(map(len, ODD.values()))


def listed(fs: McosFileSystem, path: str) -> list[str]:
    found = []
    for one in fs.ls(path):
        if one["type"] == "file":
            found.append(one["name"])
        else:
            assert one["name"] != path, "a folder must not be its own child"
            found += listed(fs, one["name"])
    return found


@pytest.mark.usefixtures("odd")
def test_no_name_in_a_walk_is_empty_and_none_is_its_own_child(small_fs: McosFileSystem) -> None:
    for at, _, files in small_fs.walk("c"):
        assert "" not in files, at
    assert small_fs.ls("c/m", detail=False) == ["c/m/..", "c/m//", "c/m/a"]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_each_can_be_read_and_removed_alone(
    small_fs: McosFileSystem, odd: dict[str, bytes], name: str, tmp_path: Path
) -> None:
    path = f"c/{name}"
    assert small_fs.isfile(path)
    assert small_fs.info(path)["size"] == len(ODD[name])
    assert small_fs.cat_file(path) == small_fs.cat(path) == ODD[name]
    with small_fs.open(path) as file:
        assert file.read() == ODD[name]
    small_fs.get_file(path, str(tmp_path / "file"))
    small_fs.get(path, str(tmp_path / "again"))
    assert (tmp_path / "file").read_bytes() == (tmp_path / "again").read_bytes() == ODD[name]
    small_fs.rm(path)
    assert odd == {other: content for other, content in ODD.items() if other != name}


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_each_can_be_copied_and_moved_alone(
    small: SmallMcos, small_fs: McosFileSystem, odd: dict[str, bytes], name: str
) -> None:
    small.containers["d"] = {}
    small_fs.copy(f"c/{name}", f"d/{name}")
    assert small.containers["d"] == {name: ODD[name]}
    assert odd == ODD
    small.containers["d"] = {}
    small_fs.mv(f"mcos://c/{name}", f"d/{name}")
    assert small.containers["d"] == {name: ODD[name]}
    assert odd == {other: content for other, content in ODD.items() if other != name}


def test_a_container_is_removed_with_every_name(
    small: SmallMcos, small_fs: McosFileSystem, odd: dict[str, bytes]
) -> None:
    small_fs.rm("c", recursive=True)
    assert small.containers == {}


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("path", ["c", "c/m", "c//", "c/m//"])
def test_a_folder_has_no_content(small_fs: McosFileSystem, path: str) -> None:
    with pytest.raises(IsADirectoryError):
        small_fs.cat_file(path)
    with pytest.raises(IsADirectoryError):
        small_fs.open(path)


def test_a_folder_is_moved_with_all_of_it(
    small: SmallMcos, small_fs: McosFileSystem, odd: dict[str, bytes]
) -> None:
    small_fs.mv("c/m", "c/n", recursive=True)
    moved = {f"n{name[1:]}" if name.startswith("m/") else name: one for name, one in ODD.items()}
    assert odd == moved


def test_a_folder_that_is_an_object_is_moved_with_it(
    small_fs: McosFileSystem, odd: dict[str, bytes]
) -> None:
    small_fs.mv("c/q", "c/r", recursive=True)
    assert {name for name in odd if name[0] in "qr"} == {"r", "r/", "r/in"}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("c/q", "mcos://c/q"),
        ("mcos://c/q", "c/q"),
        ("/c/q", "c/q"),
        ("c/m", "mcos://c/m"),
        ("c/m/", "c/m"),
        (["c/q"], ["mcos://c/q"]),
    ],
)
def test_what_is_moved_onto_itself_stays(
    small_fs: McosFileSystem, odd: dict[str, bytes], source: Any, target: Any
) -> None:
    small_fs.mv(source, target, recursive=True)
    assert odd == ODD


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (["c/x/a", "c/y/a"], "d"),
        (["c/x/a", "c/y/a"], ["d/a", "d/a"]),
        (["c/x/a", "c/y/a"], ["c/y/a", "c/z"]),
        ("c/x/", "c/x/x"),
    ],
)
@pytest.mark.parametrize("do", ["copy", "mv"])
def test_nothing_is_replaced_by_what_is_moved_with_it(
    small: SmallMcos, small_fs: McosFileSystem, do: str, source: Any, target: Any
) -> None:
    held = {"x/a": b"1", "y/a": b"2", "x/x/a": b"3"}
    small.containers = {"c": dict(held), "d": {}}
    with pytest.raises(OSError):  # noqa: PT011
        getattr(small_fs, do)(source, target, recursive=True)
    assert small.containers == {"c": held, "d": {}}


def test_what_was_replaced_while_it_was_moved_is_not_deleted(
    small: SmallMcos, small_fs: McosFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.containers["c"] = {"o": b"old"}
    delete = small_fs.client.delete_object

    def replaced_first(container: str, name: str, **how: Any) -> bool:
        small_fs.client.update_object(container, name, b"new")
        return delete(container, name, **how)

    monkeypatch.setattr(small_fs.client, "delete_object", replaced_first)
    with pytest.raises(FileExistsError):
        small_fs.mv("c/o", "c/moved")
    assert small.containers["c"] == {"o": b"new", "moved": b"old"}


def test_a_pattern_means_what_it_matches_if_nothing_has_it_as_its_name(
    small_fs: McosFileSystem, odd: dict[str, bytes]
) -> None:
    assert small_fs.glob("c/odd[1].txt") == ["c/odd[1].txt"]
    del odd["odd[1].txt"]
    assert small_fs.glob("c/odd[1].txt") == ["c/odd1.txt"]
    small_fs.rm("c/odd[1].txt")
    assert "odd1.txt" not in odd


def test_names_that_no_path_has_are_refused_and_the_others_are_fetched(
    small: SmallMcos, small_fs: McosFileSystem, tmp_path: Path
) -> None:
    small.containers["c"] = {
        "t/a": b"1",
        "t//b": b"2",
        "t/../../e": b"3",
        "t/z/": b"",
        "t/y/": b"4",
    }
    with pytest.raises(OSError, match="not a path below") as failure:
        small_fs.get("c/t", str(tmp_path / "t"), recursive=True)
    assert failure.value.__notes__ == ["2 others failed, too."]
    found = sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*"))
    assert found == ["t", "t/a", "t/z"]


def test_one_file_that_cannot_be_stored_does_not_end_the_others(
    small: SmallMcos, small_fs: McosFileSystem, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in (b"a", b"b\xff", b"c"):
        (folder / name.decode(errors="surrogateescape")).write_bytes(name)
    with pytest.raises(McosError):
        small_fs.put(str(folder), "c/t", recursive=True)
    assert small.containers["c"] == {"t/a": b"a", "t/c": b"c"}


@pytest.mark.usefixtures("odd")
def test_pyarrow_sees_every_file_of_a_data_set(small_fs: McosFileSystem, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    dataset = pytest.importorskip("pyarrow.dataset", reason="pyarrow is not installed")
    for name in ("dm/a.parquet", "dm//x.parquet", "dm/p/y.parquet"):
        with small_fs.open(f"c/{name}", "wb") as file:
            parquet.write_table(pyarrow.table({"n": [name]}), file)
    rows = dataset.dataset("c/dm", filesystem=small_fs).to_table().column("n").to_pylist()
    assert sorted(rows) == ["dm//x.parquet", "dm/a.parquet", "dm/p/y.parquet"]


@settings(max_examples=examples(100), deadline=None)
@given(TREES)
def test_any_names_are_listed_as_they_are(names: set[str]) -> None:
    small, fs = file_system(names)
    every = sorted(f"c/{name}" for name in names)
    assert sorted(small.containers["c"]) == sorted(names)
    assert fs.find("c") == every
    assert sorted(f"{at}/{name}" for at, _, files in fs.walk("c") for name in files) == every
    assert sorted(listed(fs, "c")) == every
    assert {path: fs.cat_file(path) for path in every} == {
        f"c/{name}": name.encode() for name in names
    }


@settings(max_examples=examples(100), deadline=None)
@given(TREES, st.data())
def test_any_name_is_moved_and_removed_alone(names: set[str], data: Any) -> None:
    small, fs = file_system(names)
    name = data.draw(st.sampled_from(sorted(names)))
    left = {other: other.encode() for other in names if other != name}
    fs.mv(f"c/{name}", f"d/{name}")
    assert small.containers == {"c": left, "d": {name: name.encode()}}
    fs.rm(f"d/{name}")
    assert small.containers == {"c": left, "d": {}}


@settings(max_examples=examples(100), deadline=None)
@given(TREES, st.data())
def test_any_folder_is_moved_and_removed_exactly(names: set[str], data: Any) -> None:
    small, fs = file_system({f"t/{name}" for name in names} | {"other"})
    fs.mv("c/t", "d/u", recursive=True)
    assert set(small.containers["d"]) == {f"u/{name}" for name in names}
    assert set(small.containers["c"]) == {"other"}
    below = data.draw(st.sampled_from(sorted(names)))
    fs.rm(f"d/u/{below}", recursive=True)
    prefix = below if below.endswith("/") else f"{below}/"
    kept = {name for name in names if name != below and not name.startswith(prefix)}
    assert set(small.containers["d"]) == {f"u/{name}" for name in kept}


@settings(max_examples=examples(60), deadline=None)
@given(TREES)
def test_any_names_are_fetched_and_stored_as_they_are(names: set[str]) -> None:
    paths = contents_of(files_of(names | {"a"}))
    others = {"t2": b"2", "t2/a": b"3"}
    small, fs = file_system(())
    small.containers["c"] = {**{f"t/{name}": one for name, one in paths.items()}, **others}
    before = dict(small.containers["c"])
    with TemporaryDirectory() as folder:
        fs.get("c/t/", folder, recursive=True)
        assert read(Path(folder)) == paths
        write(Path(folder), {"last": b"1"})
        fs.put(f"{folder}/", "d/u", recursive=True)
        for name, content in paths.items():
            fs.get_file(f"c/t/{name}", f"{folder}/last")
            assert Path(folder, "last").read_bytes() == content
            fs.put_file(f"{folder}/{name}", f"d/{name}")
            assert small.containers["d"].pop(name) == content
    assert small.containers == {
        "c": before,
        "d": {"u/last": b"1", **{f"u/{name}": one for name, one in paths.items()}},
    }


@settings(max_examples=examples(60), deadline=None)
@given(TREES, st.data())
def test_any_name_is_moved_to_any_other_and_replaces_that_alone(names: set[str], data: Any) -> None:
    small, fs = file_system(())
    held = small.containers["c"] = contents_of(names)
    model = dict(held)
    for _ in range(3):
        source, target = (data.draw(st.sampled_from(sorted(names))) for _ in range(2))
        if source not in model:
            with pytest.raises((FileNotFoundError, IsADirectoryError)):
                fs.cat_file(f"c/{source}")
            continue
        fs.cp_file(f"c/{source}", f"c/{target}")
        model[target] = model[source]
        assert held == model
        if source != target:
            fs.mv([f"c/{source}"], [f"c/{target}"])
            del model[source]
        assert held == model
