"""MCOS as a file system of fsspec, for pandas too."""

import gzip
import os
import pickle
import threading
import tomllib
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import httpx
import pytest

from mcos_client.config import Profile, write_profile
from mcos_client.fs import McosFileSystem
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import System
from tests.unit.client.trees import write

LARGE = bytes(range(256)) * (SMALL // 256 + 1)
PYPROJECT = Path(__file__).parents[4] / "client" / "pyproject.toml"


def test_it_is_registered_under_its_protocol() -> None:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["fsspec.specs"]["mcos"].partition(":")
    assert getattr(import_module(module), name) is McosFileSystem
    assert McosFileSystem.protocol == "mcos"
    assert any(one.startswith("fsspec") for one in project["optional-dependencies"]["fsspec"])


def test_what_is_retained_is_as_a_file_that_may_not_be_changed(fs: McosFileSystem) -> None:
    fs.client.create_container("c", retention_days=7)
    fs.pipe_file("c/o", b"1")
    for change in (fs.rm_file, fs.rm, partial(fs.pipe_file, value=b"2")):
        with pytest.raises(PermissionError):
            change("c/o")
    assert fs.cat_file("c/o") == b"1"


def test_it_speaks_for_who_is_logged_in(
    tmp_path: Path, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.json"
    monkeypatch.setenv("MCOS_CONFIG", str(config))
    for name in ("default", "other"):
        profile = Profile((f"http://{name}.test",), "demo", system.token, "2030")
        write_profile(config, name, profile)
    transport = httpx.MockTransport(system)
    for profile_name, host in ((None, "default.test"), ("other", "other.test")):
        McosFileSystem(profile=profile_name, transport=transport, skip_instance_cache=True).ls("")
        assert system.requests[-1].url.host == host
        assert system.requests[-1].headers["authorization"] == f"Bearer {system.token}"


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_what_is_written_can_be_read_as_soon_as_it_is_closed(
    fs: McosFileSystem, system: System, content: bytes
) -> None:
    for _ in range(2):  # made, and replaced
        with fs.open("c/x/o", "wb") as file:
            assert file.write(content) == len(content)
            assert file.tell() == len(content)
        with fs.open("mcos://c/x/o", "rb") as file:
            assert file.read() == content
    assert system.stored() == {"x/o": content}
    assert fs.size("c/x/o") == len(content)


def test_nobody_sees_what_is_not_closed(fs: McosFileSystem, system: System) -> None:
    fs.pipe("c/o", b"old")
    with fs.open("c/o", "wb") as file:
        file.write(LARGE)
        assert fs.cat("c/o") == b"old"
    assert fs.cat("c/o") == LARGE


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("content", [b"small", LARGE * 2], ids=["small", "large"])
def test_an_error_has_nothing_stored(fs: McosFileSystem, system: System, content: bytes) -> None:
    with pytest.raises(ZeroDivisionError), fs.open("c/o", "wb") as file:  # noqa: PT012
        file.write(content)
        raise ZeroDivisionError
    assert (system.stored(), system.uploads) == ({}, [])


def test_an_error_has_nothing_stored_where_fsspec_closes_the_file(
    fs: McosFileSystem, system: System, options: dict[str, Any]
) -> None:
    with (  # noqa: PT012, PT031
        pytest.warns(UserWarning, match="not stored"),
        pytest.raises(ZeroDivisionError),
        fsspec.open("mcos://c/o", "wb", **options) as file,
    ):
        file.write(b"half")
        raise ZeroDivisionError
    assert system.stored() == {}


def test_a_file_may_be_written_while_another_error_is_handled(
    fs: McosFileSystem, system: System
) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        with fs.open("c/o", "wb") as file:
            file.write(b"what went wrong")
    assert system.stored() == {"o": b"what went wrong"}


def test_a_file_that_is_never_closed_is_not_stored(fs: McosFileSystem, system: System) -> None:
    file = fs.open("c/o", "wb")
    file.write(LARGE * 50)
    del file
    for thread in threading.enumerate():
        if thread.name == "mcos-writer":
            thread.join(60)
            assert not thread.is_alive()
    assert (system.stored(), system.uploads) == ({}, [])


def test_who_writes_learns_that_it_cannot_be_stored(fs: McosFileSystem, system: System) -> None:
    system.storage.instead = lambda request: httpx.Response(403)
    with pytest.raises(Exception, match="403"), fs.open("c/o", "wb") as file:  # noqa: PT012
        for _ in range(100):
            file.write(LARGE)
    assert system.stored() == {}
    with pytest.raises(FileNotFoundError), fs.open("none/o", "wb") as file:
        file.write(b"1")


def test_a_transaction_stores_all_or_nothing(fs: McosFileSystem, system: System) -> None:
    with fs.transaction:
        for name in ("a", "b"):
            with fs.open(f"c/{name}", "wb") as file:
                file.write(b"1")
        assert system.stored() == {}
    assert sorted(system.stored()) == ["a", "b"]
    with pytest.raises(ZeroDivisionError), fs.transaction:  # noqa: PT012
        with fs.open("c/c", "wb") as file:
            file.write(b"1")
        raise ZeroDivisionError
    assert sorted(system.stored()) == ["a", "b"]


def test_only_new(fs: McosFileSystem) -> None:
    fs.pipe("c/o", b"1")
    with pytest.raises(FileExistsError), fs.open("c/o", "xb") as file:
        file.write(b"2")
    assert fs.cat("c/o") == b"1"


def test_reading_is_by_ranges_that_are_kept(fs: McosFileSystem, system: System) -> None:
    fs.pipe("c/o", LARGE)
    asked = len(system.requests)
    with fs.open("c/o") as file:
        file.seek(-10, 2)
        assert file.read() == LARGE[-10:]
        file.seek(5)
        assert file.read(10) == LARGE[5:15]
        assert file.read(10) == LARGE[15:25]
    ranges = [one.headers.get("range") for one in system.requests[asked:]]
    assert sum(one is not None for one in ranges) == 2
    assert fs.cat_file("c/o", 100, 200) == LARGE[100:200]


def test_a_file_that_is_replaced_while_it_is_read_is_no_mix(fs: McosFileSystem) -> None:
    fs.pipe("c/o", LARGE)
    with fs.open("c/o", block_size=1000) as file:
        file.read(10)
        fs.pipe("c/o", LARGE[::-1])
        file.seek(SMALL - 1000)
        with pytest.raises(Exception, match="another version"):
            file.read(10)


TREE = {"a": b"1", "x/b": b"22", "x/y/c": b"333"}


@pytest.fixture
def tree(fs: McosFileSystem) -> None:
    fs.pipe({f"c/{name}": content for name, content in TREE.items()})


@pytest.mark.usefixtures("tree")
def test_listings(fs: McosFileSystem) -> None:
    fs.mkdir("d")
    assert fs.ls("", detail=False) == ["c", "d"]
    assert fs.ls("c", detail=False) == ["c/a", "c/x"]
    assert fs.ls("mcos://c/x/", detail=False) == ["c/x/b", "c/x/y"]
    assert fs.ls("c/a", detail=False) == ["c/a"]
    assert fs.ls("d") == []
    assert {one["name"]: one["type"] for one in fs.ls("c")} == {"c/a": "file", "c/x": "directory"}
    assert fs.find("c") == ["c/a", "c/x/b", "c/x/y/c"]
    assert fs.find("c/x") == ["c/x/b", "c/x/y/c"]
    assert fs.find("c/a") == ["c/a"]
    assert fs.find("c", maxdepth=1) == ["c/a"]
    assert fs.glob("c/x/*") == ["c/x/b", "c/x/y"]
    assert fs.glob("c/**/c") == ["c/x/y/c"]
    assert fs.du("c") == 6
    assert [(one, sorted(files)) for one, _, files in fs.walk("c")] == [
        ("c", ["a"]),
        ("c/x", ["b"]),
        ("c/x/y", ["c"]),
    ]
    for missing in ("c/none", "none", "c/x/none", "none/x"):
        with pytest.raises(FileNotFoundError):
            fs.ls(missing)
        with pytest.raises(FileNotFoundError):
            fs.info(missing)
        assert not fs.exists(missing)


@pytest.mark.usefixtures("tree")
def test_facts(fs: McosFileSystem, system: System) -> None:
    info = fs.info("c/x/b")
    assert (info["type"], info["size"]) == ("file", 2)
    assert info["ETag"] == system.record("x/b").shown.etag
    assert fs.isdir("c/x")
    assert fs.isdir("c")
    assert fs.isdir("")
    assert not fs.isfile("c/x")
    assert fs.isfile("c/a")
    record = system.record("a")
    assert fs.created("c/a") == datetime.fromisoformat(record.created_at)
    assert fs.modified("c/a") == datetime.fromisoformat(record.last_modified)


@pytest.mark.usefixtures("tree")
def test_files_are_copied_moved_and_deleted(
    fs: McosFileSystem, system: System, tmp_path: Path
) -> None:
    system.another.update_object("c", "a", b"1", metadata={"k": "v"})
    fs.cp_file("c/a", "c/copy")
    assert system.record("copy").shown.metadata == {"k": "v"}
    fs.copy("c/x", "c/z", recursive=True)
    assert fs.find("c/z") == ["c/z/b", "c/z/y/c"]
    fs.mv("c/copy", "c/moved")
    assert not fs.exists("c/copy")
    fs.rm("c/z", recursive=True)
    fs.rm(["c/moved", "c/a"])
    assert sorted(system.stored()) == ["x/b", "x/y/c"]
    with pytest.raises(FileNotFoundError):
        fs.rm("c/none")
    with pytest.raises(OSError, match="not empty"):
        fs.rmdir("c")
    fs.rm("c", recursive=True)
    assert fs.ls("") == []


@pytest.mark.usefixtures("tree")
def test_what_others_are_deleting_is_not_there(fs: McosFileSystem, system: System) -> None:
    system.working = False
    for name in ("a", "x/y/c"):
        system.another.delete_object("c", name, prefer="respond-async")
    assert fs.find("c") == ["c/x/b"]
    assert not any(fs.exists(path) for path in ("c/a", "c/x/y/c", "c/x/y"))
    with pytest.raises(FileNotFoundError):
        fs.info("c/a")


@pytest.mark.usefixtures("tree")
def test_a_container_is_emptied_of_what_no_file_system_shows(
    fs: McosFileSystem, system: System
) -> None:
    system.another.create_object("c", "folder/", b"")
    system.working = False
    system.another.delete_object("c", "a", prefer="respond-async")
    fs.rm("c", recursive=True)
    assert "c" not in fs.ls("", detail=False)


def test_a_delete_that_cannot_be_done_at_once_is_waited_for(
    fs: McosFileSystem, system: System
) -> None:
    fs.pipe("c/o", b"1")
    system.cut_queues()
    system.meanwhile = system.mend_queues
    fs.rm("c/o")
    assert system.cloud.record(system.account, "c", "o") is None

    fs.pipe("c/o", b"1")
    system.cut_queues()
    system.meanwhile = lambda: None
    fs.timeout = 40
    with pytest.raises(TimeoutError):
        fs.rm("c/o")


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_files_go_there_and_back(fs: McosFileSystem, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    fs.put_file(str(tmp_path / "file"), "c/x/o")
    assert fs.cat("c/x/o") == content
    fs.get_file("c/x/o", str(tmp_path / "new" / "back"))
    assert (tmp_path / "new" / "back").read_bytes() == content
    with pytest.raises(FileNotFoundError):
        fs.get_file("c/none", str(tmp_path / "none"))


@pytest.mark.usefixtures("tree")
def test_trees_go_there_and_back(fs: McosFileSystem, system: System, tmp_path: Path) -> None:
    fs.get("c/", str(tmp_path / "back"), recursive=True)
    fs.put(str(tmp_path / "back") + "/", "d/again/", recursive=True)
    assert system.stored("d") == {f"again/{name}": one for name, one in TREE.items()}


def test_text_and_compression_are_fsspecs(fs: McosFileSystem, options: dict[str, Any]) -> None:
    with fs.open("c/t", "w") as file:
        file.write("grüße\n")
    assert fs.read_text("c/t") == "grüße\n"
    with fsspec.open("mcos://c/t.gz", "wt", compression="gzip", **options) as file:
        file.write("packed")
    assert gzip.decompress(fs.cat("c/t.gz")) == b"packed"


def test_it_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    fs = McosFileSystem(entry_points="http://e.test", token="t")
    assert pickle.loads(pickle.dumps(fs)) == fs


def test_pandas_writes_and_reads_parquet(
    fs: McosFileSystem, system: System, options: dict[str, Any]
) -> None:
    pandas = import_module("pandas")
    rows = 4000
    frame = pandas.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})
    url = "mcos://c/tables/squares.parquet"
    frame.to_parquet(url, storage_options=options)
    assert len(system.stored()["tables/squares.parquet"]) > SMALL
    assert pandas.read_parquet(url, storage_options=options).equals(frame)
    column = pandas.read_parquet(url, columns=["n"], storage_options=options)
    assert list(column.columns) == ["n"]
    frame.head(10).to_csv("mcos://c/head.csv", storage_options=options)
    assert len(pandas.read_csv("mcos://c/head.csv", storage_options=options)) == 10


def test_a_folder_that_cannot_be_read_is_an_error_after_all_else_was_stored(
    fs: McosFileSystem, system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "f", {"a": b"1", "b/c": b"2", "d/e": b"3"})
    real = os.scandir

    def scandir(path: str) -> Any:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match="f/b"):
        fs.put(str(tmp_path / "f"), "c/f", recursive=True)
    assert system.stored() == {"f/a": b"1", "f/d/e": b"3"}


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_headers_of_content_are_kept(fs: McosFileSystem, tmp_path: Path, content: bytes) -> None:
    sent = {"Cache-Control": "no-store", "Content-Encoding": "br"}
    file = tmp_path / "file"
    file.write_bytes(content)
    with fs.open("c/open", "wb", headers=sent) as opened:
        opened.write(content)
    fs.put_file(str(file), "c/put", headers=sent)
    fs.pipe_file("c/pipe", content, headers=sent)
    fs.cp_file("c/open", "c/copy")
    fs.mv("c/put", "c/moved")
    for path in fs.find("c"):
        assert (fs.info(path)["headers"], fs.cat(path)) == (sent, content)
    assert fs.find("c") == ["c/copy", "c/moved", "c/open", "c/pipe"]
