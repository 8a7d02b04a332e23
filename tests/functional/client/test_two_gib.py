"""Two gigabytes through the command, killed halfway and run again; and what memory that took."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from mcos_client import Client
from tests.functional.client.mcos import Mcos
from tests.functional.conftest import Account
from tests.support.services import StorageService
from tests.support.waiting import wait_until

SIZE = 2 * 1024**3
PART = 64 * 1024**2
CLUSTERS = ("s3", "swift", "ceph")
MOST_MB = 256


def pieces() -> Iterator[bytes]:
    """The content, no two megabytes of it the same."""
    noise = os.urandom(1024**2 - 8)
    for number in range(SIZE // 1024**2):
        yield number.to_bytes(8, "big") + noise


def sha256(content: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def of_file(path: Path) -> str:
    with path.open("rb") as file:
        return sha256(iter(lambda: file.read(1024**2), b""))


def peak_mb(pid: int | str) -> int:
    """The most memory that a process has had; 0 of one that has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def workers() -> dict[str, int]:
    """Peak of the functions' processes, by function: the emulator keeps them."""
    found: dict[str, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
            _, _, name = command.partition("ministack-lambda-mcos-")
            if name:
                function = name.partition("-")[2].partition("-")[0]
                found[function] = max(found.get(function, 0), peak_mb(process.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return found


class Watched:
    """A command that is killed when something is so; and its peak, in MB."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.peak = 0

    def until(self, condition: Callable[[], object], what: str) -> None:
        def met() -> bool:
            if self.process.poll() is not None:
                return True
            self.peak = max(self.peak, peak_mb(self.process.pid))
            return bool(condition())

        wait_until(met, what, seconds=300)

    def kill_when(self, condition: Callable[[], object], what: str) -> None:
        self.until(condition, what)
        assert self.process.poll() is None, self.process.communicate()
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)

    def end(self) -> None:
        self.until(lambda: False, "it has ended")
        output = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, output


@pytest.fixture(scope="module")
def client(account: Account) -> Iterator[Client]:
    with account.client() as client:
        yield client


@pytest.mark.long
def test_two_gigabytes_killed_halfway_arrive_whole_and_in_bounded_memory(
    account: Account,
    mcos: Mcos,
    client: Client,
    services: dict[str, StorageService],
    show: Callable[[Table | str], None],
) -> None:
    file = mcos.folder / "two.bin"
    with file.open("wb") as out:
        out.writelines(pieces())
    content = of_file(file)
    where = f"{mcos.container}/two"

    def begun() -> Any:
        return next((one for one in client.all_uploads() if one.name == "two"), None)

    def parts_there() -> dict[int, str]:
        upload = begun()
        parts = client.stat_upload(upload.upload).parts if upload else ()
        return {one.number: one.etag for one in parts if one.etag is not None}

    first = Watched(mcos.start("put", "two.bin", where))
    first.kill_when(lambda: len(parts_there()) >= SIZE // PART // 2, "half of it is there")
    there, upload = parts_there(), begun()
    assert upload.state == "OPEN"
    again = Watched(mcos.start("put", "two.bin", where))
    again.end()
    assert begun().upload == upload.upload
    wait_until(
        lambda: client.stat_object(mcos.container, "two").state == "CREATED",
        "it is CREATED",
        seconds=300,
    )
    key = f"{account.user_name}/{upload.upload}"
    held = {name: sha256(services[name].stream(key)) for name in CLUSTERS}
    assert held == dict.fromkeys(CLUSTERS, content)

    back, notes = mcos.folder / "back.bin", mcos.folder / "back.bin.mcos-part.json"
    got = Watched(mcos.start("get", where, "back.bin"))
    got.kill_when(notes.exists, "some of it is there")
    assert not back.exists()
    rest = Watched(mcos.start("get", where, "back.bin"))
    rest.end()
    assert of_file(back) == content
    for large in (file, back):
        large.unlink()
    client.delete_object(mcos.container, "two", prefer="wait=25")

    functions = workers()
    peaks = {
        "mcos put": max(first.peak, again.peak),
        "mcos get": max(got.peak, rest.peak),
        **{name: functions[name] for name in ("digest_content", "put_parts", "uploads")},
    }
    table = Table(title=f"2 GiB, of which {len(there)} parts of 32 were sent before the SIGKILL")
    for column in ("process", "peak, MB"):
        table.add_column(column)
    for name, peak in peaks.items():
        table.add_row(name, str(peak))
    show(table)
    assert max(peaks.values()) <= MOST_MB
