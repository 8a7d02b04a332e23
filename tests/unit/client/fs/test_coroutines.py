"""Coroutines do what the methods of their names do, and many things are done at once."""

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Lock
from typing import Any

import httpx
import pytest
from fsspec.asyn import AsyncFileSystem  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from mcos_client.fs import McosFileSystem
from mcos_client.fs.coroutines import Coroutines
from tests.support.small_mcos import Served, SmallMcos
from tests.unit.client.fs.conftest import end_threads
from tests.unit.client.test_budgets import SOURCE

MANY = 12
NAMES = [f"c/o{number:02}" for number in range(MANY)]


@pytest.fixture
def asynchronous(small: SmallMcos) -> Iterator[McosFileSystem]:
    fs = McosFileSystem(
        entry_points="http://mcos.test",
        token="t",
        transport=small,
        asynchronous=True,
        skip_instance_cache=True,
    )
    yield fs
    end_threads(fs)


class Crowd(httpx.BaseTransport):
    """Answers when so many requests of a kind are there at once; counts how many there were."""

    def __init__(self, small: SmallMcos, expected: int, methods: set[str]) -> None:
        self._small = small
        self._methods = methods
        self._barrier = Barrier(expected, timeout=20)
        self._lock = Lock()
        self.now = self.most = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method not in self._methods or not ("/objects/" in path or "/copy/" in path):
            return self._small.handle_request(request)
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        with suppress(BrokenBarrierError):  # the test says how many there were
            self._barrier.wait()
        with self._lock:
            self.now -= 1
        return self._small.handle_request(request)


@contextmanager
def crowded(small: SmallMcos, methods: set[str], **options: Any) -> Iterator[Any]:
    crowd = Crowd(small, MANY, methods)
    fs = McosFileSystem(
        entry_points="http://mcos.test",
        token="t",
        transport=crowd,
        skip_instance_cache=True,
        **options,
    )
    yield fs
    end_threads(fs)
    assert crowd.most == MANY


def of_fsspec() -> list[str]:
    return [
        name
        for name, member in inspect.getmembers(AsyncFileSystem)
        if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)
    ]


def test_no_coroutine_of_fsspec_goes_its_own_way() -> None:
    others = {"open_async", "_process_limits"}
    assert set(of_fsspec()) > others
    for name in set(of_fsspec()) - others:
        owner = next(one for one in McosFileSystem.__mro__ if name in vars(one))
        assert owner is Coroutines, name


def test_every_coroutine_gives_what_its_method_gives(
    small: SmallMcos, small_fs: McosFileSystem, asynchronous: McosFileSystem, tmp_path: Path
) -> None:
    small.containers["c"].update({"a": b"12345", "f/b": b"67", "f/*": b"8", "d//e": b"9"})
    asked: list[tuple[Any, ...]] = [
        ("ls", "c"), ("ls", "c/f", False), ("info", "c/a"), ("info", "c/f"), ("exists", "c/x"),
        ("isdir", "c/f"), ("isfile", "c/a"), ("find", "c"), ("glob", "c/**"), ("glob", "c/f/*"),
        ("du", "c"), ("size", "c/a"), ("sizes", ["c/a", "c/f/b"]), ("expand_path", "c/f", True),
        ("cat", "c/a"), ("cat", ["c/a", "c/f/b"]), ("cat", "c/f", True), ("cat_file", "c/a", 1, 3),
        ("cat_ranges", ["c/a", "c/f/b"], [0, 1], [2, 2]),
    ]  # fmt: skip

    async def ask() -> list[Any]:
        return [await getattr(asynchronous, f"_{name}")(*given) for name, *given in asked]

    assert asyncio.run(ask()) == [getattr(small_fs, name)(*given) for name, *given in asked]

    async def walk() -> list[Any]:
        return [one async for one in asynchronous._walk("c")]

    assert asyncio.run(walk()) == list(small_fs.walk("c"))


def test_every_coroutine_changes_what_its_method_changes(
    small: SmallMcos, asynchronous: McosFileSystem, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"file")
    fs: Any = asynchronous

    async def change() -> None:
        await fs._mkdir("d")
        await fs._makedirs("e")
        await fs._pipe_file("d/a", b"1")
        await fs._pipe({"d/b": b"2", "d/c": b"3"})
        await fs._put_file(str(tmp_path / "file"), "d/put")
        await fs._put(str(tmp_path / "file"), "d/put2")
        await fs._cp_file("d/a", "d/a2")
        await fs._copy("d/b", "d/b2")
        await fs._mv_file("d/a", "d/moved")
        await fs._mv("d/b", "d/moved2")
        await fs._get_file("d/c", str(tmp_path / "c"))
        await fs._get("d/put", str(tmp_path / "put"))
        await fs._rm_file("d/c")
        await fs._rm(["d/put2"])
        await fs._rmdir("e")

    asyncio.run(change())
    assert small.containers == {
        "c": {},
        "d": {"a2": b"1", "b2": b"2", "moved": b"1", "moved2": b"2", "put": b"file"},
    }
    assert [(tmp_path / name).read_bytes() for name in ("c", "put")] == [b"3", b"file"]


def test_errors_are_those_of_files(asynchronous: McosFileSystem) -> None:
    with pytest.raises(FileNotFoundError):
        asyncio.run(asynchronous._cat_file("c/nothing"))
    asyncio.run(asynchronous._pipe_file("c/f/there", b"1"))
    with pytest.raises(IsADirectoryError):
        asyncio.run(asynchronous._cat_file("c/f"))
    with pytest.raises(FileExistsError):
        asyncio.run(asynchronous._pipe_file("c/f/there", b"2", mode="create"))


WAYS: dict[str, tuple[set[str], Callable[[Any, Path], Any]]] = {
    "cat": ({"GET"}, lambda fs, folder: fs.cat(NAMES)),
    "cat_ranges": ({"GET"}, lambda fs, folder: fs.cat_ranges(NAMES, 0, 1)),
    "get": ({"GET"}, lambda fs, folder: fs.get("c/", str(folder / "to"), recursive=True)),
    "put": ({"PUT"}, lambda fs, folder: fs.put(f"{folder}/from/", "c/", recursive=True)),
    "pipe": ({"PUT"}, lambda fs, folder: fs.pipe(dict.fromkeys(NAMES, b"2"))),
    "rm": ({"DELETE"}, lambda fs, folder: fs.rm(NAMES[0][:-2] + "*")),
    "empty": ({"DELETE"}, lambda fs, folder: fs.rm("c", recursive=True)),
    "copy": ({"PUT"}, lambda fs, folder: fs.copy("c/o*", "d")),
    "mv": ({"DELETE"}, lambda fs, folder: fs.mv("c/o*", "d")),
}


@pytest.mark.parametrize("way", WAYS)
def test_several_go_at_once(small: SmallMcos, tmp_path: Path, way: str) -> None:
    small.containers = {"c": {name[2:]: b"1" for name in NAMES}, "d": {}}
    (tmp_path / "from").mkdir()
    for name in NAMES:
        (tmp_path / "from" / name[2:]).write_bytes(b"1")
    methods, work = WAYS[way]
    with crowded(small, methods) as fs:
        work(fs, tmp_path)


def test_coroutines_go_at_once(small: SmallMcos) -> None:
    small.containers["c"] = {name[2:]: name.encode() for name in NAMES}

    async def read(fs: Any) -> list[bytes]:
        found: list[bytes] = await asyncio.gather(*map(fs._cat_file, NAMES))
        return found

    with crowded(small, {"GET"}, asynchronous=True) as fs:
        assert asyncio.run(read(fs)) == [name.encode() for name in NAMES]


def test_no_more_than_are_wanted(small: SmallMcos) -> None:
    small.containers["c"] = {name[2:]: b"1" for name in NAMES}
    crowd = Crowd(small, 3, {"GET"})
    fs = McosFileSystem(
        entry_points="http://mcos.test",
        token="t",
        transport=crowd,
        batch_size=3,
        skip_instance_cache=True,
    )
    fs.cat(NAMES)
    assert crowd.most == 3


def test_if_one_fails_it_is_told_as_it_was_asked_for(
    small: SmallMcos, small_fs: McosFileSystem
) -> None:
    small.containers["c"] = {"a": b"1", "b": b"2"}
    paths = ["c/a", "c/none", "c/b"]
    ranges = small_fs.cat_ranges(paths, 0, 1)
    assert (ranges[0], type(ranges[1]), ranges[2]) == (b"1", FileNotFoundError, b"2")
    with pytest.raises(FileNotFoundError):
        small_fs.cat_ranges(paths, 0, 1, on_error="raise")
    with pytest.raises(FileNotFoundError):
        small_fs.cat(paths)


@given(
    content=st.binary(max_size=20),
    start=st.none() | st.integers(-25, 25),
    end=st.none() | st.integers(-25, 25),
)
def test_a_part_of_an_object_is_as_a_slice(
    content: bytes, start: int | None, end: int | None
) -> None:
    small = SmallMcos({"c": {"o": content}})
    fs = McosFileSystem(
        entry_points="http://mcos.test", token="t", transport=small, skip_instance_cache=True
    )
    assert fs.cat_file("c/o", start, end) == content[start:end]


def test_reading_and_storing_take_one_call_each(small: SmallMcos, small_fs: McosFileSystem) -> None:
    small_fs.pipe_file("c/o", b"12345")
    assert small_fs.cat_file("c/o") == b"12345"
    assert small_fs.cat_file("c/o", 1, 3) == b"23"
    assert small_fs.cat_file("c/o", 3) == b"45"
    assert small.requests == 4


def test_a_transaction_holds_what_is_piped(small: SmallMcos, small_fs: McosFileSystem) -> None:
    with small_fs.transaction:
        small_fs.pipe_file("c/o", b"1")
        assert small.containers["c"] == {}
    assert small.containers["c"] == {"o": b"1"}


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_who_inherits_a_file_system_has_threads_of_its_own(served: Served) -> None:
    fs = McosFileSystem(
        entry_points=served.url, token="t", asynchronous=True, skip_instance_cache=True
    )
    asyncio.run(fs._pipe_file("c/o", b"1"))
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if asyncio.run(fs._cat_file("c/o")) == b"1" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asyncio.run(fs._cat_file("c/o")) == b"1"
    end_threads(fs)
    fs.client.close()


def test_who_has_no_loop_may_use_that_of_fsspec() -> None:
    ran = """
import fsspec.asyn
from mcos_client.fs import McosFileSystem
fs = McosFileSystem(entry_points="http://mcos.test", token="t")
assert fs.loop is fsspec.asyn.get_loop()
assert fsspec.asyn.sync(fs.loop, fs._info, "")["type"] == "directory"
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, "-c", ran], env=environment, check=True, timeout=120)
