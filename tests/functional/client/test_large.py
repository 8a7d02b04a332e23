"""Content that no call carries, by the command and the library, against the running clouds."""

import asyncio
import io
import json
import os
import random
import signal
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mcos_client import AsyncClient, Client, ObjectStat
from mcos_client.fs import McosFileSystem
from tests.functional.client.mcos import SECONDS, Mcos
from tests.functional.conftest import Account
from tests.support.waiting import wait_until

MIB = 1024**2
LARGE = 20 * MIB
PART = 5 * MIB


def content_of(size: int) -> bytes:
    """Bytes that differ everywhere, and are the same in each run."""
    return random.Random(size).randbytes(size)


def settled(client: Client, container: str, name: str) -> ObjectStat:
    stat = client.wait_until_settled(container, name, timeout=SECONDS)
    assert stat is not None
    assert stat.state == "CREATED", stat.reason
    return stat


@pytest.fixture(scope="module")
def client(account: Account) -> Iterator[Client]:
    with account.client() as client:
        yield client


@pytest.fixture(scope="module")
def plain(account: Account) -> Iterator[Client]:
    """A client whose storage services' replies are no contract's: it follows signed URLs."""
    with Client(list(account.endpoints.values()), account.token, retries=4) as client:
        yield client


@pytest.fixture(scope="module")
def file(mcos: Mcos) -> Path:
    path = mcos.folder / "large.bin"
    path.write_bytes(content_of(LARGE))
    return path


def test_a_large_file_is_stored_three_times_and_comes_back(mcos: Mcos, file: Path) -> None:
    where = f"{mcos.container}/large/file"
    [stored] = mcos("put", file.name, where, "--wait", "--json").values
    assert (stored["state"], stored["size"], stored["replicas"]) == ("CREATED", LARGE, [3, 3])
    [stat] = mcos("stat", where, "--json").values
    assert stat["sha256"] == b64encode(sha256(content_of(LARGE)).digest()).decode()
    assert {one["state"] for one in stat["replicas"]} == {"stored"}
    mcos("get", where, "back.bin")
    assert (mcos.folder / "back.bin").read_bytes() == content_of(LARGE)
    assert mcos("cat", where).output == content_of(LARGE)
    assert not list(mcos.folder.glob("*.mcos-part*"))


def test_a_large_file_in_parts_replaces_and_comes_back(mcos: Mcos, file: Path) -> None:
    where = f"{mcos.container}/large/parts"
    mcos("put", "-", where, "--wait", stdin=b"old")
    mcos("put", file.name, where, "--wait", "--part-size", "5MiB", "--parallel", "2")
    assert mcos("get", where, "-").output == content_of(LARGE)
    mcos("put", file.name, where, "--no-clobber", code=4)


@pytest.mark.parametrize("size", [4_500_000, 4_500_001])
def test_at_the_edge_of_what_a_call_carries(mcos: Mcos, size: int) -> None:
    where = f"{mcos.container}/edge/{size}"
    mcos("put", "-", where, "--wait", stdin=content_of(size))
    assert mcos("cat", where).output == content_of(size)


def test_tar_goes_through_a_pipe_there_and_back(mcos: Mcos) -> None:
    folder = mcos.folder / "tree"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.bin").write_bytes(content_of(3 * MIB + number))
    where = f"{mcos.container}/tree.tar"
    with subprocess.Popen(["tar", "c", "tree"], cwd=mcos.folder, stdout=subprocess.PIPE) as tar:
        mcos("put", "-", where, "--wait", stdin=tar)
    assert tar.returncode == 0
    with tarfile.open(fileobj=io.BytesIO(mcos("cat", where).output)) as back:
        for number in range(4):
            member = back.extractfile(f"tree/{number}.bin")
            assert member is not None
            assert member.read() == content_of(3 * MIB + number)


def test_sync_twice_moves_nothing_the_second_time(mcos: Mcos) -> None:
    folder = mcos.folder / "synced"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("grüße")
    (folder / "deep" / "large").write_bytes(content_of(5 * MIB))
    target = f"mcos:{mcos.container}/synced"
    mcos("sync", "synced", target, "--wait")
    [summary] = mcos("sync", "synced", target, "--json").values
    assert (summary["copied"], summary["equal"]) == (0, 2)
    [summary] = mcos("sync", "synced", target, "--json", "--checksum").values
    assert (summary["copied"], summary["equal"]) == (0, 2)
    mcos("sync", target, "back-synced")
    [summary] = mcos("sync", target, "back-synced", "--json").values
    assert (summary["copied"], summary["equal"]) == (0, 2)
    (folder / "a.txt").unlink()
    mcos("sync", "synced", target, "--delete", "--wait")
    assert mcos("ls", "-r", f"{mcos.container}/synced/").output == b"synced/deep/large\n"


def test_a_put_that_is_killed_goes_on(mcos: Mcos, client: Client) -> None:
    """Killed as soon as a part of it is there, by what the API says."""
    size = 40 * PART
    (mcos.folder / "killed.bin").write_bytes(content_of(size))
    where = f"{mcos.container}/killed"
    put = ("put", "killed.bin", where, "--part-size", "5MiB", "--parallel", "1")

    def parts_there() -> list[int]:
        found = [one for one in client.all_uploads() if one.name == "killed"]
        if not found:
            return []
        parts = client.stat_upload(found[0].upload).parts
        return [one.number for one in parts if one.etag is not None]

    process = mcos.start(*put)
    wait_until(lambda: parts_there() or process.poll() is not None, "a part is there")
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    [begun] = [one for one in client.all_uploads() if one.name == "killed"]
    assert begun.state == "OPEN"

    mcos(*put, "--wait")
    [same] = [one for one in client.all_uploads() if one.name == "killed"]
    assert (same.upload, same.state) == (begun.upload, "TAKEN")
    assert client.stat_object(mcos.container, "killed").sha256 is not None
    assert mcos("cat", where).output == content_of(size)
    assert not list((mcos.folder / "state").rglob("*.json"))


def test_a_get_that_is_killed_goes_on(mcos: Mcos) -> None:
    size = 20 * PART
    where = f"{mcos.container}/killed-get"
    (mcos.folder / "got.bin").write_bytes(content_of(size))
    mcos("put", "got.bin", where, "--wait")
    notes = mcos.folder / "back-got.bin.mcos-part.json"
    process = mcos.start("get", where, "back-got.bin", "--parallel", "1")

    def has_a_range() -> bool:
        # The notes are there before the first range is.
        with suppress(FileNotFoundError, ValueError):
            return bool(json.loads(notes.read_text())["done"])
        return False

    wait_until(lambda: has_a_range() or process.poll() is not None, "a range is there")
    assert process.poll() is None, "it was done before it could be killed: take a larger file"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    assert not (mcos.folder / "back-got.bin").exists()
    assert json.loads(notes.read_text())["done"]
    mcos("get", where, "back-got.bin")
    assert (mcos.folder / "back-got.bin").read_bytes() == content_of(size)
    assert not notes.exists()


def test_an_upload_that_is_given_up_is_gone(mcos: Mcos, client: Client) -> None:
    upload = client.begin_upload(mcos.container, "given-up", size=PART)
    listed = mcos("uploads", "--json").values
    assert upload.upload in {one["upload"] for one in listed}
    mcos("uploads", "abort", upload.upload)
    assert upload.upload not in {one["upload"] for one in mcos("uploads", "--json").values}
    mcos("uploads", "abort", upload.upload, code=3)


def test_content_that_is_not_what_was_said_is_given_up(mcos: Mcos, plain: Client) -> None:
    """The digest is checked by who stores, not only by who sends."""
    digest = {"sha-256": "A" * 43 + "="}
    upload = plain.begin_upload(mcos.container, "wrong", part_size=PART)
    content = content_of(1000)
    reply = plain._http.put(upload.parts[0].url, content=content)
    assert reply.is_success, reply.text
    plain.complete_upload(upload.upload, digest=digest)
    stat = plain.wait_until_settled(mcos.container, "wrong", timeout=SECONDS)
    assert stat is not None
    assert stat.state == "FAILED"


def test_objects_are_copied_and_patterns_mean_them(mcos: Mcos, file: Path) -> None:
    target = f"mcos:{mcos.container}/copies"
    mcos("put", file.name, f"{mcos.container}/logs/1.gz", "--wait", "--meta", "a=b")
    mcos("put", "-", f"{mcos.container}/logs/2.gz", "--wait", stdin=b"2")
    mcos("put", "-", f"{mcos.container}/logs/3.txt", "--wait", stdin=b"3")
    mcos("cp", "-r", f"mcos:{mcos.container}/logs", target, "--wait")
    [stat] = mcos("stat", f"{mcos.container}/copies/1.gz", "--json").values
    assert (stat["size"], stat["metadata"]) == (LARGE, {"a": "b"})
    mcos("get", f"{mcos.container}/copies/*.gz", "globbed")
    found = {one.name: one.read_bytes() for one in (mcos.folder / "globbed").iterdir()}
    assert found == {"1.gz": content_of(LARGE), "2.gz": b"2"}
    mcos("rm", f"{mcos.container}/copies/*.gz", "--wait")
    assert mcos("ls", f"{mcos.container}/copies/").output == b"copies/3.txt\n"


def test_the_library_reads_and_writes_as_it_goes(mcos: Mcos, plain: Client) -> None:
    content = content_of(12 * MIB)
    pieces = (content[first : first + MIB] for first in range(0, len(content), MIB))
    plain.create_object(mcos.container, "library", pieces, prefer="respond-async")
    stat = settled(plain, mcos.container, "library")
    assert stat.sha256 == b64encode(sha256(content).digest()).decode()
    download = plain.download_object(mcos.container, "library")
    assert sha256(download.content).digest() == sha256(content).digest()
    with plain.open_object(mcos.container, "library") as opened:
        opened.seek(-100, os.SEEK_END)
        assert opened.read() == content[-100:]
    ranged = plain.download_object(mcos.container, "library", range_="bytes=5-6000004")
    assert ranged.content == content[5:6000005]


def test_asyncio_does_the_same(mcos: Mcos, account: Account) -> None:
    content = content_of(12 * MIB)

    async def use() -> None:
        urls = list(account.endpoints.values())
        async with AsyncClient(urls, account.token, retries=4) as client:
            await client.upload(mcos.container, "asyncio", content, part_size=PART)
            stat = await client.wait_until_settled(mcos.container, "asyncio", timeout=SECONDS)
            assert stat is not None
            assert stat.state == "CREATED"
            found = [one async for one in client.stream_object(mcos.container, "asyncio")]
            assert b"".join(found) == content

    asyncio.run(use())


def test_pandas_writes_and_reads_parquet(mcos: Mcos, monkeypatch: pytest.MonkeyPatch) -> None:
    import_module("fsspec").register_implementation("mcos", McosFileSystem, clobber=True)
    monkeypatch.setenv("MCOS_CONFIG", str(mcos.config))
    pandas: Any = import_module("pandas")
    rows = 700_000
    frame = pandas.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})
    url = f"mcos://{mcos.container}/tables/squares.parquet"
    frame.to_parquet(url)
    [stat] = mcos("stat", url.removeprefix("mcos://"), "--json").values
    assert stat["size"] > 4_500_000
    assert pandas.read_parquet(url).equals(frame)
    assert list(pandas.read_parquet(url, columns=["n"]).columns) == ["n"]
    fs = McosFileSystem()
    assert fs.ls(f"{mcos.container}/tables", detail=False) == [url.removeprefix("mcos://")]
    fs.rm(f"{mcos.container}/tables", recursive=True)
    assert not fs.exists(url)
