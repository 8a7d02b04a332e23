"""Clusters in regions of their own: whatever one asks of another, it asks in the other's region.

``tests.support.network`` refuses every request that is signed for a region in which what it names
is not.
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from mcos import aws, clock
from mcos.catalog import jobs, registry
from mcos.model.clusters import ClusterState
from mcos.model.jobs import JobKind, JobState, new_job
from mcos.model.objects import State
from mcos.workers import run_jobs as run_jobs_worker
from tests.support.cloud import ASYNC, CLUSTERS, SYNC, Cloud, arn
from tests.support.environment import ACCOUNT_ID, cluster_environment, region_of
from tests.support.network import Misdirected
from tests.support.paths import object_path
from tests.support.uploads import Sender
from tests.support.user import User

REGIONS = {"swift": "eu-west-1", "ceph": "ap-southeast-2", "swift-2": "eu-central-1"}
NAME = "may/sea.jpg"
LARGE = bytes(range(256)) * 14  # four parts

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def cloud(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr(run_jobs_worker, "_SIDE_BY_SIDE", 1)
    with running.spread(REGIONS):
        yield running


def signed_for(url: str) -> str:
    """The region whose S3 takes a signed URL."""
    (credential,) = parse_qs(urlsplit(url).query)["X-Amz-Credential"]
    return credential.split("/")[2]


def all_hold(user: User, name: str, content: bytes) -> bool:
    record = user.cloud.record(user.account, "photos", name)
    assert record is not None
    assert record.current is not None
    held = user.cloud.replicas(user.account)
    copies = [held[cluster].get(record.current.id) for cluster in CLUSTERS]
    return record.state is State.CREATED and copies == [content] * 3


@pytest.mark.parametrize("at", CLUSTERS)
def test_each_entry_point_takes_and_serves_every_object(user: User, at: str) -> None:
    assert user.create(NAME, b"sea", SYNC, at).status == 201
    assert all_hold(user, NAME, b"sea")
    assert user.update(NAME, b"more sea", ASYNC, at).status == 202
    for other in CLUSTERS:
        assert user.download(NAME, at=other).body == b"more sea"  # from the staging of `at`
    user.cloud.settle()
    assert all_hold(user, NAME, b"more sea")


def test_replicas_are_read_and_repaired_across_regions(user: User) -> None:
    user.create(NAME, b"sea", SYNC)
    key = user.cloud.key(user.account, "photos", NAME, "ceph")
    user.cloud.backends["ceph"].replicas.pop(key)
    assert user.download(NAME, at="ceph").body == b"sea"
    user.cloud.settle()
    assert all_hold(user, NAME, b"sea")


@pytest.mark.parametrize(("begun", "continued"), [("swift", "ceph"), ("ceph", "s3")])
def test_an_upload_goes_on_at_any_entry_point(user: User, begun: str, continued: str) -> None:
    upload = Sender(user, begun).begin(NAME, LARGE)
    shown = Sender(user, continued).ask("GET", f"/{upload['upload']}").json()
    assert {signed_for(part["url"]) for part in shown["parts"]} == {region_of(begun)}
    Sender(user, begun).send(upload, LARGE)
    done = Sender(user, continued).ask("POST", f"/{upload['upload']}/complete")
    assert done.status == 202
    user.cloud.settle()
    assert all_hold(user, NAME, LARGE)


def test_an_upload_is_ended_and_cleared_at_another_entry_point(user: User) -> None:
    upload = Sender(user, "swift").begin(NAME, LARGE)
    Sender(user, "swift").send(upload, LARGE, but=2)
    assert Sender(user, "ceph").ask("DELETE", f"/{upload['upload']}").status == 204
    assert user.cloud.staged() == set()


def test_large_staged_content_is_served_by_a_url_of_its_region(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcos.limits.CONTENT_BYTES", 1000)
    upload = Sender(user, "swift").begin(NAME, LARGE)
    Sender(user, "swift").send(upload, LARGE)
    assert Sender(user, "swift").ask("POST", f"/{upload['upload']}/complete").status == 202
    version = user.cloud.input_of_the_message()
    user.cloud.invoke(
        arn("swift", "digest_content"),
        {name: version[name] for name in ("record", "version_id", "content", "digests")},
    )
    reply = user.call("GET", object_path("photos", NAME), at="ceph")
    assert reply.status == 307
    assert signed_for(reply.headers["location"]) == "eu-west-1"


def test_the_journal_reaches_every_backend(user: User) -> None:
    for cluster in CLUSTERS:
        user.cloud.invoke(arn(cluster, "check_health"), {})
    user.create(NAME, b"sea", SYNC)
    user.cloud.journal()
    for cluster in CLUSTERS:
        kept = user.cloud.backends[cluster].replicas
        assert any(key.startswith("~catalog/") for key in kept)


def test_a_drain_moves_replicas_between_regions(user: User) -> None:
    cloud = user.cloud
    user.create(NAME, b"sea", SYNC)
    cloud.register("swift-2")
    cloud.register("ceph", state=ClusterState.DRAINING)
    job = new_job(clock.new_id(), JobKind.DRAIN, cluster="ceph", rate=1000, at=clock.now())
    with cloud.network.outside():
        jobs.item_of(replace(job, state=JobState.RUNNING)).save()
    for cluster in CLUSTERS:
        cloud.work_at_jobs(cluster)
        cloud.settle()
    record = cloud.record(user.account, "photos", NAME)
    assert record is not None
    assert record.current is not None
    assert sorted(record.current.replicas) == ["s3", "swift", "swift-2"]
    assert user.download(NAME, at="ceph").body == b"sea"


def test_a_row_that_does_not_say_its_region_is_where_its_functions_are(cloud: Cloud) -> None:
    with cloud.network.outside():
        row = registry.read(registry.CLUSTER, "ceph")
        assert row is not None
        old = {name: value for name, value in row.items() if name not in ("region", "account_id")}
        registry.write(registry.CLUSTER, "ceph", old)
        known = registry.current_registry(fresh=True).clusters["ceph"]
    assert (known.region, known.account_id) == ("ap-southeast-2", ACCOUNT_ID)


def test_a_misdirected_request_is_noticed(cloud: Cloud) -> None:
    url = cluster_environment("ceph")["MCOS_REPAIR_QUEUE_URL"]
    with pytest.raises(Misdirected):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
