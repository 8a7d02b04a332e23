"""What earlier releases have written to the backends beside replicas is read by this one.

``tests/releases/journals`` has a file for each release; CONTRIBUTING.md says how one is made.
"""

import json
from base64 import b64decode
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

import mcos_rescue.identity
from mcos.journal.tidy import tidy
from mcos.limits import OBJECT_NAME_BYTES
from mcos.model.clusters import Deployment
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.replicas import identity
from mcos_rescue import restore
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.entries import canonical
from mcos_rescue.errors import Sealed
from mcos_rescue.inventory import Inventory
from mcos_rescue.journal import SEALED
from tests.support.cloud import Cloud
from tests.support.paths import undelete_path
from tests.support.release import ACCOUNT, PASSWORD
from tests.support.released_journal import (
    BACKEND,
    KEY,
    READ,
    Recorded,
    full_record,
    lost,
    put_back,
    recorded,
    unused,
)
from tests.support.rescued import RescuedStore, prepare, rescued, states_of, take_over
from tests.support.user import User

FOLDER = Path(__file__).parents[1] / "releases" / "journals"
KINDS = ("plain", "sealed")

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(
    params=[(path, kind) for path in sorted(FOLDER.glob("*.json")) for kind in KINDS],
    ids=lambda one: f"{one[0].stem}-{one[1]}",
)
def kept(request: pytest.FixtureRequest, cloud: Cloud) -> Recorded:
    path, kind = request.param
    release: Recorded = json.loads(path.read_text())[kind]
    put_back(cloud, release)
    return release


def keys_of(kept: Recorded) -> Keys:
    return Keys([KEY]) if kept["sealed"] else NO_KEYS


def told(table: str, states: Any) -> dict[tuple[str, ...], str]:
    return {one.key: canonical(one.record) for one in states(table) if one.record is not None}


@pytest.mark.parametrize("which", ["all", "the log", "the snapshot and what came after it"])
def test_the_rescue_reads_every_record(cloud: Cloud, kept: Recorded, which: str) -> None:
    backend = cloud.backends[BACKEND]
    if which == "the log":
        _forget(cloud, "/snapshot/")
    elif which != "all":
        (complete,) = [key for key in backend.replicas if key.endswith("complete.json")]
        begun = complete.split("/")[-2]
        before = [key for key in backend.replicas if "/log/" in key and _ulid(key) < begun]
        assert before
        for key in before:
            del backend.replicas[key]
    with rescued(backend, keys_of(kept)) as catalog:
        assert catalog.cluster == BACKEND
        assert (catalog.snapshot is None) == (which == "the log")
        states = states_of(catalog)
        for table, records in kept["records"].items():
            assert records
            wanted = {tuple(key): canonical(record) for key, record in records}
            assert told(table, states) == wanted


def _ulid(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


def _forget(cloud: Cloud, part: str) -> None:
    replicas = cloud.backends[BACKEND].replicas
    going = [key for key in replicas if part in key]
    assert going
    for key in going:
        del replicas[key]


def test_the_rescue_brings_every_file_back(cloud: Cloud, kept: Recorded, tmp_path: Path) -> None:
    store = RescuedStore(cloud.backends[BACKEND])
    said: list[str] = []
    keys = keys_of(kept)
    with rescued(cloud.backends[BACKEND], keys) as catalog:
        inventory = Inventory(store, catalog, account=ACCOUNT, keys=keys)
        restore.restore(store, inventory, tmp_path, with_metadata=False, say=said.append)
    lines = map(json.loads, (tmp_path / "listing.jsonl").read_text().splitlines())
    found = {one["name"]: one for one in lines}
    for name, seen in kept["objects"].items():
        assert (tmp_path / found[name]["path"]).read_bytes() == b64decode(seen["content"])
    assert (found["small"]["content_type"], found["small"]["metadata"]) == (
        "text/plain",
        {"colour": "blue"},
    )


def test_the_rescue_reads_every_identity(kept: Recorded) -> None:
    for one in kept["identities"]:
        if not one["text"]:
            assert kept["sealed"], "only a sealed one may be too long for a header"
            continue
        found = mcos_rescue.identity.decode(one["text"], keys_of(kept))
        _check(found, kept, one["name"])
        if kept["sealed"]:
            with pytest.raises(Sealed):
                mcos_rescue.identity.decode(one["text"], Keys([str(x25519.Identity.generate())]))


def test_the_library_reads_every_identity_but_sealed_ones(kept: Recorded) -> None:
    for one in kept["identities"]:
        found = identity.read(one["text"])
        if kept["sealed"]:
            assert found is None
        else:
            assert found is not None
            assert found.is_of(ObjectKey(ACCOUNT, "photos", one["name"]))
            _check(found, kept, one["name"])
            assert (found.name is None) == (len(one["name"]) > OBJECT_NAME_BYTES)


def _check(found: Any, kept: Recorded, name: str) -> None:
    told = (found.deployment, found.account, found.container, found.created_at)
    assert told == (kept["deployment"], ACCOUNT, "photos", "2026-11-22T10:00:00Z")
    assert found.name in (name, None)
    assert found.name_sha256 == sha256(name.encode()).hexdigest()


def test_replicas_say_whose_they_are(kept: Recorded) -> None:
    copies = {key: one for key, one in kept["backend"].items() if not key.startswith("~")}
    assert copies
    names = {
        mcos_rescue.identity.decode(one["stat"]["identity"], keys_of(kept)).name
        for one in copies.values()
    }
    assert names >= {*READ, "late", "kept"}


def test_the_library_loses_nothing_of_a_record(kept: Recorded) -> None:
    for key, record in kept["records"]["objects"]:
        found = ObjectRecord.from_json(record)
        assert list(found.key) == key
        written = json.loads(json.dumps(found.as_json()))
        again = ObjectRecord.from_json(written)
        assert again == found
        # What is not written is read again as its default.
        assert lost(record, json.loads(json.dumps(whole(asdict(again))))) == [], key


def whole(fields: Any) -> Any:
    """The fields of a value with all in it, and those that it did not know beside them."""
    if isinstance(fields, dict):
        known = {name: whole(one) for name, one in fields.items() if name != "unknown"}
        return {**(fields.get("unknown") or {}), **known}
    return [whole(one) for one in fields] if isinstance(fields, list | tuple) else fields


def test_the_library_takes_the_catalog_over(
    cloud: Cloud, kept: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(cloud)
    cloud.grant(24 * 3600)
    report = take_over(cloud, BACKEND, keys_of(kept))
    assert not any(one.left_out or one.doubtful for one in report.tables.values())
    ada = User.__new__(User)
    ada.cloud, ada.account, ada.token = cloud, ACCOUNT, cloud.token(ACCOUNT)
    for name, seen in kept["objects"].items():
        read = ada.download(name)
        assert read.body == b64decode(seen["content"])
        assert {one: read.headers[one] for one in seen["headers"]} == seen["headers"]
    (pairs, _) = ada.call("GET", "/v1/containers").json()["containers"]
    assert {**pairs, "created_at": None} == {
        "name": "pairs",
        "created_at": None,
        "storage_policy": "pair",
        "retention_days": 30,
    }
    assert ada.download("kept").status == 404
    path = undelete_path("photos", "kept")
    assert ada.call("POST", path).status == 200
    assert ada.download("kept").body == b"deleted and kept"
    if kept["sealed"]:
        body = json.dumps({"user_name": ACCOUNT, "password": PASSWORD}).encode()
        assert cloud.call("s3", "POST", "/v1/login", body=body).status == 200


def test_the_library_knows_a_snapshot_that_is_whole_from_one_that_is_not(
    cloud: Cloud, kept: Recorded
) -> None:
    deployment = Deployment(kept["deployment"], 1, kept["recorded_at"])
    backend = cloud.backends[BACKEND]
    found = tidy(backend, deployment)
    assert (found.removed, found.problem) == (0, None)
    assert found.newest is not None
    part = next(key for key in backend.replicas if "/objects-0000" in key)
    assert part.endswith(SEALED) == kept["sealed"]
    del backend.replicas[part]
    assert tidy(backend, deployment).problem is not None


def test_no_field_is_left_out_of_the_record_that_has_all() -> None:
    assert unused(full_record()) == []


def test_this_release_can_be_recorded(
    cloud: Cloud, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is written down if it is asked for: ``--record-release VERSION``."""
    release = {"plain": recorded(cloud)}
    cloud.deploy()
    recipient = x25519.Identity.from_str(KEY).to_public()
    monkeypatch.setenv("MCOS_RESCUE_RECIPIENT", str(recipient))
    release["sealed"] = recorded(cloud)
    assert [release[kind]["sealed"] for kind in KINDS] == [False, True]
    for one in release.values():
        assert all(one["records"].values())
    version = request.config.getoption("--record-release")
    if version:
        path = FOLDER / f"{version}.json"
        path.write_text(json.dumps(release, indent=1, sort_keys=True) + "\n")
