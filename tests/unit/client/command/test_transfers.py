"""put, get, cat, cp, ls and rm of content of any size, of several files, of patterns."""

import io
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from mcos_client.command.names import sizes
from mcos_client.command.names.globs import Pattern
from mcos_client.command.shared.progress import bars
from mcos_client.command.shared.session import Session
from mcos_client.transfer import download
from tests.unit.client.command.test_cp import TREE, read, stored, write
from tests.unit.client.command_line import Mcos
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import problem

LARGE = bytes(range(256)) * (SMALL // 256 + 1)
PART = "10KiB"
PARTS = bytes(10 * 1024) + b"1" * 10 * 1024 + b"2"


@pytest.fixture(autouse=True)
def container(mcos: Mcos) -> str:
    mcos("mb", "c")
    return "c"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "SMALLEST_PART", 1)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return path


def test_large_files_and_pipes_go_there_and_back(mcos: Mcos, large: Path, tmp_path: Path) -> None:
    mcos("put", str(large), "c/file", "--wait")
    mcos("put", "-", "c/pipe", "--wait", stdin=LARGE)
    assert stored(mcos) == {"file": LARGE, "pipe": LARGE}
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
    assert stored(mcos) == {"o": LARGE[::-1]}
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
    assert stored(mcos) == {"o": LARGE}


def test_parts_have_the_size_that_was_asked_for(mcos: Mcos, tmp_path: Path) -> None:
    (tmp_path / "parts").write_bytes(PARTS)
    mcos("put", str(tmp_path / "parts"), "c/o", "--part-size", PART)
    assert mcos.system.storage.puts == {1: 1, 2: 1, 3: 1}
    assert stored(mcos) == {"o": PARTS}


def test_several_files_and_folders_keep_their_names(mcos: Mcos, tmp_path: Path) -> None:
    write(tmp_path / "folder", TREE)
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(name.encode())
    x, y, folder = (str(tmp_path / one) for one in ("x", "y", "folder"))
    mcos("put", x, "c/into/")
    mcos("put", x, "c")
    mcos("put", x, y, "c/both")
    assert sorted(stored(mcos)) == ["both/x", "both/y", "into/x", "x"]
    mcos("rm", "-r", "c")
    mcos("put", "-r", folder, "c/t")
    assert stored(mcos) == {f"t/{name}": content for name, content in TREE.items()}
    mcos("rm", "-r", "c")
    mcos("put", "-r", folder, x, "c/t")
    assert sorted(stored(mcos)) == sorted([f"t/folder/{name}" for name in TREE] + ["t/x"])
    mcos("put", x, str(tmp_path / "none"), "c/u", code=1)
    assert "u/x" in stored(mcos)  # one that fails does not stop the others
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
    assert stored(mcos) == {"o": LARGE}
    assert mcos("uploads").text == ""
    assert [one["state"] for one in mcos("uploads", "ls", "--all", "--json").values] == ["TAKEN"]
    mcos("uploads", "abort", listed["upload"], code=4)


def test_an_upload_is_given_up(mcos: Mcos, large: Path) -> None:
    mcos.system.storage.instead = lambda request: httpx.Response(500)
    mcos("put", str(large), "c/o", code=1)
    [listed] = mcos("uploads", "ls", "--json").values
    mcos("uploads", "abort", listed["upload"])
    assert mcos("uploads", "--json").values == []
    mcos("uploads", "abort", listed["upload"], code=3)


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
    assert stored(mcos) == {"o": PARTS}
    assert mcos.system.storage.puts == {1: 1, 2: 1, 3: 1}


def test_a_storage_service_that_is_unreachable_is_6(mcos: Mcos, large: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    mcos.system.storage.instead = refuse
    result = mcos("put", str(large), "c/o", code=6)
    assert result.errors == "mcos: refused [storage_unreachable]\n"


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


def test_a_copy_of_what_arrives_damaged_is_not_made(mcos: Mcos, large: Path) -> None:
    mcos("put", str(large), "c/o", "--wait")
    other = LARGE[::-1]

    def damage(request: httpx.Request) -> httpx.Response | None:
        if request.method != "GET":
            return None
        return httpx.Response(200, stream=httpx.ByteStream(other))

    mcos.system.storage.instead = damage
    mcos("cp", "mcos:c/o", "mcos:c/p", code=1)
    assert sorted(stored(mcos)) == ["o"]


NAMES = ["logs/a.gz", "logs/b.gz", "logs/b.txt", "logs/deep/c.gz", "logs/[x]", "logsx.gz"]


@pytest.fixture
def logs(mcos: Mcos) -> None:
    for name in NAMES:
        mcos("put", "-", f"c/{name}", stdin=name.encode())


MEANT = {
    "logs/*.gz": ["a.gz", "b.gz"],
    "logs/**.gz": ["a.gz", "b.gz", "deep/c.gz"],
    "logs/**/*.gz": ["a.gz", "b.gz", "deep/c.gz"],
    "logs/?.txt": ["b.txt"],
    "logs/[!a].gz": ["b.gz"],
    "logs/[a-b].*": ["a.gz", "b.gz", "b.txt"],
    "logs/[x]": ["[x]"],
    "*/a.gz": ["logs/a.gz"],
}


@pytest.mark.usefixtures("logs")
def test_patterns_mean_names(mcos: Mcos, tmp_path: Path) -> None:
    for number, (pattern, expected) in enumerate(MEANT.items()):
        into = tmp_path / str(number)
        mcos("get", f"c/{pattern}", str(into))
        assert sorted(read(into)) == expected, pattern


@pytest.mark.usefixtures("logs")
def test_patterns_list_print_and_delete(mcos: Mcos) -> None:
    assert mcos("ls", "c/logs/b.*").text == "logs/b.gz\nlogs/b.txt\n"
    assert mcos("ls", "c/*.gz").text == "logsx.gz\n"
    assert mcos("get", "c/logs/*.gz", "-").output == b"logs/a.gzlogs/b.gz"
    mcos("rm", "c/logs/*.gz")
    assert sorted(stored(mcos)) == sorted(set(NAMES) - {"logs/a.gz", "logs/b.gz"})
    mcos("rm", "c/logs/*.gz", code=3)
    mcos("get", "c/logs/*.gz", code=3)


def test_the_very_name_is_meant_before_the_pattern(mcos: Mcos) -> None:
    for name in ("*", "a", "b"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos("rm", "c/*")
    assert sorted(stored(mcos)) == ["a", "b"]
    mcos("rm", "c/*")
    assert stored(mcos) == {}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a*", "a", True),
        ("a*", "a/b", False),
        ("a/**", "a/b/c", True),
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("**/x", "ax", False),
        ("[", "[", True),
        ("[a", "[a", True),
        ("[]]", "]", True),
        ("[^a]", "/", False),
        ("a.b", "axb", False),
        ("?", "\n", True),
        ("[*]", "*", True),
        ("[*]", "a", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, name: str, matches: bool) -> None:
    assert Pattern(pattern).matches(name) is matches


def test_a_get_that_fails_can_go_on(
    mcos: Mcos, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RANGE", 5000)
    mcos("put", str(large), "c/o", "--wait")
    target = tmp_path / "target"

    def refuse(request: httpx.Request) -> httpx.Response | None:
        begins = request.headers.get("range", "").startswith("bytes=10000-")
        return httpx.Response(500) if begins else None

    def refuse_again(request: httpx.Request) -> httpx.Response | None:
        ranged = request.headers.get("range", "").startswith("bytes=10000-")
        return problem(503, "replicas_unavailable") if ranged else None

    mcos.system.storage.instead, mcos.system.instead = refuse, refuse_again
    mcos("get", "c/o", str(target), "--parallel", "1", code=6)
    assert not target.exists()
    mcos.system.storage.instead = mcos.system.instead = lambda request: None
    fetched = len(mcos.system.storage.requests)
    mcos("get", "c/o", str(target))
    assert target.read_bytes() == LARGE
    assert len(mcos.system.storage.requests) - fetched == 3  # of five ranges, two were there


def test_bars_are_for_people_who_look_on(
    mcos: Mcos, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = mcos("put", str(large), "c/o", "--wait")
    assert quiet.errors == ""
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    session = Session()
    session.__dict__["console"] = terminal
    session.__dict__["errors"] = terminal
    with bars(session) as shown:
        bar = shown.bar("c/o", None)
        bar.moved(5 * 1024**2, 10 * 1024**2)
        bar.tell("s3 stored")
    drawn = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "5.0/10.0 MiB" in drawn
    assert "c/o" in drawn
    assert "s3 stored" in drawn
    for option in ("json", "quiet"):
        session = Session(json=option == "json", quiet=option == "quiet")
        session.__dict__["console"] = terminal
        session.__dict__["errors"] = terminal
        with bars(session) as shown:
            assert not shown.bar("c/o", None).shown
