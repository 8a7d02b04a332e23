"""Content of any kind reads alike: whole, in parts, or not at all if it is too large."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from unittest.mock import patch

import pytest

from mcos_client.transfer import source as sources
from mcos_client.transfer.source import Body, Content, FileSource, source_of

PART = 1000
CONTENT = bytes(range(256)) * 15 + b"the end"

KINDS: dict[str, Callable[[Path], Content]] = {
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "path": lambda path: path,
    "file": lambda path: path.open("rb"),
    "iterator": lambda path: iter([path.read_bytes()[:7], b"", path.read_bytes()[7:]]),
    "file without descriptor": lambda path: io.BytesIO(path.read_bytes()),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def read(body: Body) -> bytes:
    content = b"".join(body.pieces())
    assert len(content) == body.size
    body.close()
    return content


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_content_is_read_in_parts(file: Path, kind: str) -> None:
    source = source_of(KINDS[kind](file))
    parts = [read(body) for body in source.bodies(PART)]
    assert parts == [CONTENT[first : first + PART] for first in range(0, len(CONTENT), PART)]
    assert source.size in (None, len(CONTENT))
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_within_a_limit_comes_at_once(file: Path, kind: str) -> None:
    source = source_of(KINDS[kind](file))
    assert source.within(len(CONTENT)) == CONTENT
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_of_what_is_not_within_a_limit_nothing_is_lost(file: Path, kind: str) -> None:
    source = source_of(KINDS[kind](file))
    assert source.within(len(CONTENT) - 1) is None
    assert b"".join(read(body) for body in source.bodies(PART)) == CONTENT
    source.close()


@pytest.mark.parametrize("content", ["text", 5, None, ["text"], io.StringIO("text")])
def test_what_has_no_bytes_is_no_content(content: Content) -> None:
    with pytest.raises(TypeError):
        source_of(content).within(PART)


def test_a_compressed_file_is_content_as_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(CONTENT))
    with gzip.open(path) as opened:
        assert source_of(opened).within(len(CONTENT)) == CONTENT


def test_a_file_is_content_from_where_it_is_open(file: Path) -> None:
    with file.open("rb") as opened:
        opened.seek(5)
        source = source_of(opened)
        assert isinstance(source, FileSource)
        assert b"".join(read(body) for body in source.bodies(PART)) == CONTENT[5:]


def test_parts_of_a_stream_that_are_too_large_for_memory_are_held_in_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "STREAM_PART", PART)
    with patch.object(sources.tempfile, "TemporaryFile", wraps=TemporaryFile) as made:
        parts = [read(body) for body in source_of(iter([CONTENT])).bodies(PART + 1)]
    assert b"".join(parts) == CONTENT
    assert made.call_count == len(parts) + 1  # the last one finds nothing more
