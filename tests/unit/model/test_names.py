"""Names and metadata, as Swift constrains them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.errors import InvalidMetadata, InvalidName
from mcos.model import names
from tests.support.stateful.strategies import container_names, object_names


@given(object_names())
def test_any_text_of_utf_8_can_name_an_object(name: str) -> None:
    assert names.check_object_name(name) == name


@given(container_names())
def test_any_text_without_a_slash_can_name_a_container(name: str) -> None:
    assert names.check_container_name(name) == name


@given(st.text(st.characters(), max_size=300))
def test_a_name_is_checked_by_its_bytes_and_never_changed(name: str) -> None:
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        encoded = b""
    allowed = 1 <= len(encoded) <= 256 and not set(name) & {"\0", "\ufffd", "/"}
    try:
        assert names.check_container_name(name) == name
        assert allowed
    except InvalidName:
        assert not allowed or name in (".", "..")


@pytest.mark.parametrize(
    ("longest", "check"),
    [
        (limits.CONTAINER_NAME_BYTES, names.check_container_name),
        (limits.OBJECT_NAME_BYTES, names.check_object_name),
    ],
)
def test_names_are_as_long_as_the_limit_says_counted_in_bytes(longest: int, check: object) -> None:
    assert callable(check)
    for name in ("a" * longest, "é" * (longest // 2), "😀" * (longest // 4)):
        assert check(name) == name
    for name in ("a" * (longest + 1), "é" * (longest // 2) + "a", ""):
        with pytest.raises(InvalidName):
            check(name)


@pytest.mark.parametrize(
    "name", ["..", ".", "/", "//", "a/../b", "a/", "\n", " ", "%2F", "\U0010ffff"]
)
def test_an_object_may_have_a_name_that_others_would_fold(name: str) -> None:
    assert names.check_object_name(name) == name


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/", "", "nul\0", "\ufffd"])
def test_a_container_may_not(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check_container_name(name)


@pytest.mark.parametrize("name", ["", "nul\0", "lost \ufffd", "\udcff"])
def test_a_name_that_was_not_utf_8_on_the_way_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check_object_name(name)


@pytest.mark.parametrize("name", ["ada", "ada@example.org", "A.b_c-1", "...", "a" * 64])
def test_user_names(name: str) -> None:
    assert names.is_user_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ada\n", "é", "a" * 65, "a:b"])
def test_what_is_no_user_name(name: str) -> None:
    assert not names.is_user_name(name)


@given(
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~", min_size=1, max_size=128),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=256),
        max_size=8,
    )
)
def test_metadata_is_tokens_and_printable_ascii(metadata: dict[str, str]) -> None:
    assert names.check_metadata(metadata) == metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "x"},
        {"a b": "x"},
        {"a:b": "x"},
        {"é": "x"},
        {"a\n": "x"},
        {"a": "é"},
        {"a": "line\nbreak"},
        {"a": "\x7f"},
        {"a" * 129: "x"},
        {"a": "x" * 257},
        {f"{number}": "x" for number in range(91)},
        {f"{number:02}": "x" * 200 for number in range(21)},
    ],
)
def test_other_metadata_is_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(InvalidMetadata):
        names.check_metadata(metadata)


def test_metadata_is_taken_up_to_every_limit() -> None:
    names.check_metadata({f"{number}": "x" for number in range(limits.METADATA_ENTRIES)})
    names.check_metadata({"a" * limits.METADATA_NAME_BYTES: "x" * limits.METADATA_VALUE_BYTES})
    whole = {f"{number:02}": "x" * 254 for number in range(16)}
    assert sum(len(name) + len(value) for name, value in whole.items()) == limits.METADATA_BYTES
    names.check_metadata(whole)
