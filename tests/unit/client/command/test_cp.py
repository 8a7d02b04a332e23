"""Copying files, folders and objects."""

from pathlib import Path

import httpx
import pytest

from tests.support.paths import object_path
from tests.unit.client.command.conftest import LARGE
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem
from tests.unit.client.trees import TREE, read

pytestmark = pytest.mark.usefixtures("container")

OUT = ["../out", "x/../../out", "/out", "x//y", "x/", "."]


@pytest.mark.parametrize(("target", "prefix"), [("mcos:c", ""), ("mcos:c/x", "x/")])
def test_a_folder_goes_there_and_back(
    mcos: Mcos, folder: Path, tmp_path: Path, target: str, prefix: str
) -> None:
    values = mcos("cp", "-r", str(folder), target, "--json").values
    assert sorted(one["name"] for one in values) == sorted(prefix + name for name in TREE)
    assert mcos.system.stored() == {prefix + name: content for name, content in TREE.items()}
    mcos("cp", "-r", target, str(tmp_path / "back"))
    assert read(tmp_path / "back") == TREE


def test_a_file_goes_into_what_ends_in_a_slash_and_under_the_name_of_what_does_not(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    file = str(folder / "a.txt")
    for target in ("mcos:c", "mcos:c/x/", "mcos:c/y"):
        mcos("cp", file, target)
    assert sorted(mcos.system.stored()) == ["a.txt", "x/a.txt", "y"]
    mcos("cp", "mcos:c/x/a.txt", str(tmp_path))
    assert (tmp_path / "a.txt").read_bytes() == b"1"
    mcos("cp", "mcos:c/x/a.txt", str(tmp_path / "z"))
    assert (tmp_path / "z").read_bytes() == b"1"


def test_no_name_leads_out_of_the_folder(mcos: Mcos, folder: Path, tmp_path: Path) -> None:
    for one in (*OUT, "good"):
        mcos("put", "-", f"c/p/{one}", stdin=b"1")
    result = mcos("cp", "-r", "mcos:c/p", str(tmp_path / "back"), code=1)
    assert result.errors.count("not a path below a folder") == len(OUT)
    assert read(tmp_path / "back") == {"good": b"1"}
    assert not (tmp_path / "out").exists()


def test_one_that_fails_does_not_stop_the_others(mcos: Mcos, folder: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        refused = request.method == "PUT" and request.url.path.endswith(object_path("c", "a.txt"))
        return problem(403, "not_permitted") if refused else None

    mcos.system.instead = refuse
    result = mcos("cp", "-r", str(folder), "mcos:c", code=5)
    assert sorted(mcos.system.stored()) == sorted(TREE.keys() - {"a.txt"})
    assert result.errors.count("\n") == 1
    assert "a.txt" in result.errors
    assert "not_permitted" in result.errors


def test_a_link_to_a_folder_is_told_and_left_out(mcos: Mcos, folder: Path) -> None:
    (folder / "round").symlink_to(folder)
    result = mcos("cp", "-r", str(folder), "mcos:c")
    assert "a link to a folder, left out" in result.errors
    assert mcos.system.stored() == TREE


def test_objects_are_copied_with_type_and_metadata(mcos: Mcos, large: Path) -> None:
    mcos("mb", "d")
    mcos("put", "-", "c/x/small.txt", "--meta", "a=b", stdin=b"small")
    mcos("put", str(large), "c/x/y/large", "--wait", "--type", "image/x", "--meta", "c=d")
    mcos("cp", "mcos:c/x/small.txt", "mcos:d")
    mcos("cp", "-r", "mcos:c/x", "mcos:d/z")
    small, large_one = (mcos.system.record(one, "d").shown for one in ("small.txt", "z/y/large"))
    assert (small.content_type, small.metadata) == ("text/plain", {"a": "b"})
    assert (large_one.content_type, large_one.metadata) == ("image/x", {"c": "d"})
    assert mcos.system.stored("d") == {
        "small.txt": b"small",
        "z/small.txt": b"small",
        "z/y/large": LARGE,
    }
    mcos("cp", "mcos:c/none", "mcos:d", code=3)
    mcos("cp", "-r", "mcos:c/none", "mcos:d", code=3)


@pytest.mark.parametrize("content", [b"1", LARGE], ids=["small", "large"])
def test_between_objects_no_byte_passes_this_machine(
    mcos: Mcos, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    mcos("put", str(file), "c/o", "--wait")
    seen: list[tuple[str, str]] = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        seen.append((request.method, request.url.path))
        assert content not in request.content
        return None

    mcos.system.instead = refuse
    mcos.system.storage.instead = lambda request: httpx.Response(500)
    mcos("cp", "mcos:c/o", "mcos:c/p")
    assert [method for method, _ in seen] == ["PUT"]
    mcos.system.storage.instead = lambda request: None
    mcos.system.instead = lambda request: None
    assert mcos.system.stored() == {"o": content, "p": content}
    assert mcos.system.record("p").shown.etag == mcos.system.record("o").shown.etag


def test_what_cannot_be_copied_is_told(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    assert "[object_not_found]" in mcos("cp", "mcos:c/none", "mcos:c/p", code=3).errors
    assert "[container_not_found]" in mcos("cp", "mcos:c/o", "mcos:d/p", code=3).errors
    mcos("cp", "mcos:c/o", "mcos:c/o")
    assert mcos.system.stored() == {"o": b"1"}


def test_copies_are_waited_for(mcos: Mcos, large: Path) -> None:
    mcos("put", str(large), "c/o", "--wait")
    mcos("cp", "mcos:c/o", "mcos:c/p", "--wait")
    assert mcos.system.record("p").state == "CREATED"


@pytest.mark.parametrize("content", [b"1", LARGE], ids=["small", "large"])
def test_headers_go_with_an_object_and_may_be_given(
    mcos: Mcos, tmp_path: Path, content: bytes
) -> None:
    def headers(name: str) -> object:
        [stat] = mcos("stat", f"c/{name}", "--json").values
        return stat["headers"]

    given = ["--header", "cache-control=max-age=60", "--header", "Content-Encoding=gzip"]
    stored = {"Cache-Control": "max-age=60", "Content-Encoding": "gzip"}
    file = tmp_path / "file"
    file.write_bytes(content)
    mcos("put", str(file), "c/put", "--wait", *given)
    mcos("cp", str(file), "mcos:c/cp", "--wait", *given)
    mcos("cp", "mcos:c/put", "mcos:c/copy", "--wait")
    mcos("cp", "mcos:c/put", "mcos:c/changed", "--wait", "--header", "Cache-Control=no-store")
    assert headers("put") == headers("cp") == headers("copy") == stored
    assert headers("changed") == {**stored, "Cache-Control": "no-store"}
    assert "max-age=60" in mcos("stat", "c/put").text
    assert mcos.system.stored() == dict.fromkeys(["changed", "copy", "cp", "put"], content)


@pytest.mark.parametrize("header", ["Content-Type=text/plain", "Expires", "=1", "Expires=é"])
def test_what_is_no_header_of_content_is_wrong_usage(mcos: Mcos, header: str) -> None:
    mcos("put", "-", "c/o", "--header", header, stdin=b"1", code=2)
    mcos("cp", __file__, "mcos:c/o", "--header", header, code=2)
    assert mcos.system.stored() == {}


def test_headers_are_for_objects_only(mcos: Mcos, tmp_path: Path) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    mcos("cp", "mcos:c/o", str(tmp_path / "o"), "--header", "Expires=0", code=2)
    assert not (tmp_path / "o").exists()
