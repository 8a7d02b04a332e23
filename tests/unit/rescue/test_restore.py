"""Every object comes back byte for byte under its name, and what does not is said."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from mcos_rescue import restore
from mcos_rescue.catalog import open_catalog
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.inventory import Inventory
from mcos_rescue.restore import Summary
from tests.unit.rescue.memory import Deployment, Memory


@pytest.fixture
def deployment() -> Deployment:
    made = Deployment()
    made.mark()
    made.container()
    return made


class Restored:
    """What ``get-all`` made of a backend."""

    def __init__(
        self,
        memory: Memory,
        folder: Path,
        *,
        account: str | None = None,
        keys: Keys = NO_KEYS,
        with_metadata: bool = False,
    ) -> None:
        self.said: list[str] = []
        self.folder = folder
        with open_catalog(memory, keys=keys) as catalog:
            self.inventory = Inventory(memory, catalog, account=account, keys=keys)
            self.summary: Summary = restore.restore(
                memory, self.inventory, folder, with_metadata=with_metadata, say=self.said.append
            )
        text = (folder / "listing.jsonl").read_text("utf-8")
        self.listing: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]

    @property
    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "listing.jsonl"
        }


def test_every_container_is_a_folder_and_every_object_a_file(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.store("may/sea.jpg", b"sea")
    deployment.store("x", b"", container="empty")
    deployment.store("may/sea.jpg", b"bob's", account="bob")
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path)
    assert restored.files == {
        "ada/photos/may/sea.jpg": b"sea",
        "ada/empty/x": b"",
        "bob/photos/may/sea.jpg": b"bob's",
    }
    assert (restored.summary.good, restored.summary.is_whole, restored.said) == (3, True, [])
    assert not (tmp_path / ".mcos-rescue").exists()


def test_one_account_alone(deployment: Deployment, tmp_path: Path) -> None:
    deployment.store("a", b"a")
    deployment.store("b", b"b", account="bob")
    deployment.write_segment(1)
    assert Restored(deployment.memory, tmp_path, account="bob").files == {"bob/photos/b": b"b"}


def test_what_is_there_and_right_is_not_read_again(deployment: Deployment, tmp_path: Path) -> None:
    for number in range(10):
        deployment.store(f"{number}", b"%d" % number * 1000)
    deployment.write_segment(1)
    before = Restored(deployment.memory, tmp_path).files
    (tmp_path / "ada/photos/3").write_bytes(b"damaged")
    (tmp_path / "ada/photos/4").unlink()
    (tmp_path / ".mcos-rescue").mkdir()
    (tmp_path / ".mcos-rescue/7").write_bytes(b"left by a run that was killed")
    deployment.memory.asked.clear()
    again = Restored(deployment.memory, tmp_path)
    assert again.files == before
    assert (again.summary.good, again.summary.kept) == (2, 8)
    assert sum(key.startswith("ada/") for key in deployment.memory.asked) == 2


def test_a_damaged_copy_gets_no_name_and_ends_no_other(
    deployment: Deployment, tmp_path: Path
) -> None:
    for name in "abc":
        deployment.store(name, name.encode())
    deployment.write_segment(1)
    bad = next(key for key, kept in deployment.memory.kept.items() if kept.content == b"b")
    deployment.memory.kept[bad].content = b"B"
    restored = Restored(deployment.memory, tmp_path)
    assert restored.files == {"ada/photos/a": b"a", "ada/photos/c": b"c"}
    assert (restored.summary.bad, restored.summary.is_whole) == (1, False)
    assert restored.said == [f"bad: ada/photos/b: {bad} is not what was stored"]
    assert {one["name"]: one["end"] for one in restored.listing}["b"] == "bad"


def test_another_copy_of_the_version_here_is_as_good(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.store("a", b"a")
    deployment.write_segment(1)
    (key,) = [one for one in deployment.memory.kept if one.startswith("ada/")]
    deployment.memory.kept[key].content = b"?"
    deployment.memory.put(f"{key.rpartition('/')[0]}/another", b"a")
    assert Restored(deployment.memory, tmp_path).files == {"ada/photos/a": b"a"}


def test_what_is_not_here_is_said_with_who_has_it(deployment: Deployment, tmp_path: Path) -> None:
    deployment.object("a", deployment.version(b"a", stored=["ceph", "swift"]))
    deployment.object("b", deployment.version(b"b", stored=[]))
    gone = deployment.version(b"c")
    deployment.object("c", gone)
    del deployment.memory.kept[deployment.key("ada", gone)]
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path)
    assert restored.files == {}
    assert restored.said == [
        "missing here: ada/photos/a (on ceph, swift)",
        "missing here: ada/photos/b (nowhere)",
        "missing here: ada/photos/c (on ceph, swift)",
    ]
    assert (restored.summary.missing, restored.summary.is_whole) == (3, False)


def test_a_copy_that_the_journal_does_not_know_to_be_stored_counts_if_it_is_right(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.object("a", deployment.version(b"a", stored=[], lies=True))
    deployment.write_segment(1)
    assert Restored(deployment.memory, tmp_path).files == {"ada/photos/a": b"a"}


def test_without_a_marker_the_copies_are_found_all_the_same(tmp_path: Path) -> None:
    deployment = Deployment()
    deployment.store("a", b"a")
    deployment.write_segment(1)
    assert Restored(deployment.memory, tmp_path).files == {"ada/photos/a": b"a"}


def test_a_copy_of_release_0_1_0_has_no_incarnation(deployment: Deployment, tmp_path: Path) -> None:
    version = deployment.version(b"a", lies=False)
    for replica in version["replicas"].values():
        del replica["incarnation"]
    deployment.memory.put(f"ada/{version['id']}", b"a")
    deployment.object("a", version)
    deployment.write_segment(1)
    assert Restored(deployment.memory, tmp_path).files == {"ada/photos/a": b"a"}


def test_what_users_do_not_see_is_not_restored(deployment: Deployment, tmp_path: Path) -> None:
    for state in ("FAILED", "DELETING"):
        deployment.object(state, None, state=state, last=deployment.version(b"gone"))
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path)
    assert (restored.files, restored.summary.is_whole) == ({}, True)


def test_copies_that_are_newer_than_the_journal_are_recovered(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.store("a", b"a")
    deployment.write_segment(1000)
    headers = deployment.identity("photos", "may/new.jpg")
    new = deployment.version(b"new", at=1005, headers=headers)
    deployment.version(b"just before", at=990, headers=deployment.identity("photos", "before"))
    deployment.version(b"owed a removal", at=10, headers=deployment.identity("photos", "old"))
    deployment.version(b"who knows", at=1005)
    foreign = Deployment(id="01KASW9E4S0000000000000009").identity("photos", "foreign")
    deployment.version(b"foreign", at=1005, headers=foreign)
    restored = Restored(deployment.memory, tmp_path)
    recovered = {key: one for key, one in restored.files.items() if key.startswith("recovered/")}
    assert recovered[f"recovered/ada/photos/may%2Fnew.jpg%~{new['id']}"] == b"new"
    assert sorted(recovered.values()) == [b"just before", b"new"]
    assert (restored.inventory.old_strays, restored.inventory.foreign_strays) == (1, 1)
    (problem,) = restored.inventory.problems
    assert "no identity" in problem
    assert restored.summary.recovered == 2


def test_what_an_older_entry_names_was_removed_and_is_not_recovered(
    deployment: Deployment, tmp_path: Path
) -> None:
    headers = deployment.identity("photos", "a")
    first = deployment.version(b"first", at=2000, headers=headers)
    before = deployment.object("a", first)
    second = deployment.version(b"second", at=2000, headers=headers)
    after = deployment.object("a", second)
    deployment.entries.remove(after)
    deployment.entries.append(replace(after, replaces=before.revision))
    deployment.write_segment(1000)
    restored = Restored(deployment.memory, tmp_path)
    assert restored.files == {"ada/photos/a": b"second"}


def test_the_version_before_one_that_is_not_here_is_recovered(
    deployment: Deployment, tmp_path: Path
) -> None:
    previous = deployment.version(b"before")
    current = deployment.version(b"after", stored=[])
    deployment.object("a", current, previous=previous, state="UPDATING")
    pending = deployment.version(b"coming", stored=[], lies=True)
    deployment.object("b", None, pending=[pending], state="CREATING")
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path)
    assert sorted(restored.files.values()) == [b"before", b"coming"]
    assert all(one.startswith("recovered/") for one in restored.files)
    assert (restored.summary.missing, restored.summary.recovered) == (1, 2)


def test_what_is_known_of_an_object_is_beside_it_if_asked(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.store("a", b"a")
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path, with_metadata=True)
    found = json.loads(restored.files["ada/photos/a%~metadata.json"])
    assert found["metadata"] == {"colour": "blue"}
    assert found["content_type"] == "text/plain"
    assert (tmp_path / "ada/photos/a").stat().st_mtime == 1795341600  # its creation


def test_encrypted_journals_and_identities_are_restored(tmp_path: Path) -> None:
    own = pyrage.x25519.Identity.generate()
    deployment = Deployment(recipient=str(own.to_public()))
    deployment.mark()
    deployment.store("a", b"a")
    deployment.write_segment(1000)
    headers = deployment.identity("photos", "new")
    assert "ada" not in "".join(headers.values())
    deployment.version(b"new", at=1005, headers=headers)
    restored = Restored(deployment.memory, tmp_path, keys=Keys([str(own)]))
    assert sorted(restored.files.values()) == [b"a", b"new"]


def test_ten_thousand_odd_names_come_back_byte_for_byte(
    deployment: Deployment, tmp_path: Path
) -> None:
    chance = random.Random(20261122)
    deployment.memory.page_size = 10_000
    pieces = [
        *"abAB.%~\\:*?\"<>| \n\r\t\x1b\x7f",
        "..", "/", "//", "é", "e\u0301", "\u202e", "\U0001f600", "con", "x" * 150, "%2F", "İ",
    ]  # fmt: skip
    contents: dict[str, bytes] = {}
    while len(contents) < 10_000:
        name = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        if name not in contents and len(name.encode()) <= 1024:
            contents[name] = chance.randbytes(8)
            deployment.store(name, contents[name])
    deployment.write_segment(1)
    restored = Restored(deployment.memory, tmp_path)
    assert restored.summary.good == 10_000
    assert len(restored.listing) == 10_000
    paths = {one["name"]: one["path"] for one in restored.listing}
    files = restored.files
    assert {name: files[paths[name]] for name in contents} == contents


def test_verifying_reads_everything_and_writes_nothing(deployment: Deployment) -> None:
    for name in "abc":
        deployment.store(name, name.encode())
    deployment.object("d", deployment.version(b"d", stored=["ceph"]))
    deployment.write_segment(1)
    bad = next(key for key, kept in deployment.memory.kept.items() if kept.content == b"b")
    deployment.memory.kept[bad].content = b"B"
    said: list[str] = []
    with open_catalog(deployment.memory) as catalog:
        summary = restore.verify(
            deployment.memory, Inventory(deployment.memory, catalog), say=said.append
        )
    assert (summary.good, summary.bad, summary.missing) == (2, 1, 1)
    assert len(said) == 2
