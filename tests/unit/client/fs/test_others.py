"""Zarr, dask, Arrow and DuckDB read and write through fsspec; pandas: ``test_filesystem.py``.

Each is a process of its own: they keep threads and loops for as long as theirs lives.
"""

import os
import subprocess
import sys
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Lock

import httpx
import pytest

from chalicelib.shared.paths import decode
from tests.support.small_mcos import Served
from tests.unit.client.test_budgets import SOURCE

CHUNKS = 8


class Together:
    """Has requests for chunks wait for each other; counts how many there were at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._barriers = {method: Barrier(CHUNKS, timeout=30) for method in ("GET", "PUT")}
        self._now = dict.fromkeys(self._barriers, 0)
        self.most = dict.fromkeys(self._barriers, 0)

    def __call__(self, request: httpx.Request) -> None:
        method = request.method
        if method not in self.most or not _is_chunk(request):
            return
        with self._lock:
            self._now[method] += 1
            self.most[method] = max(self.most[method], self._now[method])
        with suppress(BrokenBarrierError):  # the test says how many there were
            self._barriers[method].wait()
        with self._lock:
            self._now[method] -= 1


def _is_chunk(request: httpx.Request) -> bool:
    _, objects, name = request.url.path.partition("/objects/")
    return bool(objects) and "/c/" in decode(name, "object")


def run(served: Served, code: str) -> None:
    """Run it where ``options`` are those of the file system."""
    options = {"entry_points": served.url, "token": "t"}
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", f"options = {options!r}\n{REGISTER}\n{code}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


REGISTER = """
import fsspec
fsspec.register_implementation("mcos", "mcos_client.fs.McosFileSystem")
"""

ZARR = """
import numpy, zarr
from mcos_client.fs import McosFileSystem
store = zarr.storage.FsspecStore.from_url("mcos://c/z.zarr", storage_options=options)
assert isinstance(store.fs, McosFileSystem) and store.fs.asynchronous
array = zarr.create_array(store, shape=(8, 100), chunks=(1, 100), dtype="i8")
values = numpy.arange(800).reshape(8, 100) + 1
array[:] = values
assert (array[:] == values).all()
"""

ZARR_GROUPS = """
import zarr
group = zarr.open_group("mcos://c/g.zarr", storage_options=options, mode="w")
group.create_array("inner/a", shape=(4,), dtype="i4")[:] = 7
found = zarr.open_group("mcos://c/g.zarr", storage_options=options, mode="r")
assert found["inner/a"][:].tolist() == [7] * 4
assert [name for name, _ in found["inner"].members()] == ["a"]
del group["inner"]
assert list(zarr.open_group("mcos://c/g.zarr", storage_options=options).members()) == []
"""

DASK = """
import dask.array, dask.bag, dask.dataframe, pandas
lines = [f"{number} {line}" for number in range(4) for line in range(3)]
bag = dask.bag.from_sequence(lines, npartitions=4)
assert len(bag.to_textfiles("mcos://c/lines/*.txt", storage_options=options)) == 4
found = dask.bag.read_text("mcos://c/lines/*.txt", storage_options=options)
assert [one.strip() for one in found.compute(scheduler="threads")] == lines
frame = pandas.DataFrame({"n": range(100), "square": [n * n for n in range(100)]})
table = dask.dataframe.from_pandas(frame, npartitions=4)
table.to_parquet("mcos://c/table", storage_options=options)
found = dask.dataframe.read_parquet("mcos://c/table", storage_options=options)
assert found.npartitions == 4
assert found.square.sum().compute(scheduler="threads") == frame.square.sum()
numbers = dask.array.arange(80, chunks=10)
numbers.to_zarr("mcos://c/n.zarr", storage_options=options)
found = dask.array.from_zarr("mcos://c/n.zarr", storage_options=options)
assert found.sum().compute(scheduler="threads") == sum(range(80))
"""

ARROW = """
import fsspec, pyarrow, pyarrow.dataset
fs = fsspec.filesystem("mcos", **options)
table = pyarrow.table({"year": [2025, 2025, 2026], "n": [1, 2, 3]})
schema = pyarrow.schema([("year", pyarrow.int64())])
years = pyarrow.dataset.partitioning(schema, flavor="hive")
pyarrow.dataset.write_dataset(
    table, "c/years", filesystem=fs, format="parquet", partitioning=years
)
found = pyarrow.dataset.dataset("c/years", filesystem=fs, partitioning=years)
assert found.to_table(filter=pyarrow.dataset.field("year") == 2026)["n"].to_pylist() == [3]
assert found.count_rows() == 3
"""

DUCKDB = """
import duckdb, fsspec
database = duckdb.connect()
database.register_filesystem(fsspec.filesystem("mcos", **options))
database.execute("copy (select i, i * i as s from range(1000) t(i)) to 'mcos://c/t.parquet'")
query = "select sum(s) from read_parquet('mcos://c/*.parquet') where i < 10"
assert database.execute(query).fetchall() == [(285,)]
"""


def test_zarr_reads_and_writes_its_chunks_at_once(served: Served) -> None:
    served.before = together = Together()
    run(served, ZARR)
    assert together.most == {"GET": CHUNKS, "PUT": CHUNKS}


@pytest.mark.parametrize(
    "code", [ZARR_GROUPS, DASK, ARROW, DUCKDB], ids=["zarr", "dask", "arrow", "duckdb"]
)
def test_what_they_write_they_read(served: Served, code: str) -> None:
    run(served, code)
