"""Storing files and what comes through pipes, small and large."""

from pathlib import Path

import httpx
import pytest

from tests.unit.client.command.conftest import LARGE
from tests.unit.client.command_line import Mcos
from tests.unit.client.trees import TREE, write

pytestmark = pytest.mark.usefixtures("container", "small_parts")

BINARY = bytes(range(256))


PART = "10KiB"


PARTS = bytes(10 * 1024) + b"1" * 10 * 1024 + b"2"


def test_a_file_goes_there_and_back(mcos: Mcos, tmp_path: Path) -> None:
    source, target = tmp_path / "source.png", tmp_path / "target"
    source.write_bytes(BINARY)
    mcos("put", str(source), "c/a b/ü.png", "--meta", "colour=blue")
    stored = mcos.system.record("a b/ü.png").shown
    assert (stored.content_type, stored.metadata) == ("image/png", {"colour": "blue"})
    mcos("get", "c/a b/ü.png", str(target))
    assert target.read_bytes() == BINARY


def test_pipes_go_there_and_back(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=BINARY)
    assert mcos("get", "c/o", "-").output == BINARY
    assert mcos("cat", "c/o", "c/o").output == BINARY * 2


def test_put_makes_or_replaces(mcos: Mcos) -> None:
    for content in (b"1", b"2"):
        mcos("put", "-", "c/o", stdin=content)
        assert mcos("cat", "c/o").output == content


def test_put_goes_on_when_the_object_is_deleted_in_between(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=b"1")

    def delete_before_update(request: httpx.Request) -> None:
        if request.method == "PUT":
            mcos.system.another.delete_object("c", "o", prefer="wait=10")

    mcos.system.instead = delete_before_update
    mcos("put", "-", "c/o", stdin=b"2")
    assert mcos.system.stored() == {"o": b"2"}


def test_no_clobber_and_update_keep_what_they_must_not_touch(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--update", stdin=b"1", code=3)
    mcos("put", "-", "c/o", "--no-clobber", stdin=b"2")
    mcos("put", "-", "c/o", "--no-clobber", stdin=b"3", code=4)
    assert mcos("cat", "c/o").output == b"2"
    mcos("put", "-", "c/o", "--update", stdin=b"4")
    assert mcos("cat", "c/o").output == b"4"


def test_wait_says_created_when_it_is(mcos: Mcos) -> None:
    [taken] = mcos("put", "-", "c/a", "--no-wait", "--json", stdin=b"1").values
    assert (taken["state"], taken["replicas"]) == ("CREATING", [0, 3])

    def take(request: httpx.Request) -> None:
        if request.method in ("POST", "PUT"):
            assert request.headers["prefer"] == "wait=25"
            request.headers["prefer"] = "respond-async"  # as if 25 seconds were not enough

    mcos.system.instead = take
    [done] = mcos("put", "-", "c/b", "--wait", "--json", stdin=b"1").values
    assert (done["state"], done["replicas"]) == ("CREATED", [3, 3])


def take(request: httpx.Request) -> None:
    """As if the time of a synchronous call were not enough."""
    if "prefer" in request.headers:
        request.headers["prefer"] = "respond-async"


def test_a_write_that_fails_after_it_was_taken_is_7(mcos: Mcos) -> None:
    mcos.system.instead = take
    mcos.system.meanwhile = lambda: mcos.system.fail("o")
    result = mcos("put", "-", "c/o", "--wait", stdin=b"1", code=7)
    assert result.errors == "mcos: no cluster took it [object_failed]\n"


def test_waiting_ends(mcos: Mcos) -> None:
    mcos.system.instead = take
    mcos.system.working = False
    mcos("put", "-", "c/o", "--wait", "--timeout", "5", stdin=b"1", code=7)
    assert 4 < mcos.clock.now() <= 5


def test_large_files_and_pipes_go_there_and_back(mcos: Mcos, large: Path, tmp_path: Path) -> None:
    mcos("put", str(large), "c/file", "--wait")
    mcos("put", "-", "c/pipe", "--wait", stdin=LARGE)
    assert mcos.system.stored() == {"file": LARGE, "pipe": LARGE}
    mcos("get", "c/file", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == LARGE
    assert mcos("get", "c/pipe", "-").output == LARGE
    assert mcos("cat", "c/file", "c/pipe").output == LARGE * 2


def test_large_files_are_replaced_refused_and_required(mcos: Mcos, large: Path) -> None:
    mcos("put", str(large), "c/o", "--update", code=3)
    mcos("put", str(large), "c/o", "--no-clobber", "--wait")
    mcos("put", str(large), "c/o", "--no-clobber", code=4)
    large.write_bytes(LARGE[::-1])
    mcos("put", str(large), "c/o", "--wait")
    assert mcos.system.stored() == {"o": LARGE[::-1]}
    mcos("put", str(large), "c/o", "--update")


def test_a_large_put_says_what_was_stored(mcos: Mcos, large: Path) -> None:
    [taken] = mcos("put", str(large), "c/o", "--json").values
    assert (taken["state"], taken["size"]) == ("CREATING", len(LARGE))
    [done] = mcos("put", str(large), "c/p", "--json", "--wait").values
    assert (done["state"], done["replicas"]) == ("CREATED", [3, 3])
    assert mcos("put", str(large), "c/q", "--quiet").text == ""
    mcos.system.meanwhile = lambda: mcos.system.fail("r")
    mcos("put", str(large), "c/r", "--wait", code=7)


def test_an_object_that_appears_while_a_large_file_is_sent_is_replaced(
    mcos: Mcos, large: Path
) -> None:
    def appear(request: httpx.Request) -> None:
        mcos.system.storage.instead = lambda request: None
        mcos("put", "-", "c/o", stdin=b"somebody else's")

    mcos.system.storage.instead = appear
    mcos("put", str(large), "c/o", "--wait")
    assert mcos.system.stored() == {"o": LARGE}


def test_parts_have_the_size_that_was_asked_for(mcos: Mcos, tmp_path: Path) -> None:
    (tmp_path / "parts").write_bytes(PARTS)
    mcos("put", str(tmp_path / "parts"), "c/o", "--part-size", PART)
    assert mcos.system.storage.puts == {1: 1, 2: 1, 3: 1}
    assert mcos.system.stored() == {"o": PARTS}


def test_several_files_and_folders_keep_their_names(mcos: Mcos, tmp_path: Path) -> None:
    write(tmp_path / "folder", TREE)
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(name.encode())
    x, y, folder = (str(tmp_path / one) for one in ("x", "y", "folder"))
    mcos("put", x, "c/into/")
    mcos("put", x, "c")
    mcos("put", x, y, "c/both")
    assert sorted(mcos.system.stored()) == ["both/x", "both/y", "into/x", "x"]
    mcos("rm", "-r", "c")
    mcos("put", "-r", folder, "c/t")
    assert mcos.system.stored() == {f"t/{name}": content for name, content in TREE.items()}
    mcos("rm", "-r", "c")
    mcos("put", "-r", folder, x, "c/t")
    assert sorted(mcos.system.stored()) == sorted([f"t/folder/{name}" for name in TREE] + ["t/x"])
    mcos("put", x, str(tmp_path / "none"), "c/u", code=1)
    assert "u/x" in mcos.system.stored()  # one that fails does not stop the others
    mcos("put", folder, "c/u", code=1)


def test_another_machine_goes_on_by_the_id(mcos: Mcos, large: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500)

    mcos.system.storage.instead = refuse
    result = mcos("put", str(large), "c/o", code=1)
    assert "[storage_refused]" in result.errors
    mcos.system.storage.instead = lambda request: None
    [listed] = mcos("uploads", "--json").values
    assert (listed["name"], listed["state"], listed["size"]) == ("o", "OPEN", len(LARGE))
    assert listed["upload"] in mcos("uploads", "ls").text
    mcos("put", "--upload", listed["upload"], str(large))
    assert mcos.system.stored() == {"o": LARGE}
    assert mcos("uploads").text == ""
    assert [one["state"] for one in mcos("uploads", "ls", "--all", "--json").values] == ["TAKEN"]
    mcos("uploads", "abort", listed["upload"], code=4)


def test_what_a_failing_put_left_goes_on(mcos: Mcos, tmp_path: Path) -> None:
    (tmp_path / "parts").write_bytes(PARTS)
    put = ("put", str(tmp_path / "parts"), "c/o", "--part-size", PART)
    last_only = f"{len(PARTS) % (10 * 1024)}"

    def refuse(request: httpx.Request) -> httpx.Response | None:
        last = request.headers["content-length"] == last_only
        return httpx.Response(500) if last else None

    mcos.system.storage.instead = refuse
    mcos(*put, code=1)
    mcos.system.storage.instead = lambda request: None
    mcos(*put)
    assert mcos.system.stored() == {"o": PARTS}
    assert mcos.system.storage.puts == {1: 1, 2: 1, 3: 1}


def test_a_storage_service_that_is_unreachable_is_6(mcos: Mcos, large: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    mcos.system.storage.instead = refuse
    result = mcos("put", str(large), "c/o", code=6)
    assert result.errors == "mcos: refused [storage_unreachable]\n"


@pytest.mark.parametrize("meta", [("a:b=1",), ("A=1", "--meta", "a=2"), ("a= 1",)], ids=str)
def test_metadata_that_cannot_be_sent_is_wrong_usage_at_once(
    mcos: Mcos, meta: tuple[str, ...]
) -> None:
    asked = len(mcos.system.requests)
    mcos("put", "-", "c/o", "--meta", *meta, stdin=b"1", code=2)
    assert (len(mcos.system.requests), mcos.clock.pauses) == (asked, [])
