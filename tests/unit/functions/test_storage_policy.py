"""``X-Storage-Policy``: a name that can be one arrives at the call, all others are refused."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api import create_object, update_object
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.catalog import containers, registry
from mcos.errors import ObjectNotFound, UnknownStoragePolicy
from mcos.model.clusters import PolicyPart, StoragePolicy
from tests.support.api import call
from tests.support.events import event, request

pytestmark = pytest.mark.usefixtures("good_tokens")

BAD = ["", " ", "Fast", "a b", "a_b", "é", "x" * 65, "fast, slow"]


@pytest.mark.parametrize("name", ["default", "a", "-", "fast-2", "x" * 64])
def test_a_name_is_read(name: str) -> None:
    assert read_storage_policy(request("PUT", headers={"x-storage-policy": name})) == name
    assert read_storage_policy(request("PUT")) is None


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownStoragePolicy):
        read_storage_policy(request("PUT", headers={"x-storage-policy": name}))


@pytest.mark.parametrize("module", [create_object, update_object])
@pytest.mark.parametrize("name", [None, "fast"])
def test_it_arrives_at_the_call(
    module: Any, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def stand_in(*values: Any, storage_policy: str | None = None, create: bool = False) -> None:
        asked.append(storage_policy)
        raise ObjectNotFound("None.")

    monkeypatch.setattr(module, module.__name__.rpartition(".")[2], stand_in)
    headers = {} if name is None else {"x-storage-policy": name}
    parameters = {"container": "photos", "object": "sea.jpg"}
    sent = event("PUT", headers=headers, parameters=parameters, account="ada")
    assert module.handle(sent, None)["statusCode"] == 404
    assert asked == [name]
    sent["headers"]["x-storage-policy"] = "Not One"
    assert module.handle(sent, None)["statusCode"] == 400
    assert asked == [name]


@pytest.mark.usefixtures("network")
def test_a_container_keeps_the_policy_that_it_was_made_with() -> None:
    registry.write_policy(StoragePolicy("pair", (PolicyPart(2),), 1))
    path, pair = "/v1/containers/photos", {"x-storage-policy": "pair"}
    assert call("PUT", path, headers={"x-storage-policy": "gone"}).code == "unknown_storage_policy"
    made = call("PUT", path, headers=pair)
    assert (made.status, made.json()["storage_policy"]) == (201, "pair")
    assert call("PUT", path, headers=pair).json() == made.json()
    assert call("PUT", path).json() == made.json()
    refused = call("PUT", path, headers={"x-storage-policy": "default"})
    assert (refused.status, refused.code) == (409, "conflict")
    assert "'pair'" in refused.json()["detail"]
    assert containers.get("ada", "photos").storage_policy == "pair"
    assert call("PUT", "/v1/containers/others").json()["storage_policy"] == "default"
