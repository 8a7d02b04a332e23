"""Reading a replica, whatever a service's client lets through."""

import hashlib
import io
from datetime import UTC, datetime

import pytest

from mcos.storage import BackendUnavailable, ReplicaDigestMismatch, ReplicaStat
from mcos.storage.reader import StreamReader

CONTENT = bytes(range(256)) * 4000


def reader_of(
    body: io.BytesIO, *, length: int = len(CONTENT), in_parts: bool = False
) -> StreamReader:
    return StreamReader(
        ReplicaStat(
            "account/version",
            len(CONTENT),
            hashlib.md5(CONTENT).hexdigest(),
            "text/plain",
            datetime(2026, 11, 22, tzinfo=UTC),
            in_parts=in_parts,
        ),
        body,
        length=length,
        name="a replica",
        failures=(OSError,),
        translate=lambda error: BackendUnavailable(type(error).__name__),
    )


def test_a_body_that_ends_early_is_never_taken_for_whole() -> None:
    with pytest.raises(BackendUnavailable, match="1 bytes before its end"):
        reader_of(io.BytesIO(CONTENT[:-1])).read()


def test_a_range_that_ends_early_is_never_taken_for_whole() -> None:
    with pytest.raises(BackendUnavailable, match="5 bytes before its end"):
        reader_of(io.BytesIO(CONTENT[:10]), length=15).read()


def test_nothing_behind_the_announced_length_is_handed_out() -> None:
    assert reader_of(io.BytesIO(CONTENT + b"more")).read() == CONTENT


def test_the_last_piece_of_wrong_bytes_is_withheld() -> None:
    reader = reader_of(io.BytesIO(b"?" + CONTENT[1:]))
    assert reader.read(len(CONTENT) - 1) == b"?" + CONTENT[1:-1]
    with pytest.raises(ReplicaDigestMismatch):
        reader.read()


def test_of_a_replica_in_parts_only_the_length_is_known() -> None:
    other = b"?" + CONTENT[1:]
    assert reader_of(io.BytesIO(other), in_parts=True).read() == other
    with pytest.raises(BackendUnavailable, match="1 bytes before its end"):
        reader_of(io.BytesIO(other[:-1]), in_parts=True).read()


def test_the_connection_is_let_go_at_the_end_of_the_block() -> None:
    body = io.BytesIO(CONTENT)
    with reader_of(body) as reader:
        reader.read(10)
    assert body.closed


def test_what_the_client_raises_becomes_an_exception_of_the_contract() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TimeoutError("with a secret in it")

    with pytest.raises(BackendUnavailable, match="TimeoutError") as failure:
        reader_of(Broken()).read()
    assert failure.value.__suppress_context__
