"""The command ``mcos``, as a process of its own, against the running clouds."""

from collections.abc import Callable
from pathlib import Path

from tests.functional.client.conftest import UNREACHABLE
from tests.functional.client.mcos import Mcos
from tests.functional.conftest import Account, AccountFactory

BINARY = bytes(range(256)) * 40
TREE = {
    "notes.txt": "grüße\n".encode(),
    "a folder/data.bin": BINARY,
    "a folder/deeper/empty": b"",
    "100% #?.json": b"{}",
}


def write(folder: Path, tree: dict[str, bytes]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_file_is_stored_three_times_shown_and_comes_back(mcos: Mcos) -> None:
    where = f"{mcos.container}/file/ü %.bin"
    (mcos.folder / "file.bin").write_bytes(BINARY)
    [stored] = mcos("put", "file.bin", where, "--wait", "--meta", "colour=blue", "--json").values
    assert (stored["state"], stored["size"], stored["replicas"]) == ("CREATED", 10240, [3, 3])
    [stat] = mcos("stat", where, "--json", "--placement").values
    assert {one["state"] for one in stat["replicas"]} == {"stored"}
    assert len({one["cluster"] for one in stat["replicas"]}) == 3
    assert {one["sha256"] for one in stat["replicas"]} == {stat["sha256"]}
    assert stat["metadata"] == {"colour": "blue"}
    assert [one["role"] for one in stat["placement"]].count("target") == 3
    shown = mcos("stat", where).output.decode()
    assert all(one["cluster"] in shown for one in stat["replicas"])
    mcos("get", where, "back.bin")
    assert (mcos.folder / "back.bin").read_bytes() == BINARY


def test_a_pipe_is_stored_replaced_and_printed(mcos: Mcos) -> None:
    where = f"{mcos.container}/pipe"
    mcos("put", "-", where, "--wait", stdin=b"first")
    mcos("put", "-", where, "--no-clobber", stdin=b"never", code=4)
    mcos("put", "-", where, "--wait", stdin=BINARY)
    assert mcos("cat", where).output == BINARY
    assert mcos("get", where, "-").output == BINARY


def test_what_was_taken_can_be_watched_until_it_is_done(mcos: Mcos) -> None:
    where = f"{mcos.container}/watched"
    [taken] = mcos("put", "-", where, "--no-wait", "--json", stdin=b"content").values
    assert taken["state"] == "CREATING"
    *_, last = mcos("watch", where, "--json").values
    assert last["state"] == "CREATED"
    assert len(last["replicas"]) == 3


def test_a_tree_goes_there_and_back_is_listed_and_deleted(mcos: Mcos) -> None:
    write(mcos.folder / "tree", TREE)
    target = f"mcos:{mcos.container}/tree"
    mcos("cp", "-r", "tree", target, "--wait")
    mcos("cp", "-r", target, "back")
    assert read(mcos.folder / "back") == TREE
    listed = mcos("ls", f"{mcos.container}/tree/", "--json").values
    names = {one.get("name") or one["common_prefix"] for one in listed}
    assert names == {"tree/notes.txt", "tree/100% #?.json", "tree/a folder/"}
    flat = mcos("ls", "--recursive", f"{mcos.container}/tree/").output.decode().splitlines()
    assert sorted(flat) == sorted(f"tree/{name}" for name in TREE)
    mcos("rm", "-r", f"{mcos.container}/tree", "--wait")
    assert mcos("ls", "-r", f"{mcos.container}/tree/").output == b""


def test_exit_codes_tell_what_went_wrong(mcos: Mcos) -> None:
    missing = mcos("cat", f"{mcos.container}/missing", code=3)
    assert missing.errors.endswith("[object_not_found]\n")
    assert missing.errors.count("\n") == 1
    mcos("stat", "no-slash", code=2)
    mcos("mb", mcos.container, "--policy", "no-such-policy", code=2)
    mcos("admin", "cluster", "ls", code=5)
    stranger = Mcos(mcos.folder / "stranger")
    stranger.folder.mkdir()
    stranger("ls", code=5)
    arguments = ("login", UNREACHABLE, "--user", "demo", "--password-stdin")
    stranger(*arguments, stdin=b"x\n", code=6)


def test_an_operator_sees_clusters_policies_accounts_and_jobs(
    new_account: AccountFactory, logged_in: Callable[[Account], Mcos]
) -> None:
    operator = new_account("admin")
    mcos = logged_in(operator)
    clusters = mcos("admin", "cluster", "ls", "--json").values
    assert {one["name"] for one in clusters} == set(operator.endpoints)
    policies = mcos("admin", "policy", "ls", "--json").values
    assert "default" in {one["name"] for one in policies}
    accounts = mcos("admin", "account", "ls", "--json").values
    assert {"user_name": operator.user_name, "role": "admin", "enabled": True}.items() <= (
        next(one for one in accounts if one["user_name"] == operator.user_name).items()
    )
    mcos("admin", "job", "ls", "--json")
    mcos("admin", "job", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV", code=3)


def test_the_container_goes_when_it_is_empty(mcos: Mcos) -> None:
    """The last one here: it takes what the others left."""
    mcos("put", "-", f"{mcos.container}/last", "--wait", stdin=b"1")
    mcos("rb", mcos.container, code=4)
    mcos("rm", "-r", mcos.container, "--wait")
    mcos("rb", mcos.container)
    mcos("ls", mcos.container, code=3)
