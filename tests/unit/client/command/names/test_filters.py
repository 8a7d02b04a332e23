"""Filters choose what rclone's choose: the examples are those of its documentation."""

from pathlib import PurePosixPath

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mcos_client.command.names.filters import PatternWrong, filter_of, rule


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("file.jpg", ["file.jpg", "directory/file.jpg"], ["afile.jpg", "directory/afile.jpg"]),
        ("/file.jpg", ["file.jpg"], ["afile.jpg", "directory/file.jpg"]),
        ("*.jpg", ["file.jpg", "dir/file.jpg", ".jpg"], ["file.png", "dir/file.png", "a.jpg/b"]),
        ("/*.jpg", ["file.jpg", "file2.jpg"], ["file.png", "dir/file.jpg"]),
        ("*.{jpg,png}", ["file.jpg", "dir/file.png"], ["file.gif", "dir/file.gif", "file.jp"]),
        ("dir/**", ["dir/anyfile", "subdir/dir/sub/anyfile"], ["file.png", "subdir/file.png"]),
        ("*.t?t", ["file.txt", "dir/file.tzt"], ["file.qxt", "dir/file.png"]),
        ("*.[a-z]", ["file.a", "dir/file.b"], ["file.0", "dir/file.1", "file.aa"]),
        ("*.[!a-z]", ["file.0"], ["file.a"]),
        ("*.[^a-z]", ["file.0"], ["file.a"]),
        (r"*.\?\?\?", ["file.???", "dir/file.???"], ["file.abc", "dir/file.def"]),
        (r"*.\d\d\d", ["file.012", "dir/file.345"], ["file.abc", "dir/file.def"]),
        ("*.{{jpe?g}}", ["file.jpeg", "dir/file.jpg"], ["file.png", "dir/file.jpeeg"]),
        ("*.{{(?i)jpg}}", ["file.jpg", "file.JPG"], ["file.png"]),
        (r"/{{.*\.jpe?g}}", ["file.jpeg", "file.jpg"], ["file.png"]),
        ("??[^[:punct:]]*", ["abc", "ab1d", "x/abc"], ["ab.d", "ab"]),
        (r"*\[{JP,KR,HK}\]*", ["a[JP]b", "[HK]"], ["a[US]b", "aJPb"]),
        ("{A,B}/**", ["A/x", "B/y/z", "C/A/x"], ["C/x", "A"]),
        ("potato**sausage", ["potatosausage", "potato/a/b/sausage"], ["potato/sausages"]),
        ("a,b", ["a,b"], ["a", "b"]),
        ("a.b+(c)|^$", ["a.b+(c)|^$"], ["axb"]),
        ("**", ["a", "a/b", "/a", "a\nb", ""], []),
        ("[[]", ["["], ["]"]),
        (r"[\]\-\\]", ["]", "-", "\\"], ["a"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"], ["b", "ad"]),
        ("*", ["a", "a/b", "é"], []),
    ],
)
def test_a_pattern_matches_as_rclones_does(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    regex = rule(True, pattern).regex
    assert [one for one in matching if not regex.search(one)] == []
    assert [one for one in others if regex.search(one)] == []


@pytest.mark.parametrize(
    "pattern",
    ["***", "***potato", "ab]c", "ab[c", "ab}c", "ab{c", "ab{}}cd", "ab{{cd", "a\\", "[]", "[b-a]",
     "[[:nothing:]]", "{{(}}", "/dir/", "dir/"],
)  # fmt: skip
def test_what_is_no_pattern_is_refused_and_not_taken_for_another(pattern: str) -> None:
    with pytest.raises(PatternWrong):
        rule(True, pattern)


def test_a_folder_is_excluded_with_all_that_is_in_it() -> None:
    wanted = filter_of(None, ["dir/", "/{.svn,.git}/"], None)
    paths = ["dir", "dir/a", "x/dir/a/b", "xdir/a", ".git/config", "x/.git/config"]
    assert [one for one in paths if wanted.admits(one)] == ["dir", "xdir/a", "x/.git/config"]


def test_only_what_is_included_is_meant() -> None:
    wanted = filter_of(["*.jpg", "/a/**"], None, None)
    paths = ["x.jpg", "b/x.jpg", "a/x", "a/b/x", "b/a/x", "x"]
    assert [one for one in paths if wanted.admits(one)] == ["x.jpg", "b/x.jpg", "a/x", "a/b/x"]


def test_of_rules_the_first_that_matches_decides() -> None:
    rules = ["- secret*.jpg", "+ *.jpg", "- /dir/tmp/**", "+ /dir/**", "- *"]
    wanted = filter_of(None, None, rules)
    paths = ["secret1.jpg", "1.jpg", "dir/tmp/1.jpg", "dir/tmp/a", "dir/a", "a", "x/a"]
    assert [one for one in paths if wanted.admits(one)] == ["1.jpg", "dir/tmp/1.jpg", "dir/a"]


@pytest.mark.parametrize(
    ("include", "exclude", "rules"),
    [(["a"], ["b"], None), (["a"], None, ["+ b"]), (None, ["a"], ["- b"]), (None, None, ["b"]),
     (None, None, ["+b"]), (None, None, ["! "]), ([""], ["b"], None)],
)  # fmt: skip
def test_what_would_be_taken_in_another_order_is_refused(
    include: list[str] | None, exclude: list[str] | None, rules: list[str] | None
) -> None:
    with pytest.raises(typer.BadParameter):
        filter_of(include, exclude, rules)


def test_folders_of_which_nothing_is_meant_are_not_looked_into() -> None:
    excluding = filter_of(None, ["node_modules/", "/a/b/**", "*.bak", r"c\**"], None)
    folders = ["node_modules", "x/node_modules", "a", "a/b", "x/a/b", "x.bak", "c*"]
    assert [one for one in folders if not excluding.enters(one)] == [
        "node_modules",
        "x/node_modules",
        "a/b",
    ]
    including = filter_of(["/a/*.jpg", "/b/c/**"], None, None)
    assert [one for one in ["a", "b", "b/c", "b/c/d", "x", "x/a"] if including.enters(one)] == [
        "a",
        "b",
        "b/c",
        "b/c/d",
    ]


NAMES = st.lists(st.sampled_from(["a", "b", "ab", "*", "c"]), min_size=1, max_size=4)
PATTERNS = st.lists(
    st.sampled_from(["a", "b", "c", "/", "*", "**", "?", r"\*", "[ab]", "{a,b/c}", "{{.*}}"]),
    min_size=1,
    max_size=5,
).map("".join)


@given(
    rules=st.lists(st.tuples(st.sampled_from("+-"), PATTERNS).map(" ".join), max_size=4),
    parts=NAMES,
)
def test_no_folder_is_passed_over_in_which_anything_is_meant(
    rules: list[str], parts: list[str]
) -> None:
    try:
        wanted = filter_of(None, None, rules)
    except typer.BadParameter:
        return
    path = PurePosixPath(*parts)
    if wanted.admits(str(path)):
        assert all(wanted.enters(str(one)) for one in path.parents if str(one) != ".")
