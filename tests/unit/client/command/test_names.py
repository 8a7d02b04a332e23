"""Any name that the API allows goes through the command and stays itself."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcos_client.command.names.globs import is_wild
from mcos_client.command.shared.session import Session
from mcos_client.config import Profile, config_path, write_profile
from tests.support.effort import examples
from tests.support.small_mcos import SmallMcos
from tests.unit.client.command_line import Result, run
from tests.unit.client.odd_names import TREES, contents_of, files_of
from tests.unit.client.trees import read, write


@pytest.fixture(scope="module", autouse=True)
def logged_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("mcos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MCOS_CONFIG", str(folder / "config.json"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        write_profile(config_path(), "default", Profile(("http://mcos.test",), "d", "t", "2030"))
        yield


def mcos(small: SmallMcos, *arguments: str, stdin: bytes = b"", code: int = 0) -> Result:
    result = run(Session(transport=small), *arguments, stdin=stdin)
    assert result.code == code, (arguments, result)
    return result


@settings(max_examples=examples(150), deadline=None)
@given(TREES, st.data())
def test_any_names_are_put_listed_got_and_removed_alone(names: set[str], data: Any) -> None:
    small = SmallMcos({"c": {}, "d": {}})
    expected = contents_of(names)
    held = small.containers["c"]
    for name, content in expected.items():
        mcos(small, "put", "-", f"c/{name}", stdin=content)
    assert small.containers == {"c": expected, "d": {}}
    listed = mcos(small, "ls", "c", "-r", "--json").values
    assert {one["name"]: one["size"] for one in listed} == {
        name: len(content) for name, content in expected.items()
    }
    assert len(mcos(small, "ls", "c", "-r").text.split("\n")) == len(names) + 1
    found = mcos(small, "find", "c", "--null").output.decode()
    assert {one.removeprefix("c/") for one in found.split("\0")[:-1]} == names
    [total] = mcos(small, "du", "-s", "c", "--json").values
    assert (total["objects"], total["size"]) == (len(names), sum(map(len, expected.values())))
    name = data.draw(st.sampled_from(sorted(names)))
    assert mcos(small, "get", f"c/{name}", "-").output == expected[name]
    assert mcos(small, "cat", f"c/{name}").output == expected[name]
    with TemporaryDirectory() as folder:
        for _ in range(2):  # not there, and there
            mcos(small, "get", f"c/{name}", f"{folder}/file")
            assert read(Path(folder)) == {"file": expected[name]}
    mcos(small, "cp", f"mcos:c/{name}", f"mcos:d/{name}")
    assert small.containers == {"c": expected, "d": {name: expected[name]}}
    mcos(small, "rm", f"c/{name}")
    del expected[name]
    assert held == expected
    below = data.draw(st.sampled_from(sorted(names)))
    if below in held and not is_wild(below):
        mcos(small, "rm", "-r", f"c/{below}")
        prefix = below if below.endswith("/") else f"{below}/"
        assert held == {
            other: content
            for other, content in expected.items()
            if other != below and not other.startswith(prefix)
        }


@settings(max_examples=examples(60), deadline=None)
@given(TREES, TREES)
def test_any_names_that_are_paths_go_down_and_up_again(names: set[str], others: set[str]) -> None:
    """What is there already and differs is replaced, what is not at the source is deleted."""
    paths = contents_of(files_of(names) | {"last"})
    if len(files_of(set(paths))) < len(paths):
        return  # "last" is a folder here
    beside = {"x2/a": b"2", "x": b"3"}
    small = SmallMcos({"c": {**{f"x/{one}": paths[one] for one in paths}, **beside}, "d": {}})
    old = dict.fromkeys(files_of(others), bytes(5000))
    small.containers["d"] = {**{f"y/{name}": one for name, one in old.items()}, "y": b"4"}
    with TemporaryDirectory() as outside:
        folder = write(Path(outside, "folder"), {})
        folder.mkdir()
        write(Path(outside), {"beside": b"5"})
        mcos(small, "sync", "mcos:c/x", str(folder))
        assert read(folder) == paths
        mcos(small, "sync", str(folder), "mcos:d/y", "--delete")
        mcos(small, "cp", "-r", str(folder), "mcos:d/z")
        assert read(Path(outside)) == {
            "beside": b"5",
            **{f"folder/{name}": one for name, one in paths.items()},
        }
    assert small.containers == {
        "c": {**{f"x/{name}": one for name, one in paths.items()}, **beside},
        "d": {
            **{f"{at}/{name}": one for name, one in paths.items() for at in "yz"},
            "y": b"4",
        },
    }
