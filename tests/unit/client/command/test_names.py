"""Any name that the API allows goes through the command and stays itself."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcos_client.command.names.globs import is_wild
from mcos_client.command.names.trees import is_file_name
from mcos_client.command.shared.session import Session
from mcos_client.config import Profile, config_path, write_profile
from tests.support.small_mcos import SmallMcos
from tests.unit.client.command_line import Result, run
from tests.unit.client.trees import read

PIECES = ["/", "/", "a", "b", ".", "..", "*", "?", "[a]", "[", "]", " ", "\n", "\x1b[31m", "é", "%"]
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
TREES = st.sets(NAMES, min_size=1, max_size=8)


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


@settings(max_examples=60, deadline=None)
@given(TREES, st.data())
def test_any_names_are_put_listed_got_and_removed_alone(names: set[str], data: Any) -> None:
    small = SmallMcos({"c": {}})
    held = small.containers["c"]
    for name in names:
        mcos(small, "put", "-", "--", f"c/{name}", stdin=name.encode())
    assert held == {name: name.encode() for name in names}
    listed = mcos(small, "ls", "c", "-r", "--json").values
    assert {one["name"] for one in listed} == names
    name = data.draw(st.sampled_from(sorted(names)))
    assert mcos(small, "get", f"c/{name}", "-").output == name.encode()
    assert mcos(small, "cat", f"c/{name}").output == name.encode()
    mcos(small, "rm", f"c/{name}")
    assert held == {other: other.encode() for other in names if other != name}
    below = data.draw(st.sampled_from(sorted(names)))
    if below in held and not is_wild(below):
        mcos(small, "rm", "-r", f"c/{below}")
        prefix = below if below.endswith("/") else f"{below}/"
        assert set(held) == {
            other for other in names if other not in (name, below) and not other.startswith(prefix)
        }


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_any_names_that_are_paths_go_down_and_up_again(names: set[str]) -> None:
    paths = {name for name in names if is_file_name(name)}
    # What is a file cannot be a folder as well.
    paths = {one for one in paths if not any(other.startswith(f"{one}/") for other in paths)}
    small = SmallMcos({"c": {f"x/{name}": name.encode() for name in paths}, "d": {}})
    small.containers["c"]["x/last"] = b"1"
    with TemporaryDirectory() as folder:
        mcos(small, "sync", "mcos:c/x", folder)
        assert read(Path(folder)) == {"last": b"1", **{name: name.encode() for name in paths}}
        mcos(small, "sync", folder, "mcos:d/y", "--delete")
        mcos(small, "cp", "-r", folder, "mcos:d/z")
    for at in "yz":
        assert {name for name in small.containers["d"] if name.startswith(at)} == {
            f"{at}/{name}" for name in {*paths, "last"}
        }
