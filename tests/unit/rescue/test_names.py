"""Every object gets a file of its own that any file system can have."""

import sqlite3
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue import names

ODD = st.text(
    st.sampled_from(list('aAbBéÉe\u0301ßsk\u212aİi .%~/\\:*?"<>|\n\r\t\x1b\u202e\u2028\x7f'))
    | st.characters(codec="utf-8", exclude_characters="\0"),
    min_size=1,
    max_size=40,
)
OBJECT = st.tuples(
    st.sampled_from(["ada", "recovered", "con", "listing.jsonl"]),
    st.sampled_from(["photos", "Photos", "..."]),
    ODD,
)


def files(objects: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    database = sqlite3.connect(":memory:", isolation_level=None)
    given = names.Files(database, iter(objects))
    found = {one: given.give(*one) for one in objects}
    database.close()
    return found


@given(st.lists(OBJECT, unique=True, max_size=30))
def test_every_object_has_a_file_of_its_own(objects: list[tuple[str, str, str]]) -> None:
    paths = list(files(sorted(objects)).values())
    folders = {path.rpartition("/")[0] for path in paths}
    above = {"/".join(one.split("/")[:end]) for one in folders for end in range(1, 50)}
    # Where capitals and ways to write an accent are no difference.
    same = [unicodedata.normalize("NFC", path.casefold()) for path in paths]
    assert len(set(same)) == len(same)
    assert not {unicodedata.normalize("NFC", one.casefold()) for one in above} & set(same)


@given(st.lists(OBJECT, unique=True, max_size=30))
def test_files_are_within_their_folder_and_fit_for_any_file_system(
    objects: list[tuple[str, str, str]],
) -> None:
    for path in files(objects).values():
        assert len(path.encode()) <= 2200
        top = path.split("/")[0]
        assert top not in ("recovered", "listing.jsonl", ".mcos-rescue")
        for one in path.split("/"):
            assert one not in ("", ".", "..")
            assert len(one.encode()) <= 240
            assert one.isprintable()
            assert not set(one) & set('\\:*?"<>|')
            assert one[-1] not in ". "


@given(ODD)
def test_a_name_is_told_by_its_file_unless_something_was_added(name: str) -> None:
    (path,) = files([("ada", "photos", name)]).values()
    parts = ["" if one == "%" else one for one in path.split("/")]
    if names.ADDED not in path:
        assert unquote("/".join(parts)) == f"ada/photos/{name}"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("may/sea.jpg", "may/sea.jpg"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("/etc/passwd", "%/etc/passwd"),
        ("a//b/", "a/%/b/%"),
        ("a%2Fb", "a%252Fb"),
        ("NUL.txt", "%4EUL.txt"),
        ("a\x1b[2J", "a%1B[2J"),
        ("été", "été"),
    ],
)
def test_files_are_named_as_a_person_would_expect(name: str, path: str) -> None:
    assert files([("ada", "photos", name)]) == {("ada", "photos", name): f"ada/photos/{path}"}


def test_a_file_that_is_a_folder_too_gets_another_name() -> None:
    found = files([("ada", "photos", name) for name in ("a", "a/b", "A", "A/B")])
    assert found["ada", "photos", "a/b"] == "ada/photos/a/b"
    assert found["ada", "photos", "a"].startswith("ada/photos/a%~")
    assert found["ada", "photos", "A/B"].startswith("ada/photos/A/B%~")


def test_the_longest_names_fit() -> None:
    for name in ("x" * 1024, "/".join("\x01" for _ in range(512)), "é" * 512, "%" * 1024):
        (path,) = files([("ada", "photos", name)]).values()
        assert max(len(one.encode()) for one in path.split("/")) <= 180
        assert len(path.encode()) <= 2000
