"""Storing, getting, listing, showing and deleting single objects."""

import json
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from mcos.model.accounts import Role
from mcos_client.command.shared.output import size_of
from mcos_client.command.shared.storing import guessed_type
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem

BINARY = bytes(range(256))


@pytest.fixture(autouse=True)
def container(mcos: Mcos) -> str:
    mcos("mb", "c")
    return "c"


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


def test_put_waits_for_a_delete_to_end(mcos: Mcos) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method in ("POST", "PUT") and mcos.clock.now() < 3:
            return problem(409, "object_being_deleted", retry_after="1")
        return None

    mcos.system.instead = refuse
    mcos("put", "-", "c/o", stdin=b"1")
    assert mcos.clock.pauses == [1, 1, 1]


def test_put_does_not_wait_for_ever(mcos: Mcos) -> None:
    mcos.system.instead = lambda request: problem(409, "object_being_deleted", retry_after="1")
    mcos("put", "-", "c/o", stdin=b"1", code=4)


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


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "grüße".encode(), "text/plain"),
        ("a.txt", b"gr\xfc\xdfe", "application/octet-stream"),
        ("a.json", b"\xff", "application/octet-stream"),
        ("a.svg", b"\xff", "application/octet-stream"),
        ("a.png", b"\xff", "image/png"),
        ("a.tar.gz", b"\xff", "application/octet-stream"),
        ("a", b"a", "application/octet-stream"),
    ],
)
def test_what_is_not_text_is_not_called_text(name: str, content: bytes, expected: str) -> None:
    assert guessed_type(name, content) == expected


def test_get_names_the_file_after_the_object(
    mcos: Mcos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mcos("put", "-", "c/folder/o", stdin=b"1")
    mcos("get", "c/folder/o")
    assert Path("o").read_bytes() == b"1"
    mcos("put", "-", "c/..", stdin=b"1")
    mcos("get", "c/..", code=2)
    mcos("get", "c/..", "dots")
    assert Path("dots").read_bytes() == b"1"


def test_a_get_that_fails_leaves_the_file_as_it_was(mcos: Mcos, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    mcos("get", "c/o", str(file), code=3)
    assert file.read_bytes() == b"old"


def test_get_replaces_a_file_and_keeps_its_permissions(mcos: Mcos, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_bytes(b"old")
    file.chmod(0o640)
    mcos("put", "-", "c/o", stdin=b"new")
    mcos("get", "c/o", str(file))
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert [one.name for one in folder.iterdir()] == ["file"]


def test_ls_folds_and_does_not(mcos: Mcos) -> None:
    for name in ("a", "b/1", "b/2", "c"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    assert mcos("ls").text == "c\n"
    assert mcos("ls", "c").text == "a\nb/\nc\n"
    assert mcos("ls", "c/b/").text == "b/1\nb/2\n"
    assert mcos("ls", "-r", "c").text == "a\nb/1\nb/2\nc\n"
    values = mcos("ls", "c", "--json").values
    assert [one.get("name") or one["common_prefix"] for one in values] == ["a", "b/", "c"]
    first, folded, _ = mcos("ls", "-l", "c").text.splitlines()
    assert first.split()[0] == "CREATED"
    assert first.index(" a") == folded.index(" b/")


def test_names_do_not_command_the_terminal(mcos: Mcos) -> None:
    mcos("put", "-", "c/\x1b[2Jred\n", stdin=b"1")
    assert mcos("ls", "c").text == "\\x1b[2Jred\\n\n"


def test_stat_shows_every_replica(mcos: Mcos) -> None:
    mcos("put", "-", "c/o.txt", "--meta", "colour=blue", stdin=b"12345")
    text = mcos("stat", "c/o.txt").text
    digest = mcos.system.record("o.txt").shown.sha256
    for cluster in ("s3", "swift", "ceph"):
        [line] = [one for one in text.splitlines() if one.startswith(cluster)]
        assert line.split() == [cluster, cluster, "stored", "5", digest]
    assert "target" not in text
    assert "target" in mcos("stat", "--placement", "c/o.txt").text
    [value] = mcos("stat", "c/o.txt", "--json", "--placement").values
    assert [one["state"] for one in value["replicas"]] == ["stored"] * 3
    assert value["metadata"] == {"colour": "blue"}
    record = mcos.system.record("o.txt")
    assert datetime.fromisoformat(value["created_at"]) == datetime.fromisoformat(record.created_at)
    assert value["created_at"].endswith("Z")
    assert value["placement"][0]["role"] == "target"


def test_watch_prints_each_change_until_it_is_settled(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--no-wait", stdin=b"1")
    values = mcos("watch", "c/o", "--json").values
    assert [one["state"] for one in values] == ["CREATING", "CREATED"]
    mcos("watch", "c/none", code=3)


def test_watch_of_what_fails_is_7(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--no-wait", stdin=b"1")
    mcos.system.meanwhile = lambda: mcos.system.fail("o")
    lines = mcos("watch", "c/o", code=7).text.splitlines()
    assert [one.partition(" ")[0] for one in lines] == ["CREATING", "FAILED:"]


def test_rm_and_rb(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    mcos("rb", "c", code=4)
    assert mcos("rm", "c/o").text == "c/o deleted\n"
    mcos("rm", "c/o", code=3)
    mcos("rb", "c")
    mcos("rb", "c", code=3)


def test_admin_cluster_ls(mcos: Mcos) -> None:
    mcos("admin", "cluster", "ls", code=5)
    mcos.system.add_account(Role.ADMIN)
    lines = mcos("admin", "cluster", "ls").text.splitlines()[1:]
    facts = {line.split()[0]: line.split()[1:] for line in lines}
    assert facts["s3"] == ["s3", "ACTIVE", "well", "1", "s3", "here", "-"]
    values = mcos("admin", "cluster", "ls", "--json").values
    assert [one["name"] for one in values] == sorted(facts) == ["ceph", "s3", "swift"]
    mcos("admin", "cluster", "rm", "none", code=3)


def test_admin_sets_a_policy_as_it_is_written(mcos: Mcos) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": "p", **json.loads(request.content)})

    mcos.system.instead = echo
    parts = ["--part", "1,speed=fast", "--part", "2,cost~low,place=a~b"]
    [value] = mcos("admin", "policy", "set", "p", *parts, "--readable", "1", "--json").values
    assert value["parts"] == [
        {"replicas": 1, "must": {"speed": "fast"}, "should": {}},
        {"replicas": 2, "must": {"place": "a~b"}, "should": {"cost": "low"}},
    ]


def test_sizes_are_written_as_people_read_them() -> None:
    sizes = [0, 1023, 1024, 1536, 1024**2, 4_500_000, 5 * 1024**4, 5000 * 1024**4]
    assert [*map(size_of, sizes)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.5 KiB",
        "1.0 MiB",
        "4.3 MiB",
        "5.0 TiB",
        "5000.0 TiB",
    ]
