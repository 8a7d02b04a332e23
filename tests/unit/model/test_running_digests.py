"""Digests that are computed in several processes, against hashlib, which does it in one."""

import ctypes
import ctypes.util
import hashlib
import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.model import running_digests
from mcos.model.parts import part_ranges
from mcos.model.running_digests import ContentDigests, LibcryptoUnfit, RunningDigests

MIB = 1024**2

# Around the 64 bytes of a block something may go wrong that random sizes do not meet.
PART_SIZES = st.one_of(st.just(0), st.integers(1, 200), st.sampled_from([63, 64, 65, 128]))
CONTENTS = st.one_of(
    st.binary(max_size=400),
    st.integers(0, 5000).map(lambda size: hashlib.shake_128(b"content").digest(size)),
)


def md5(content: bytes) -> Any:
    return hashlib.md5(content, usedforsecurity=False)


def reference(content: bytes, part_size: int) -> ContentDigests:
    parts_md5 = ""
    if part_size:
        parts_md5 = md5(
            b"".join(
                md5(content[first : last + 1]).digest()
                for _, first, last in part_ranges(len(content), part_size)
            )
        ).hexdigest()
    return ContentDigests(
        md5=md5(content).hexdigest(),
        sha256=b64encode(hashlib.sha256(content).digest()).decode(),
        parts_md5=parts_md5,
    )


def elsewhere(running: RunningDigests) -> RunningDigests:
    """As another process gets it."""
    return RunningDigests.from_json(json.loads(json.dumps(running.as_json())))


@given(content=CONTENTS, part_size=PART_SIZES, data=st.data())
def test_the_digests_do_not_depend_on_where_the_work_was_interrupted(
    content: bytes, part_size: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    running = RunningDigests(part_size)
    for first, last in zip([0, *cuts], [*cuts, len(content)], strict=True):
        running.update(content[first:last])
        assert running.position == last
        if data.draw(st.booleans()):
            running = elsewhere(running)
    assert running.finish() == reference(content, part_size)
    assert elsewhere(running).finish() == reference(content, part_size)


@pytest.mark.parametrize("part_size", [0, 1, 63, 64, 65, 100, 129, 1000])
def test_the_work_may_be_interrupted_at_every_single_byte(part_size: int) -> None:
    content = hashlib.shake_128(b"every byte").digest(200)
    running = RunningDigests(part_size)
    for position in range(len(content) + 1):
        assert running.finish() == reference(content[:position], part_size)
        running = elsewhere(running)
        running.update(content[position : position + 1])
    assert running.finish() == reference(content, part_size)


def test_finishing_leaves_the_state_as_it_was() -> None:
    running = RunningDigests(70)
    running.update(b"x" * 100)
    before = running.as_json()
    assert running.finish() == running.finish()
    assert running.as_json() == before
    running.update(b"y" * 100)
    assert running.finish() == reference(b"x" * 100 + b"y" * 100, 70)


def test_what_was_read_back_is_independent_of_what_it_was_read_from() -> None:
    one = RunningDigests(3)
    one.update(b"abcd")
    other = elsewhere(one)
    one.update(b"e")
    other.update(b"f")
    assert one.finish() == reference(b"abcde", 3)
    assert other.finish() == reference(b"abcdf", 3)


def test_parts_md5_is_the_etag_of_an_s3_multipart_upload() -> None:
    # 11 MiB of zeros in parts of 8 MiB, as `aws s3 cp` sends them; by md5sum, xxd and md5sum.
    running = RunningDigests(8 * MIB)
    for _ in range(11):
        running.update(bytes(MIB))
    assert running.finish().parts_md5 == "b82dfa9fabfbb27edabadb52e26881b8"


def test_a_content_whose_bits_do_not_fit_one_word_is_counted_in_both() -> None:
    """512 MiB are 2**32 bits. The digests are those of md5sum and sha256sum."""
    running = RunningDigests(0)
    zeros = bytes(8 * MIB)
    for _ in range(63):
        running.update(zeros)
    running = elsewhere(running)
    running.update(zeros[:-1])
    running = elsewhere(running)
    running.update(zeros[:2])
    running = elsewhere(running)
    running.update(zeros[:199])
    assert running.position == 512 * MIB + 200
    assert running.finish() == ContentDigests(
        md5="4d8100f8e37882537485b1cd902f9a20",
        sha256=b64encode(
            bytes.fromhex("89ed776a0bca1dabf914cb14659b3cdd2bcd914df3627e21e57295b509673d1b")
        ).decode(),
        parts_md5="",
    )


def test_a_state_of_terabytes_is_small_and_counts_on() -> None:
    running = RunningDigests(640 * MIB)
    running.update(b"x" * 63)
    # Nobody hashes terabytes here: the state of one is made from a small one's.
    position = 4 * 1024**4 + 640 * MIB - 1
    running._md5 = counted_on(running._md5, 63, position)
    running._sha256 = counted_on(running._sha256, 63, position)
    running._part = counted_on(running._part, 63, position % (640 * MIB))
    running._parts = counted_on(
        running_digests._Running(running_digests._MD5), 0, position // (640 * MIB) * 16
    )
    running.position = position
    assert len(json.dumps(running.as_json())) < 700
    again = elsewhere(running)
    for one in (running, again):
        one.update(b"y" * 1000)
    assert again.as_json() == running.as_json()
    assert again.finish() == running.finish()


def counted_on(running: Any, position: int, wanted: int) -> Any:
    state = running.save(position)
    words = len(state) - position % 64
    return running_digests._Running.load(
        running._algorithm, state[:words] + b"z" * (wanted % 64), wanted
    )


def test_a_state_is_good_in_another_process() -> None:
    running = RunningDigests(100)
    running.update(b"x" * 250)
    program = (
        "import json, sys; from mcos.model.running_digests import RunningDigests\n"
        "running = RunningDigests.from_json(json.load(sys.stdin)); running.update(b'y' * 250)\n"
        "found = running.finish(); print(found.md5, found.sha256, found.parts_md5)"
    )
    library = Path(running_digests.__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(running.as_json()),
        # No PATH: a runtime without ldconfig and gcc has a libcrypto all the same.
        env={"PYTHONPATH": os.fspath(library), "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    expected = reference(b"x" * 250 + b"y" * 250, 100)
    assert told.split() == [expected.md5, expected.sha256, expected.parts_md5]


def a_state(part_size: int = 100) -> dict[str, Any]:
    running = RunningDigests(part_size)
    running.update(b"x" * 250)
    return running.as_json()


@pytest.mark.parametrize("value", [None, [], "state", 1, {}, {"format": "mcos-running-digests/1"}])
def test_what_is_no_state_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="state of running digests"):
        RunningDigests.from_json(value)


def sealed(state: dict[str, Any]) -> dict[str, Any]:
    """With the check that fits, so that something else has to notice."""
    fields = {name: value for name, value in state.items() if name != "check"}
    return {**fields, "check": running_digests._check(fields)}


GARBAGE: list[Any] = [None, "", "x", "AAAA", "!", -1, 1.0, True, 10**30, [], {}, b"AAAA", "Ä"]


@pytest.mark.parametrize("name", sorted(a_state()))
@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_a_state_with_another_field_is_refused(name: str, garbage: object) -> None:
    state = {**a_state(), name: garbage}
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what is promised
        RunningDigests.from_json(state)
    if name != "check":
        with pytest.raises(ValueError):  # noqa: PT011
            RunningDigests.from_json(sealed(state))


@pytest.mark.parametrize("name", sorted(a_state()))
def test_a_state_that_lacks_a_field_or_has_one_too_many_is_refused(name: str) -> None:
    state = a_state()
    with pytest.raises(ValueError, match="state of running digests"):
        RunningDigests.from_json({**state, name + "2": state[name]})
    del state[name]
    with pytest.raises(ValueError, match="state of running digests"):
        RunningDigests.from_json(state)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        # Each of them would go unnoticed by all but the check, and give wrong digests.
        ("position", lambda value: value + 6400),
        ("part_size", lambda value: value + 1),
        ("md5", lambda value: "AAAA" + value[4:]),
        ("sha256", lambda value: "AAAA" + value[4:]),
        ("part", lambda value: "AAAA" + value[4:]),
        ("parts", lambda value: "AAAA" + value[4:]),
    ],
)
def test_a_state_that_was_changed_is_refused(name: str, change: Callable[[Any], Any]) -> None:
    state = a_state()
    with pytest.raises(ValueError, match="state of"):
        RunningDigests.from_json({**state, name: change(state[name])})


def test_a_state_whose_lengths_contradict_its_position_is_refused() -> None:
    """Even one whose check is right."""
    for name in ("md5", "sha256", "part", "parts"):
        state = {**a_state(), name: b64encode(b"x" * 200).decode()}
        with pytest.raises(ValueError, match="wrong length"):
            RunningDigests.from_json(sealed(state))


def test_a_state_of_another_version_is_refused() -> None:
    state = {**a_state(), "format": "mcos-running-digests/2"}
    with pytest.raises(ValueError, match="format"):
        RunningDigests.from_json(sealed(state))


@pytest.mark.parametrize("piece", ["text", None, 7, memoryview(b"x"), bytearray(b"x")])
def test_only_bytes_are_taken(piece: Any) -> None:
    running = RunningDigests(0)
    with pytest.raises(TypeError):
        running.update(piece)
    assert running.finish() == reference(b"", 0)


def test_a_negative_part_size_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        RunningDigests(-1)


def test_bytes_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    piece = bytes(1000)
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr(
        running_digests._Running,
        "update",
        lambda self, address, length: taken.append((address, length)),
    )
    RunningDigests(0).update(piece)
    # CPython's ``id`` is where the object begins; its bytes follow the head.
    assert taken == [(id(piece) + bytes.__basicsize__ - 1, 1000)] * 2


# Which libcrypto


def test_a_libcrypto_is_found_without_the_programs_that_find_library_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    monkeypatch.setattr(running_digests, "find_spec", lambda name: None)
    places = list(running_digests._places())
    assert places == ["libcrypto.so.3", "libcrypto.so.1.1"]
    running_digests._algorithms(running_digests._libcrypto(places))


def test_pythons_own_libcrypto_comes_first() -> None:
    first = next(running_digests._places())
    assert "_hashlib" in first
    running_digests._algorithms(running_digests._libcrypto([first]))


def test_without_a_libcrypto_the_error_says_where_it_was_looked_for() -> None:
    libc = "libc.so.6"  # is there, and has no MD5
    with pytest.raises(LibcryptoUnfit, match=r"tried: nowhere\.so, libc\.so\.6"):
        running_digests._libcrypto(iter(["nowhere.so", libc]))


def with_fields(*fields: tuple[str, Any]) -> type[Any]:
    return type("_OtherContext", (running_digests._Context,), {"_fields_": fields})


def wrong_structs() -> Iterator[tuple[str, type[Any]]]:
    """Layouts that are not libcrypto's."""
    h, low, high, data, num, guard = running_digests._Md5Context._fields_
    yield "_Md5Context", with_fields(h, high, low, data, num, guard)
    yield "_Md5Context", with_fields(h, low, high, num, data, guard)
    yield "_Md5Context", with_fields(low, high, h, data, num, guard)
    yield "_Md5Context", with_fields(h, low, high, data, ("more", ctypes.c_uint), num, guard)
    yield "_Md5Context", with_fields(h, low, high, ("data", ctypes.c_ubyte * 32), num, guard)
    # Only shorter than the library's, which writes behind it.
    h, low, high, data, num, _, guard = running_digests._Sha256Context._fields_
    yield "_Sha256Context", with_fields(h, low, high, data, num, guard)


@pytest.mark.parametrize(("name", "struct"), list(wrong_structs()))
def test_a_libcrypto_with_another_struct_is_found_out(
    name: str, struct: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = running_digests._libcrypto(running_digests._places())
    monkeypatch.setattr(running_digests, name, struct)
    with pytest.raises(LibcryptoUnfit):
        running_digests._algorithms(library)


def test_a_libcrypto_that_computes_something_else_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = running_digests._libcrypto(running_digests._places())
    monkeypatch.setattr(hashlib, "sha256", lambda content: hashlib.sha512(content))
    with pytest.raises(LibcryptoUnfit, match="other digests"):
        running_digests._algorithms(library)
