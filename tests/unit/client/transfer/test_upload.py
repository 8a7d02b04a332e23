"""Content that no call carries is stored through signed URLs, in parts, as often as it takes."""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Lock

import httpx
import pytest

from mcos_client import (
    Client,
    ContainerNotFound,
    Journal,
    ObjectExists,
    ObjectFailed,
    ObjectNotFound,
    SourceChanged,
    StorageRefused,
    UploadNotFound,
)
from mcos_client.transfer.source import Content, FileSource
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import System, problem

PART = 1000
CONTENT = bytes(range(256)) * 15 + b"the end"
PARTS = 4
LARGE = os.urandom(SMALL + 1)


def received(system: System, name: str = "o") -> bytes:
    """What is in staging of the version that was taken last; what follows is not the client's."""
    return system.received(name)


def puts(system: System) -> list[httpx.Request]:
    return [one for one in system.storage.requests if one.method == "PUT"]


def failing(times: int, reply: Callable[[], httpx.Response]) -> Callable[..., object]:
    """Answers the first so many requests."""
    left = iter(range(times))
    lock = Lock()

    def instead(request: httpx.Request) -> httpx.Response | None:
        with lock:
            return None if next(left, None) is None else reply()

    return instead


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", ("somebody",))


# One that may be read again, one that may not; ``test_source.py`` has all kinds.
KINDS: dict[str, Callable[[Path], Content]] = {
    "path": lambda path: path,
    "iterator": lambda path: iter([path.read_bytes()[:7], b"", path.read_bytes()[7:]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_content_arrives_in_parts(
    user: Client, system: System, file: Path, kind: str
) -> None:
    written = user.upload("c", "o", KINDS[kind](file), part_size=PART)
    assert (written.state, written.size) == ("CREATING", len(CONTENT))
    assert user.stat_object("c", "o").state == "CREATING"
    assert system.stored() == {"o": CONTENT}
    assert len(puts(system)) == PARTS
    assert user.stat_object("c", "o").state == "CREATED"  # so its digests are what was said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["create", "update"])
def test_what_a_call_does_not_carry_goes_through_an_upload_by_itself(
    user: Client, system: System, tmp_path: Path, kind: str, method: str
) -> None:
    file = tmp_path / "large"
    file.write_bytes(LARGE)
    if method == "update":
        user.create_object("c", "o", b"old")
    store = user.create_object if method == "create" else user.update_object
    written = store("c", "o", KINDS[kind](file), content_type="text/plain", metadata={"a": "b"})
    assert written.version in [one.upload for one in system.uploads]
    assert received(system) == LARGE
    one = system.record("o").shown
    assert (one.content_type, one.metadata) == ("text/plain", {"a": "b"})


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_call_carries_goes_with_it(
    user: Client, system: System, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "small"
    file.write_bytes(LARGE[:-1])
    assert user.create_object("c", "o", KINDS[kind](file)).state == "CREATED"
    assert system.stored() == {"o": LARGE[:-1]}
    assert not system.uploads


def test_a_wait_that_was_asked_for_is_waited(user: Client, system: System) -> None:
    written = user.create_object("c", "o", LARGE, prefer="wait=10")
    assert (written.state, written.replicas) == ("CREATED", (3, 3))
    assert written.etag == system.record("o").shown.etag
    system.working = False
    assert user.create_object("c", "p", LARGE, prefer="wait=1").state == "CREATING"
    system.meanwhile = lambda: system.fail("q")
    with pytest.raises(ObjectFailed, match="no cluster took it"):
        user.create_object("c", "q", LARGE, prefer="wait=10")


def test_what_is_not_what_was_said_fails(user: Client, system: System) -> None:
    upload = user.begin_upload("c", "o", size=len(CONTENT), part_size=len(CONTENT))
    [part] = upload.parts
    put = httpx.Request("PUT", part.url, content=CONTENT)
    assert system.storage(put).is_success
    digest = {"sha-256": b64encode(sha256(b"other").digest()).decode()}
    user.complete_upload(upload.upload, digest=digest)
    settled = user.wait_until_settled("c", "o")
    assert settled is not None
    assert settled.state == "FAILED"


def test_empty_content_is_content(user: Client, system: System) -> None:
    user.upload("c", "o", b"")
    assert received(system) == b""
    [put] = puts(system)
    assert put.headers["content-length"] == "0"


def test_one_piece_is_sent_with_the_headers_that_are_signed(user: Client, system: System) -> None:
    user.upload("c", "o", CONTENT)
    [put] = puts(system)
    assert put.headers["if-none-match"] == "*"
    assert put.headers["content-length"] == str(len(CONTENT))
    begin = json.loads(system.requests[-2].content)
    assert begin["digest"].keys() == {"sha-256", "md5"}
    assert user.wait_until_settled("c", "o")


def test_no_token_goes_to_a_storage_service(user: Client, system: System) -> None:
    user.upload("c", "o", CONTENT, part_size=PART)
    user.upload("c", "p", CONTENT)
    assert system.storage.requests
    for request in system.storage.requests:
        assert system.token not in str(request.headers.raw)
        assert system.token not in str(request.url)


def test_parts_are_sent_side_by_side_and_no_more_than_asked_for(
    user: Client, system: System
) -> None:
    together = Barrier(2, timeout=60)
    now, most, lock = 0, 0, Lock()

    def meet(request: httpx.Request) -> None:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        together.wait()
        with lock:
            now -= 1

    system.storage.instead = meet
    user.upload("c", "o", CONTENT, part_size=PART, parallel=2)
    assert most == 2


def test_a_stream_is_read_no_further_than_its_parts_may_be_held(
    user: Client, system: System
) -> None:
    """The bytes that were read and not stored are at most `parallel` parts."""
    read = most = 0

    def content() -> Iterator[bytes]:
        nonlocal read, most
        for _ in range(40):
            read += PART
            most = max(most, read - PART * system.storage.puts.total())
            yield bytes(PART)

    user.upload("c", "o", content(), part_size=PART, parallel=2)
    # Beside those that are held the one that is being read.
    assert most <= 3 * PART
    assert len(received(system)) == 40 * PART


@pytest.mark.parametrize("part_size", [PART, None])
@pytest.mark.parametrize(
    "fault",
    [
        lambda: httpx.Response(500),
        lambda: httpx.Response(503),
        lambda: httpx.Response(403),
        lambda: httpx.Response(400, text="BadDigest"),
        lambda: raised(httpx.ReadError("lost")),
        lambda: raised(httpx.ConnectError("refused")),
    ],
    ids=["500", "503", "403", "BadDigest", "lost", "refused"],
)
def test_what_fails_on_the_way_is_sent_again(
    user: Client,
    system: System,
    clock: ClientClock,
    part_size: int | None,
    fault: Callable[[], httpx.Response],
) -> None:
    system.storage.instead = failing(3, fault)  # type: ignore[assignment]
    done: list[tuple[int, int | None]] = []
    user.upload(
        "c",
        "o",
        CONTENT,
        part_size=part_size,
        parallel=1,
        on_progress=lambda *one: done.append(one),
    )
    assert received(system) == CONTENT
    assert len(clock.pauses) == 3
    assert done[-1] == (len(CONTENT), len(CONTENT))
    assert max(count for count, _ in done) == len(CONTENT)


def raised(error: Exception) -> httpx.Response:
    raise error


def test_it_is_not_tried_for_ever(user: Client, system: System) -> None:
    system.storage.instead = lambda request: httpx.Response(500)
    with pytest.raises(StorageRefused, match="500"):
        user.upload("c", "o", CONTENT, part_size=PART)
    assert not system.uploads  # nothing is left of it


def test_a_message_does_not_give_away_a_signature(user: Client, system: System) -> None:
    system.storage.instead = lambda request: httpx.Response(500)
    with pytest.raises(StorageRefused) as caught:
        user.upload("c", "o", CONTENT)
    assert "Signature" not in str(caught.value)


def test_urls_that_have_expired_are_fetched_anew(user: Client, system: System) -> None:
    sent = 0

    def expire(request: httpx.Request) -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            system.storage.expire()

    system.storage.instead = expire
    user.upload("c", "o", CONTENT, part_size=PART, parallel=1)
    assert received(system) == CONTENT
    assert set(system.storage.puts.values()) == {1}


class LostOnce:
    """Loses the reply to the first request for each URL, which was done."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._seen: set[str] = set()

    def __call__(self, request: httpx.Request) -> None:
        resource = f"{request.url.path} {request.url.params.get('partNumber')}"
        if resource not in self._seen:
            self._seen.add(resource)
            assert self._system.answer(request).is_success
            raise httpx.ReadError("lost")


def test_a_part_that_arrived_though_its_reply_was_lost_is_not_sent_again(
    user: Client, system: System
) -> None:
    system.storage.instead = LostOnce(system)
    # In order: moto takes the number behind which parts are listed for a position.
    user.upload("c", "o", CONTENT, part_size=PART, parallel=1)
    assert system.storage.puts == dict.fromkeys(range(1, PARTS + 1), 1)


def test_a_piece_that_arrived_though_its_reply_was_lost_is_not_sent_again(
    user: Client, system: System
) -> None:
    system.storage.instead = LostOnce(system)
    user.upload("c", "o", CONTENT)
    assert (received(system), system.storage.puts) == (CONTENT, {0: 1})


def test_urls_of_many_parts_are_fetched_page_by_page(user: Client, system: System) -> None:
    content = bytes(25 * 10)
    user.upload("c", "o", iter([content]), part_size=10)
    assert len(received(system)) == len(content)
    pages = [one for one in system.requests if one.method == "GET" and "/uploads/" in one.url.path]
    assert [one.url.params["marker"] for one in pages] == ["10", "20"]


def test_a_file_that_changes_while_it_is_sent_is_not_stored(
    user: Client, system: System, file: Path, journal: Journal
) -> None:
    def change(request: httpx.Request) -> None:
        with file.open("ab") as opened:
            opened.write(b"more")

    system.storage.instead = change
    with pytest.raises(SourceChanged):
        user.upload("c", "o", file, part_size=PART, journal=journal)
    assert system.stored() == {}
    assert not system.uploads
    assert list(journal.folder.iterdir()) == []


def test_replace_creates_or_updates(user: Client, system: System) -> None:
    for content in (b"1" * PART, b"2" * PART):
        user.upload("c", "o", content, action="replace")
        assert received(system) == content
    with pytest.raises(ObjectExists):
        user.upload("c", "o", CONTENT)
    with pytest.raises(ObjectNotFound):
        user.upload("c", "p", CONTENT, action="update")
    with pytest.raises(ContainerNotFound):
        user.upload("d", "p", CONTENT, action="replace")


def test_a_conflict_at_the_end_is_waited_for(
    user: Client, system: System, clock: ClientClock
) -> None:
    refusals = iter(range(2))

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/complete") and next(refusals, None) is not None:
            return problem(409, "conflict", retry_after="1")
        return None

    system.instead = refuse
    user.upload("c", "o", CONTENT)
    assert received(system) == CONTENT
    assert len(clock.pauses) == 2
    assert min(clock.pauses) >= 1


class Interrupted(BaseException):
    """As if somebody had pressed Ctrl-C."""


def interrupt_after(system: System, count: int) -> None:
    def instead(request: httpx.Request) -> None:
        if len(puts(system)) > count:
            raise Interrupted

    system.storage.instead = instead


def test_an_interrupted_upload_of_a_file_goes_on(
    user: Client, system: System, file: Path, journal: Journal
) -> None:
    interrupt_after(system, 2)
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, part_size=PART, parallel=1, journal=journal)
    [entry] = journal.folder.iterdir()
    assert entry.stat().st_mode & 0o777 == 0o600
    assert "token" not in entry.read_text()
    system.storage.instead = lambda request: None
    done: list[int] = []
    user.upload(
        "c",
        "o",
        file,
        part_size=PART,
        journal=journal,
        on_progress=lambda count, total: done.append(count),
    )
    assert received(system) == CONTENT
    assert system.storage.puts == dict.fromkeys(range(1, PARTS + 1), 1)
    assert done[-1] == len(CONTENT)
    assert list(journal.folder.iterdir()) == []


def test_a_part_that_is_stored_and_differs_is_sent_again(
    user: Client, system: System, file: Path, journal: Journal
) -> None:
    interrupt_after(system, 2)
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, part_size=PART, parallel=1, journal=journal)
    [upload] = system.uploads
    other = system.another.stat_upload(upload.upload).parts[1]
    system.storage.instead = lambda request: None
    system.storage(httpx.Request("PUT", other.url, content=bytes(PART)))
    user.upload("c", "o", file, part_size=PART, journal=journal)
    assert received(system) == CONTENT
    assert (system.storage.puts[1], system.storage.puts[2]) == (1, 3)


@pytest.mark.parametrize(
    "other", ["another object", "another owner", "other metadata", "a file that changed"]
)
def test_only_the_same_upload_goes_on(
    user: Client, system: System, file: Path, journal: Journal, other: str
) -> None:
    interrupt_after(system, 2)
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, part_size=PART, parallel=1, journal=journal)
    [first] = system.uploads
    system.storage.instead = lambda request: None
    if other == "a file that changed":
        file.write_bytes(CONTENT[::-1])
        os.utime(file, ns=(1, 1))
    user.upload(
        "c",
        "p" if other == "another object" else "o",
        file,
        part_size=PART,
        metadata={"a": "b"} if other == "other metadata" else None,
        journal=Journal(journal.folder, ("else",)) if other == "another owner" else journal,
    )
    assert system.another.stat_upload(first.upload).version is None


def test_an_upload_that_has_ended_meanwhile_begins_anew(
    user: Client, system: System, file: Path, journal: Journal
) -> None:
    interrupt_after(system, 2)
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, part_size=PART, parallel=1, journal=journal)
    [begun] = system.uploads
    system.another.abort_upload(begun.upload)
    system.storage.instead = lambda request: None
    user.upload("c", "o", file, part_size=PART, journal=journal)
    assert received(system) == CONTENT


def test_an_upload_that_was_taken_before_its_reply_came_is_done(
    user: Client, system: System, file: Path, journal: Journal
) -> None:
    def interrupt(request: httpx.Request) -> None:
        if request.url.path.endswith("/complete"):
            system.instead = lambda request: None
            system.answer(request)
            raise Interrupted

    system.instead = interrupt
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, part_size=PART, journal=journal)
    sent = len(puts(system))
    user.upload("c", "o", file, part_size=PART, journal=journal)
    assert len(puts(system)) == sent == PARTS
    assert list(journal.folder.iterdir()) == []


AFTER = {
    "deleted": lambda system: system.another.delete_object("c", "o", prefer="wait=10"),
    "replaced": lambda system: system.replace("o", b"another content"),
    "failed": lambda system: system.fail("o"),
    "its container": lambda system: (
        system.another.delete_object("c", "o", prefer="wait=10"),
        system.another.delete_container("c"),
        system.another.create_container("c"),
    ),
}


@pytest.mark.parametrize("after", AFTER)
def test_one_that_was_taken_and_is_not_there_any_more_is_stored_again(
    user: Client, system: System, file: Path, journal: Journal, after: str
) -> None:
    """Who stores a file again after others deleted or replaced it wants it to be there."""

    def interrupt(request: httpx.Request) -> None:
        if request.url.path.endswith("/complete"):
            system.instead = lambda request: None
            system.answer(request)
            raise Interrupted

    system.instead = interrupt
    with pytest.raises(Interrupted):
        user.upload("c", "o", file, action="replace", part_size=PART, journal=journal)
    if after != "failed":
        assert system.stored() == {"o": CONTENT}
    AFTER[after](system)
    user.upload("c", "o", file, action="replace", part_size=PART, journal=journal)
    assert system.stored() == {"o": CONTENT}
    assert list(journal.folder.iterdir()) == []


def test_another_machine_goes_on_by_the_id(user: Client, system: System, file: Path) -> None:
    upload = user.begin_upload("c", "o", size=len(CONTENT), part_size=PART)
    user.upload("c", "o", file, resume=upload.upload)
    assert received(system) == CONTENT
    assert [one.upload for one in system.uploads] == [upload.upload]
    with pytest.raises(UploadNotFound):
        user.upload("c", "o", file, resume="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    for_other = user.begin_upload("c", "p", size=1).upload
    with pytest.raises(SourceChanged):
        user.upload("c", "p", file, resume=for_other)


def test_uploads_are_listed_and_given_up(user: Client, system: System) -> None:
    upload = user.begin_upload("c", "o", size=1)
    assert [one.upload for one in user.all_uploads()] == [upload.upload]
    user.abort_upload(upload.upload)
    assert list(user.all_uploads()) == []
    with pytest.raises(UploadNotFound):
        user.abort_upload(upload.upload)


def test_entries_of_uploads_that_cannot_be_there_any_more_are_forgotten(
    file: Path, journal: Journal
) -> None:
    with file.open("rb") as opened:
        source = FileSource(opened, file)
        old = journal.entry("c", "old", source, {})
        new = journal.entry("c", "new", source, {})
    assert old is not None
    assert new is not None
    old.keep("1")
    os.utime(old.path, (0, 0))
    new.keep("2")
    assert (old.find(), new.find()) == (None, "2")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"upload": 1}', b"\xff"])
def test_a_damaged_entry_counts_as_missing(file: Path, journal: Journal, damage: bytes) -> None:
    with file.open("rb") as opened:
        entry = journal.entry("c", "o", FileSource(opened, file), {})
    assert entry is not None
    entry.keep("1")
    entry.path.write_bytes(damage)
    assert entry.find() is None
