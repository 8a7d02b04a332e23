"""How an object is told of, while its replicas are written and while they move."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.api import download_object
from chalicelib.shared.object_reply import describe, headers
from mcos.calls.download_object import Download
from mcos.model.objects import State
from mcos.model.versions import Replica
from tests.support.builders import record, version
from tests.support.events import event

pytestmark = pytest.mark.usefixtures("good_tokens")

STORED, WRITING = Replica("s3", stored=True), Replica("s3")
LEAVING = Replica("s3", stored=True, leaving=True)


@pytest.mark.parametrize(
    ("replicas", "told"),
    [
        ([WRITING, WRITING, WRITING], "0/3"),
        ([STORED, STORED, WRITING], "2/3"),
        ([STORED, STORED, STORED], "3/3"),
        ([STORED, STORED, WRITING, LEAVING], "3/3"),
        ([STORED, STORED, STORED, LEAVING], "3/3"),
        ([WRITING, STORED, WRITING, LEAVING], "2/3"),
    ],
)
def test_a_replica_that_leaves_counts_for_the_one_that_takes_its_place(
    replicas: list[Replica], told: str
) -> None:
    held = {f"cluster-{number}": one for number, one in enumerate(replicas)}
    current = replace(version(1), replicas=held)
    assert headers(record(current=current), current)["X-MCOS-Replicas"] == told


def test_every_replica_is_told_of_with_its_state_and_every_version_with_its_policy() -> None:
    held = {"a": STORED, "b": WRITING, "c": LEAVING, "d": replace(LEAVING, stored=False)}
    current = replace(version(1), replicas=held, storage_policy="pair")
    body = describe(record(State.UPDATING, current=current, pending=(version(2),)))
    assert {one["cluster"]: one["state"] for one in body["replicas"]} == {
        "a": "stored",
        "b": "writing",
        "c": "leaving",
        "d": "leaving",
    }
    assert body["storage_policy"] == "pair"
    assert body["pending"][0]["storage_policy"] == "default"


@pytest.mark.parametrize("damaged", [(), ("ceph",), ("ceph", "s3")])
def test_damaged_replicas_are_counted_and_logged_without_names_of_objects(
    damaged: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    logged: list[str],
) -> None:
    found = Download(record(current=version(1)), version(1), b"x", damaged=damaged)
    monkeypatch.setattr(download_object, "download_object", lambda *key, **asked: found)
    parameters = {"container": "secret-container", "object": "secret-object"}
    sent = event("GET", parameters=parameters, account="ada")
    assert download_object.handle(sent, None)["statusCode"] == 200
    told = [one for one in map(json.loads, logged) if one.get("concern") == "damage"]
    assert [one["Concern"] for one in told] == ([len(damaged)] if damaged else [])
    assert [(one["version"], one["clusters"]) for one in told] == (
        [(version(1).id, list(damaged))] if damaged else []
    )
    assert not [line for line in logged if "secret" in line]
