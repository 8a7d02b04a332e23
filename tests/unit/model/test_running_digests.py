"""Digests that are computed in several processes, against hashlib, which does it in one."""

import hashlib
import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos.model import running_digests
from mcos.model.parts import part_ranges
from mcos.model.running_digests import ContentDigests, RunningDigests

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


def test_content_whose_bits_do_not_fit_one_word_is_counted_in_both() -> None:
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


def test_a_state_is_small() -> None:
    running = RunningDigests(640 * MIB)
    running.update(b"x" * 63)
    assert len(json.dumps(running.as_json())) < 700


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
        env={"PYTHONPATH": os.fspath(library)},
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


def is_count(value: object) -> bool:
    return type(value) is int and value >= 0


@pytest.mark.parametrize("name", sorted(a_state()))
@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_a_state_with_another_field_is_refused(name: str, garbage: object) -> None:
    state = {**a_state(), name: garbage}
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what is promised
        RunningDigests.from_json(state)
    # A count that is one may be wrong; only the check can tell.
    if name != "check" and not (name in ("position", "part_size") and is_count(garbage)):
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


def test_a_state_of_another_length_is_refused() -> None:
    """Even one whose check is right."""
    for name in ("md5", "sha256", "part", "parts"):
        state = {**a_state(), name: b64encode(b"x" * 200).decode()}
        with pytest.raises(ValueError, match=name):
            RunningDigests.from_json(sealed(state))


def test_a_state_of_another_version_is_refused() -> None:
    state = {**a_state(), "format": "mcos-running-digests/1"}
    with pytest.raises(ValueError, match="format"):
        RunningDigests.from_json(sealed(state))


@pytest.mark.parametrize("piece", ["text", None, 7, memoryview(b"x"), bytearray(b"x")])
def test_only_bytes_are_taken(piece: Any) -> None:
    running = RunningDigests(0)
    with pytest.raises(TypeError):
        running.update(piece)
    assert running.finish() == reference(b"", 0)


def test_a_negative_part_size_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        RunningDigests(-1)
