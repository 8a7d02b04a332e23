"""Segments and parts are read as they were written, and refused if they are anything else."""

import gzip
import json
import subprocess

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue import encryption, journal
from mcos_rescue.encryption import Keys
from mcos_rescue.entries import Entry, canonical
from mcos_rescue.errors import Damaged, Sealed
from mcos_rescue.journal import Complete, Header, Part, Place
from tests.unit.rescue.histories import History, object_histories

DEPLOYMENT = "01KASW9E4S0000000000000000"
ULID = "01KASW9E4S0000000000000001"
HEADER = Header(DEPLOYMENT, 3, "log", "2026-11-22T10:00:00.000Z")
ENTRIES = [
    Entry("objects", ("ada", "photos", f"{n}\n\u2028é"), f"{n}", None, None, canonical({"n": n}))
    for n in range(5)
]


def test_what_was_written_is_read() -> None:
    assert journal.read(journal.write(HEADER, ENTRIES)) == (HEADER, ENTRIES)


@given(object_histories())
def test_any_history_is_read_as_it_was_written(history: History) -> None:
    data = journal.write(HEADER, history.entries)
    assert journal.read(data) == (HEADER, history.entries)
    assert data == journal.write(HEADER, history.entries)


def test_zcat_and_sha256sum_are_enough_to_check_a_segment() -> None:
    unpacked = subprocess.run(
        ["zcat"], input=journal.write(HEADER, ENTRIES), capture_output=True, check=True
    ).stdout
    lines = unpacked.splitlines(keepends=True)
    digest = subprocess.run(
        ["sha256sum"], input=b"".join(lines[:-1]), capture_output=True, check=True
    ).stdout.split()[0]
    assert json.loads(lines[-1])["sha256"] == digest.decode()
    assert json.loads(lines[0])["format"] == 1
    assert len(lines) == len(ENTRIES) + 2


@given(st.data())
def test_a_changed_byte_or_a_lost_end_is_refused(data: st.DataObject) -> None:
    whole = journal.write(HEADER, ENTRIES)
    # The bytes 4 to 9 of gzip are a time and hints, which change nothing.
    place = data.draw(st.integers(10, len(whole) - 1))
    cut = data.draw(st.booleans())
    bit = 1 << data.draw(st.integers(0, 7))
    bad = whole[:place] if cut else whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
    with pytest.raises(Damaged):
        journal.read(bad)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["{}"],
        ["[1]"],
        ['{"format":2,"deployment":"d","generation":1,"kind":"log","written_at":"t"}'],
    ],
)
def test_another_format_is_refused(lines: list[str]) -> None:
    with pytest.raises(Damaged):
        journal.read(gzip.compress("".join(f"{one}\n" for one in lines).encode()))


@pytest.mark.parametrize("place", range(1, len(ENTRIES) + 1))
def test_a_segment_without_one_of_its_lines_is_refused(place: int) -> None:
    lines = gzip.decompress(journal.write(HEADER, ENTRIES)).splitlines(keepends=True)
    with pytest.raises(Damaged):
        journal.read(gzip.compress(b"".join(lines[:place] + lines[place + 1 :])))


@pytest.mark.parametrize(
    "entry",
    [
        {"table": "objects", "key": ["ada", "photos"]},
        {"table": "objects", "key": ["ada", "photos", ""]},
        {"table": "objects", "key": ["ada", "photos", "a\0b"]},
        {"table": "objects", "key": ["ada", "photos", "\ud800"]},
        {"table": "objects", "key": ["ada", "photos", 7]},
        {"table": "objects", "key": ["ada", "photos", "x"], "record": []},
        {"table": "objects", "key": ["ada", "photos", "x"], "revision": None},
        {"table": "objects"},
    ],
)
def test_a_malformed_entry_is_refused(entry: dict[str, object]) -> None:
    whole = {"revision": "1", "replaces": None, "at": None, "record": {}, **entry}
    line = json.dumps(whole).encode() + b"\n"

    class Malformed(Entry):
        def line(self) -> bytes:
            return line

    with pytest.raises(Damaged):
        journal.read(journal.write(HEADER, [Malformed("objects", (), "", None, None, None)]))


def test_a_sealed_segment_is_opened_with_the_operators_key_alone() -> None:
    own, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    key = journal.log_key(DEPLOYMENT, ULID, sealed=True)
    sealed = journal.write(HEADER, ENTRIES, recipient=str(own.to_public()))
    opened = journal.open_sealed(key, sealed, Keys([str(other), str(own)]))
    assert journal.read(opened) == (HEADER, ENTRIES)
    with pytest.raises(Sealed, match="another key"):
        journal.open_sealed(key, sealed, Keys([str(other)]))
    with pytest.raises(Sealed, match="--key"):
        journal.open_sealed(key, sealed)
    with pytest.raises(Damaged):
        journal.open_sealed(key, sealed[:-1], Keys([str(own)]))


def test_without_the_package_a_sealed_segment_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(encryption, "import_module", missing)
    with pytest.raises(Sealed, match="pip install pyrage"):
        journal.open_sealed("x.jsonl.gz.age", b"", Keys(["AGE-SECRET-KEY-1X"]))


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (journal.log_key(DEPLOYMENT, ULID), Place(DEPLOYMENT, "log", ULID, f"{ULID}.jsonl.gz")),
        (
            journal.log_key(DEPLOYMENT, ULID, sealed=True),
            Place(DEPLOYMENT, "log", ULID, f"{ULID}.jsonl.gz.age"),
        ),
        (
            journal.part_key(DEPLOYMENT, ULID, "objects", 7),
            Place(DEPLOYMENT, "snapshot", ULID, "objects-0007.jsonl.gz"),
        ),
        ("~catalog/1/README.txt", None),
        (f"~catalog/1/{DEPLOYMENT}/log/{ULID}.txt", None),
        (f"~catalog/1/{DEPLOYMENT}/log/x.jsonl.gz", None),
        (f"~catalog/2/{DEPLOYMENT}/log/{ULID}.jsonl.gz", None),
        (f"~catalog/1/{DEPLOYMENT}/snapshot/{ULID}/a/b", None),
    ],
)
def test_a_key_says_what_it_is_of(key: str, place: Place | None) -> None:
    assert journal.place_of_key(key) == place


def test_the_last_file_of_a_snapshot_is_read_as_it_was_written() -> None:
    part = Part(journal.part_key(DEPLOYMENT, ULID, "objects", 0), "objects", 5, "ab", 100)
    complete = Complete(DEPLOYMENT, 3, "2026-11-22T10:00:00Z", "later", (part,), {"objects": 5})
    assert Complete.of(complete.as_bytes()) == complete
    for bad in (b"", b"[]", b'{"format":2}', b'{"format":1}', complete.as_bytes()[:-3]):
        with pytest.raises(Damaged):
            Complete.of(bad)
