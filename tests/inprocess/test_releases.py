"""What earlier releases have kept is read, and gone on with, by this one.

``tests/releases`` has a file for each release; CONTRIBUTING.md says how one is made.
"""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from mcos import limits
from mcos.catalog import uploads
from mcos.catalog.tables import UploadItem
from tests.support.cloud import PASSWORD_WORK, Cloud
from tests.support.environment import CLUSTERS
from tests.support.paths import object_path, stat_path
from tests.support.release import ACCOUNT, LARGE, PASSWORD, Release, put_back, recorded
from tests.support.uploads import Sender
from tests.support.user import User

DAY = 24 * 3600
RELEASES = sorted((Path(__file__).parents[1] / "releases").glob("*.json"))

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def kept(request: pytest.FixtureRequest) -> Release:
    release: Release = json.loads(request.param.read_text())
    return release


@pytest.fixture
def restored(cloud: Cloud, kept: Release) -> tuple[User, Release]:
    return put_back(cloud, kept)


def test_objects_are_read_as_they_were(restored: tuple[User, Release]) -> None:
    ada, release = restored
    assert release["objects"]
    for name, seen in release["objects"].items():
        for cluster in CLUSTERS:
            read = ada.download(name, at=cluster)
            assert read.body == b64decode(seen["content"])
            assert {one: read.headers[one] for one in seen["headers"]} == seen["headers"]
        stat = ada.call("GET", stat_path("photos", name)).json()
        assert {one: stat[one] for one in seen["stat"]} == seen["stat"]


def test_what_was_under_way_comes_to_its_end(cloud: Cloud, restored: tuple[User, Release]) -> None:
    ada, _ = restored
    cloud.settle()
    for name, content in (
        ("updating", b"to come"),
        ("creating", b"begun"),
        ("damaged", b"damaged"),
        ("owed", b"owed"),
        ("dropped", b"dropped"),
    ):
        assert ada.download(name).body == content
        assert ada.stat(name)["state"] == "CREATED"
    assert ada.download("deleting").status == 404
    assert ada.stat("failed")["state"] == "FAILED"


def test_messages_and_executions_are_understood(
    cloud: Cloud, restored: tuple[User, Release]
) -> None:
    _, release = restored
    messages = release["messages"]
    known = [*messages["delivered"], *messages["waiting"]]
    actions = {body.get("action") for _, body in known}
    assert actions >= {"put", "verify", "remove", "unstage"}
    for cluster, execution in messages["executions"]:
        assert cloud.execute(cluster, execution)["outcome"] == "committed"
    for cluster, body in known:
        assert cloud.deliver(cluster, body), body
    cloud.settle()
    cloud.check_storage(ACCOUNT)


def test_objects_are_changed_and_deleted(cloud: Cloud, restored: tuple[User, Release]) -> None:
    ada, release = restored
    cloud.settle()
    for name in release["objects"]:
        assert ada.update(name, b"newer", {"prefer": "wait=25"}).status == 200
        assert ada.download(name).body == b"newer"
        assert ada.call("DELETE", object_path("photos", name)).status == 202
    cloud.settle()
    cloud.check_storage(ACCOUNT)


def test_uploads_go_on(cloud: Cloud, restored: tuple[User, Release]) -> None:
    ada, _ = restored
    sender = Sender(ada)
    listed = {one["object"]: one for one in sender.ask("GET", "").json()["uploads"]}
    assert set(listed) >= {"half", "later"}
    later = sender.ask("GET", f"/{listed['later']['upload']}").json()
    sender.send(later, b"not sent yet")
    assert sender.complete(later).status == 202
    cloud.settle()
    assert ada.download("later").body == b"not sent yet"


def test_uploads_that_were_taken_are_forgotten_in_the_end(
    cloud: Cloud, restored: tuple[User, Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_PARTS", 5)
    for wanted in ({"large", "dropped"}, set()):  # for 15 days their events may come again
        cloud.clock.advance(10 * DAY)
        for _ in range(5):
            cloud.clock.advance(60)
            cloud.sweep()
        assert taken(cloud) == wanted


def taken(cloud: Cloud) -> set[str]:
    """Objects of the uploads and events that the catalog remembers as taken."""
    with cloud.network.outside():
        items = list(UploadItem.scan(UploadItem.state == "TAKEN"))
    return {item.document["object"] for item in items}


def test_accounts_log_in_and_operators_see_what_they_said(
    cloud: Cloud, restored: tuple[User, Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_in(name: str) -> int:
        body = json.dumps({"user_name": name, "password": PASSWORD}).encode()
        return cloud.call("s3", "POST", "/v1/login", body=body).status

    monkeypatch.setattr(limits, "PASSWORD_WORK", PASSWORD_WORK)
    assert (log_in("ada"), log_in("ops"), log_in("eve")) == (200, 200, 401)
    operator = cloud.token("ops")

    def told(path: str) -> str:
        reply = cloud.call("s3", "GET", f"/v1/admin/{path}", token=operator)
        assert reply.status == 200
        return reply.body.decode()

    assert "pair" in told("policies")
    assert "rebalance" in told("jobs")
    assert all(name in told("clusters") for name in CLUSTERS)
    assert "eve" in told("accounts")


def test_this_release_can_be_recorded(cloud: Cloud, request: pytest.FixtureRequest) -> None:
    """And is written down if it is asked for: ``--record-release VERSION``."""
    version = request.config.getoption("--record-release")
    release = recorded(cloud, version or "next")
    assert {len(rows) > 0 for rows in release["rows"].values()} == {True}
    assert b64decode(release["objects"]["large"]["content"]) == LARGE
    if version:
        path = Path(__file__).parents[1] / "releases" / f"{version}.json"
        path.write_text(json.dumps(release, indent=1, sort_keys=True) + "\n")
