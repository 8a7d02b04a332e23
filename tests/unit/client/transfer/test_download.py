"""Content that no call carries is read at storage services, and is whole or not there."""

import asyncio
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mcos.model.versions import Version
from mcos_client import (
    AsyncClient,
    Client,
    ContentCorrupted,
    ObjectChanged,
    PreconditionFailed,
    StorageRefused,
    TransferStopped,
)
from mcos_client.transfer import download
from tests.support.paths import object_path
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.storage_services import PIECE, Streamed
from tests.unit.client.system import ENTRY_POINT, System, limit_calls

CONTENT = os.urandom(100_000)
RANGE = 20_000
RANGES = 5


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RANGE", RANGE)


@pytest.fixture
def large(user: Client, system: System, monkeypatch: pytest.MonkeyPatch) -> Version:
    """An object ``c/o`` that no call carries."""
    limit_calls(monkeypatch, len(CONTENT))
    user.create_object("c", "o", CONTENT, content_type="image/x", metadata={"a": "b"})
    limit_calls(monkeypatch, len(CONTENT) // 10)
    version = system.record("o").current
    assert version is not None
    return version


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "target"


@pytest.fixture(autouse=True)
def folder(target: Path) -> Path:
    target.parent.mkdir()
    return target.parent


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def gets(system: System) -> list[httpx.Request]:
    return [one for one in system.storage.requests if one.method == "GET"]


READ: dict[str, Callable[[Client], object]] = {
    "stream": lambda user: list(user.stream_object("c", "o")),
    "object": lambda user: user.download_object("c", "o"),
    "range": lambda user: user.download_object("c", "o", range_="bytes=1-90000"),
}


def broken(system: System, request: httpx.Request, after: int) -> httpx.Response:
    """What a service answers whose connection breaks, this once."""
    system.storage.instead = lambda request: None
    reply = system.answer(request)
    content = b"".join(reply.stream)  # type: ignore[arg-type]
    return httpx.Response(
        reply.status_code, headers=reply.headers, stream=Streamed(content, after=after)
    )


@pytest.mark.usefixtures("large")
def test_all_ways_to_read_give_the_same_bytes(user: Client, target: Path) -> None:
    download = user.download_object("c", "o")
    assert (download.content, download.content_type) == (CONTENT, "image/x")
    assert (download.metadata, download.content_range) == ({"a": "b"}, None)
    found = user.download_to("c", "o", target)
    assert (target.read_bytes(), found.size) == (CONTENT, len(CONTENT))
    assert (found.sha256, found.version) == (download.sha256, download.version)
    buffer = io.BytesIO()
    user.download_to("c", "o", buffer)
    assert buffer.getvalue() == CONTENT
    assert b"".join(user.stream_object("c", "o")) == CONTENT
    with user.open_object("c", "o") as file:
        assert file.read() == CONTENT


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=5-50004", slice(5, 50005)),
        ("bytes=5-", slice(5, None)),
        ("bytes=-50000", slice(-50000, None)),
        ("bytes=0-99999999", slice(0, None)),
    ],
)
def test_a_range_of_any_size_is_that_range(user: Client, range_: str, expected: slice) -> None:
    download = user.download_object("c", "o", range_=range_)
    assert download.content == CONTENT[expected]
    first, end, _ = expected.indices(len(CONTENT))
    assert download.content_range == f"bytes {first}-{end - 1}/{len(CONTENT)}"


@pytest.mark.usefixtures("large")
def test_a_file_of_an_object_can_be_sought(user: Client, system: System) -> None:
    with user.open_object("c", "o") as file:
        assert file.seek(-10, io.SEEK_END) == len(CONTENT) - 10
        assert file.read() == CONTENT[-10:]
        assert file.read(1) == b""
        file.seek(50_000)
        assert file.read(7) == CONTENT[50_000:50_007]
        assert file.tell() == 50_007
    assert all("range" in one.headers for one in gets(system))  # the rest was not asked for


@pytest.mark.usefixtures("large")
def test_no_token_goes_to_a_storage_service(user: Client, system: System, target: Path) -> None:
    user.download_to("c", "o", target)
    assert gets(system)
    for request in gets(system):
        assert system.token not in str(request.headers.raw)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://storage.test/x", "/v1/x", "//x"])
def test_only_web_addresses_are_followed(user: Client, system: System, location: str) -> None:
    system.instead = lambda request: _redirected(request, location)
    with pytest.raises(StorageRefused):
        user.download_object("c", "o")


def _redirected(request: httpx.Request, location: str) -> httpx.Response | None:
    if "/objects/" not in request.url.path:
        return None
    headers = {
        "location": location,
        "etag": '"e"',
        "x-mcos-version": "v",
        "x-mcos-content-length": "7",
    }
    return httpx.Response(307, headers=headers)


@pytest.mark.usefixtures("large")
def test_a_redirect_of_a_storage_service_is_not_followed(user: Client, system: System) -> None:
    system.storage.instead = lambda request: httpx.Response(
        302, headers={"location": str(request.url)}
    )
    with pytest.raises(StorageRefused, match="302"):
        user.download_object("c", "o")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
@pytest.mark.parametrize("way", ["file", "stream"])
def test_a_service_that_fails_is_left_for_what_the_api_says_next(
    user: Client,
    system: System,
    large: Version,
    target: Path,
    status: int,
    way: str,
    clock: ClientClock,
) -> None:
    def fail(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status) if len(gets(system)) <= 2 else None

    system.storage.instead = fail
    if way == "file":
        user.download_to("c", "o", target, parallel=1)
        assert target.read_bytes() == CONTENT
    else:
        assert b"".join(user.stream_object("c", "o")) == CONTENT
    asked = [one for one in system.requests if "range" in one.headers]
    assert len(asked) == len(clock.pauses) == 2
    assert all(one.headers["if-match"] == large.etag for one in asked)


@pytest.mark.usefixtures("large")
def test_what_breaks_goes_on_where_it_was(user: Client, system: System) -> None:
    system.storage.instead = lambda request: broken(system, request, after=5 * PIECE)
    assert b"".join(user.stream_object("c", "o")) == CONTENT
    first, second = gets(system)
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={5 * PIECE}-{len(CONTENT) - 1}"


@pytest.mark.usefixtures("large")
def test_the_end_of_a_broken_read_may_come_with_the_call_itself(
    user: Client, system: System
) -> None:
    near_the_end = len(CONTENT) // PIECE * PIECE
    system.storage.instead = lambda request: broken(system, request, after=near_the_end)
    assert b"".join(user.stream_object("c", "o")) == CONTENT
    assert len(gets(system)) == 1


@pytest.mark.parametrize("way", READ)
def test_no_read_shows_a_mix_of_two_versions(
    user: Client, system: System, large: Version, way: str
) -> None:
    def replace_and_break(request: httpx.Request) -> httpx.Response:
        reply = broken(system, request, after=PIECE)
        system.replace("o", CONTENT[::-1])
        return reply

    system.storage.instead = replace_and_break
    with pytest.raises(ObjectChanged):
        READ[way](user)


@pytest.mark.usefixtures("large")
def test_a_reply_of_another_version_is_not_taken_whatever_was_asked_for(
    user: Client, system: System
) -> None:
    def ignore_the_condition(request: httpx.Request) -> None:
        if "if-match" in request.headers:
            del request.headers["if-match"]
            system.replace("o", CONTENT[::-1])

    system.instead = ignore_the_condition
    system.storage.instead = lambda request: broken(system, request, after=PIECE)
    with pytest.raises(ObjectChanged):
        list(user.stream_object("c", "o"))


def test_a_file_gets_the_version_that_took_the_place_of_the_one_that_was_read(
    user: Client, system: System, large: Version, target: Path
) -> None:
    def replace_and_break(request: httpx.Request) -> httpx.Response:
        reply = broken(system, request, after=PIECE)
        system.replace("o", CONTENT[::-1])
        return reply

    system.storage.instead = replace_and_break
    found = user.download_to("c", "o", target, parallel=1)
    assert target.read_bytes() == CONTENT[::-1]
    assert found.version == system.record("o").shown.id != large.id
    with pytest.raises(PreconditionFailed):
        user.download_to("c", "o", target, if_match=large.etag)


def test_a_version_that_gets_another_etag_is_the_same_version(
    user: Client, system: System, large: Version, target: Path
) -> None:
    """It is digested while it is read."""

    def undigested(request: httpx.Request) -> httpx.Response | None:
        if "/objects/" not in request.url.path or "range" in request.headers:
            return None
        reply = system.answer(request)
        headers = {**reply.headers, "etag": f'"{large.id}"'}
        del headers["repr-digest"]
        return httpx.Response(reply.status_code, headers=headers)

    system.instead = undigested
    system.storage.instead = lambda request: broken(system, request, after=PIECE)
    found = user.download_to("c", "o", target, parallel=1)
    assert (target.read_bytes(), found.sha256) == (CONTENT, large.sha256)
    asked = [one.headers["if-match"] for one in system.requests if "range" in one.headers]
    assert asked == [f'"{large.id}"', large.etag]


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("way", ["file", "stream", "object"])
def test_damage_is_found(user: Client, system: System, target: Path, way: str) -> None:
    read = {**READ, "file": lambda user: user.download_to("c", "o", target)}[way]
    damaged = bytearray(CONTENT)
    damaged[-1] ^= 1
    system.damage("o", bytes(damaged))
    target.write_bytes(b"old")
    with pytest.raises(ContentCorrupted):
        read(user)
    assert (target.read_bytes(), left(target.parent)) == (b"old", ["target"])


@pytest.mark.usefixtures("large")
def test_the_last_of_a_damaged_stream_does_not_come(user: Client, system: System) -> None:
    """Who writes it on, into a pipe for instance, leaves it visibly cut."""
    system.damage("o", bytes(len(CONTENT)))
    came = 0
    with pytest.raises(ContentCorrupted):  # noqa: PT012
        for piece in user.stream_object("c", "o"):
            came += len(piece)
    assert 0 < came < len(CONTENT)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "wrong",
    [
        {"content-range": "bytes 1-20000/100000"},
        {"content-range": "bytes 0-19999/99999"},
        {"content-range": "nonsense"},
        {"content-length": "7"},
    ],
    ids=str,
)
def test_another_range_than_was_asked_for_is_not_taken(
    user: Client, system: System, target: Path, wrong: dict[str, str]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-range": "bytes 0-19999/100000", **wrong}
        return httpx.Response(206, headers=headers, stream=Streamed(CONTENT[:RANGE]))

    system.storage.instead = answer
    with pytest.raises((StorageRefused, httpx.RemoteProtocolError)):
        user.download_to("c", "o", target, parallel=1)
    assert not target.exists()


class Interrupted(BaseException):
    """As if somebody had pressed Ctrl-C."""


def interrupt(system: System, after: int) -> None:
    def instead(request: httpx.Request) -> None:
        if len(gets(system)) > after:
            raise Interrupted

    system.storage.instead = instead


@pytest.mark.usefixtures("large")
def test_an_interrupted_download_goes_on(user: Client, system: System, target: Path) -> None:
    target.write_bytes(b"old")
    interrupt(system, 3)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    assert target.read_bytes() == b"old"
    assert left(target.parent) == ["target", "target.mcos-part", "target.mcos-part.json"]
    system.storage.instead = lambda request: None
    before = len(gets(system))
    done: list[int] = []
    user.download_to("c", "o", target, on_progress=lambda count, total: done.append(count))
    assert target.read_bytes() == CONTENT
    assert left(target.parent) == ["target"]
    assert len(gets(system)) - before == RANGES - 3
    assert (done[0], done[-1]) == (3 * RANGE, len(CONTENT))


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "change",
    ["another version", "no notes", "notes of nothing", "no file", "a file cut short"],
)
def test_what_is_not_of_the_same_version_is_fetched_anew(
    user: Client, system: System, target: Path, change: str
) -> None:
    interrupt(system, 3)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    part, notes = Path(f"{target}.mcos-part"), Path(f"{target}.mcos-part.json")
    expected, kept = CONTENT, ["target"]
    if change == "another version":
        expected = CONTENT[::-1]
        system.replace("o", expected)
    elif change == "no notes":
        # What nothing says to be a part of a download may be anybody's.
        notes.unlink()
        kept += [part.name]
    elif change == "notes of nothing":
        notes.write_text("[]")
        kept += [part.name, notes.name]
    elif change == "no file":
        part.unlink()
    else:
        os.truncate(part, 5)
    system.storage.instead = lambda request: None
    before = len(gets(system))
    user.download_to("c", "o", target)
    assert (target.read_bytes(), left(target.parent)) == (expected, kept)
    assert len(gets(system)) - before == RANGES


OWN = {"target.mcos-part": b"mine", "target.mcos-part.json": b'{"mine": 1}'}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("names", [list(OWN), *([one] for one in OWN)], ids=str)
def test_files_of_the_users_own_are_not_touched_whatever_their_names(
    user: Client, system: System, target: Path, names: list[str]
) -> None:
    for name in names:
        target.with_name(name).write_bytes(OWN[name])
    interrupt(system, 3)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    system.storage.instead = lambda request: None
    before = len(gets(system))
    user.download_to("c", "o", target)
    assert len(gets(system)) - before == RANGES - 3
    assert target.read_bytes() == CONTENT
    assert left(target.parent) == sorted(["target", *names])
    assert all(target.with_name(name).read_bytes() == OWN[name] for name in names)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", ["n" * 255, "é" * 127], ids=["ascii", "two bytes each"])
def test_a_file_may_have_the_longest_name(
    user: Client, system: System, target: Path, name: str
) -> None:
    target = target.with_name(name)
    interrupt(system, 3)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    system.storage.instead = lambda request: None
    before = len(gets(system))
    user.download_to("c", "o", target)
    assert len(gets(system)) - before == RANGES - 3
    assert (target.read_bytes(), left(target.parent)) == (CONTENT, [name])


@pytest.mark.usefixtures("large")
def test_what_an_earlier_run_left_damaged_is_found_and_fetched_anew(
    user: Client, system: System, target: Path
) -> None:
    interrupt(system, 3)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    with Path(f"{target}.mcos-part").open("r+b") as part:
        part.write(b"damage")
    system.storage.instead = lambda request: None
    user.download_to("c", "o", target)
    assert target.read_bytes() == CONTENT


@pytest.mark.usefixtures("large")
def test_two_do_not_download_to_one_file(user: Client, target: Path) -> None:
    with download._locked(download._part_of(target)), pytest.raises(OSError, match="Another"):
        user.download_to("c", "o", target)


@pytest.mark.usefixtures("large")
def test_a_file_keeps_its_permissions(user: Client, target: Path) -> None:
    target.write_bytes(b"old")
    target.chmod(0o640)
    user.download_to("c", "o", target)
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.usefixtures("large")
def test_transfers_end_when_they_are_stopped(user: Client, system: System, target: Path) -> None:
    system.storage.instead = lambda request: user.stop_transfers()
    with pytest.raises(TransferStopped):
        user.download_to("c", "o", target)
    assert left(target.parent) == []


def test_notes_of_the_largest_content_stay_small(
    user: Client, system: System, large: Version, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RANGE", 1)
    monkeypatch.setattr(download, "MOST_RANGES", 7)
    interrupt(system, 6)
    with pytest.raises(Interrupted):
        user.download_to("c", "o", target, parallel=1)
    notes = json.loads(Path(f"{target}.mcos-part.json").read_text())
    assert (len(notes["done"]), notes["range"]) == (6, -(-len(CONTENT) // 7))


def test_a_range_of_a_version_that_is_no_more_is_refused(
    user: Client, system: System, large: Version
) -> None:
    def read() -> bytes:
        return user.read_range("c", "o", 5, 15, etag=large.etag, version=large.id)

    assert read() == CONTENT[5:15]
    user.update_object("c", "o", b"other")
    with pytest.raises(ObjectChanged):
        read()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_content_comes_as_it_was_stored_whatever_its_encoding(
    user: Client, system: System, asynchronous: bool
) -> None:
    """httpx decodes what it reads, and what is verified and wanted is what was sent."""
    stored = gzip.compress(b"many words")
    user.create_container("c")
    headers = {"content-encoding": "gzip", "prefer": "wait=25"}
    path = object_path("c", "o.gz")
    reply = system.cloud.call("s3", "POST", path, headers=headers, body=stored, token=system.token)
    assert reply.status == 201
    if asynchronous:
        found = asyncio.run(read_asynchronously(system))
    else:
        found = user.download_object("c", "o.gz").content
    assert found == stored


async def read_asynchronously(system: System) -> bytes:
    transport = httpx.MockTransport(system)
    async with AsyncClient(ENTRY_POINT, system.token, transport=transport) as client:
        return (await client.download_object("c", "o.gz")).content
