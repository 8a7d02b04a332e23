"""What operators ask of one backend and of one object, over HTTP."""

import json
from typing import Any

import pytest

from mcos.auth import passwords
from mcos.catalog import accounts
from mcos.model.accounts import Role
from mcos.model.clusters import ClusterState
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.scrubbing import check_health, scrub_once
from tests.support.uploads import Sender
from tests.support.user import User

CONTENT = b"the right bytes"


class Operator:
    """An admin."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._token = cloud.token("ops")
        with cloud.network.outside():
            assert accounts.create("ops", passwords.hash_password("a password"), Role.ADMIN)

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        content = b"" if body is None else json.dumps(body).encode()
        return self._cloud.call("s3", method, f"/v1/admin/{path}", body=content, token=self._token)

    def verify(self, user: User, name: str) -> dict[str, str]:
        """The states of an object's replicas."""
        return {one["cluster"]: one["state"] for one in self.replicas(user, name)}

    def replicas(self, user: User, name: str) -> Any:
        reply = self.call("POST", "objects/verify", address(user, name))
        assert reply.status == 200, reply
        return reply.json()["replicas"]


def address(user: User, name: str) -> dict[str, str]:
    return {"account": user.account, "container": "photos", "object": name}


@pytest.fixture
def operator(cloud: Cloud) -> Operator:
    check_health(cloud)
    return Operator(cloud)


def test_a_scrub_is_started_watched_and_stopped(
    cloud: Cloud, operator: Operator, user: User
) -> None:
    assert operator.call("GET", "clusters/ceph/scrub").status == 404
    assert operator.call("DELETE", "clusters/ceph/scrub").status == 404
    assert operator.call("POST", "clusters/none/scrub").status == 404
    assert operator.call("POST", "clusters/ceph/scrub", {"rate": 0}).status == 400
    assert operator.call("POST", "clusters/ceph/scrub", {"full": 1}).status == 400
    started = operator.call("POST", "clusters/ceph/scrub", {"rate": 5})
    assert (started.status, started.json()["rate"]) == (202, 5)
    assert operator.call("POST", "clusters/ceph/scrub").json()["run"] == started.json()["run"]
    more = operator.call("POST", "clusters/ceph/scrub", {"full": True}).json()
    assert more["run"] != started.json()["run"]
    stopped = operator.call("DELETE", "clusters/ceph/scrub").json()
    assert (stopped["state"], stopped["reason"]) == ("STOPPED", None)
    assert user.create("a", CONTENT, SYNC).status == 201
    assert operator.call("POST", "clusters/ceph/scrub").status == 202
    scrub_once(cloud, "ceph")
    found = operator.call("GET", "clusters/ceph/scrub").json()
    assert (found["state"], found["seen"], found["repairs_waiting"]) == ("DONE", 1, 0)
    assert operator.call("DELETE", "clusters/ceph/scrub").json()["state"] == "DONE"
    jobs = operator.call("GET", "jobs").json()["jobs"]
    assert jobs == []  # a scrub is no job that an operator drains or rebalances by


def test_a_lost_cluster_is_not_scrubbed(cloud: Cloud, operator: Operator) -> None:
    cloud.register("ceph", state=ClusterState.LOST)
    assert operator.call("POST", "clusters/ceph/scrub").status == 409
    assert scrub_once(cloud, "ceph") is None


def test_one_object_is_looked_at_and_repaired(cloud: Cloud, operator: Operator, user: User) -> None:
    assert user.create("a", CONTENT, SYNC).status == 201
    assert operator.verify(user, "a") == {"ceph": "whole", "s3": "whole", "swift": "whole"}
    assert {one["checked"] for one in operator.replicas(user, "a")} == {"content"}
    cloud.backends["ceph"].damage(cloud.key(user.account, "photos", "a", "ceph"), b"x" * 15)
    cloud.backends["swift"].refuse()
    before = cloud.records(user.account)
    assert operator.verify(user, "a") == {"ceph": "damaged", "s3": "whole", "swift": "unreachable"}
    assert cloud.records(user.account) == before
    assert not any(cloud.queued().values())
    cloud.backends["swift"].accept()
    told = operator.call("POST", "objects/repair", address(user, "a"))
    assert (told.status, told.json()["clusters"]) == (202, ["ceph", "s3", "swift"])
    cloud.settle()
    assert operator.verify(user, "a") == {"ceph": "whole", "s3": "whole", "swift": "whole"}
    cloud.check_storage(user.account)


def test_a_replica_that_is_not_stored_yet_is_written_at_once(
    cloud: Cloud, operator: Operator, user: User
) -> None:
    cloud.backends["ceph"].refuse("put")
    assert user.create("a", CONTENT, ASYNC).status == 202
    cloud.run_executions()
    cloud.lose_messages()
    assert operator.verify(user, "a")["ceph"] == "writing"
    cloud.backends["ceph"].accept()
    assert operator.call("POST", "objects/repair", address(user, "a")).status == 202
    cloud.settle(sweep=False)
    assert operator.verify(user, "a")["ceph"] == "whole"


@pytest.mark.usefixtures("small_parts")
def test_of_a_large_replica_size_and_tag_are_compared(
    cloud: Cloud, operator: Operator, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcos import limits

    sender, content = Sender(user), bytes(range(256)) * 14
    upload = sender.begin("large", content)
    sender.send(upload, content)
    assert sender.complete(upload).status == 202
    cloud.settle()
    monkeypatch.setattr(limits, "CONTENT_BYTES", 1000)
    assert {one["checked"] for one in operator.replicas(user, "large")} == {"tag"}
    cloud.backends["s3"].replace(cloud.key(user.account, "photos", "large", "s3"), content[:-1])
    assert operator.verify(user, "large") == {"ceph": "whole", "s3": "damaged", "swift": "whole"}


def test_an_object_that_there_is_not_and_a_wrong_name_are_refused(
    operator: Operator, user: User
) -> None:
    for call in ("verify", "repair"):
        path = f"objects/{call}"
        assert operator.call("POST", path, address(user, "none")).code == "object_not_found"
        wrong = {**address(user, "a"), "container": "a/b"}
        assert operator.call("POST", path, wrong).code == "invalid_body"
        assert operator.call("POST", path, {"object": "a"}).code == "invalid_body"


def test_an_empty_object_is_verified_too(operator: Operator, user: User) -> None:
    assert user.create("empty", b"", SYNC).status == 201
    assert set(operator.verify(user, "empty").values()) == {"whole"}
