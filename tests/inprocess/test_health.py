"""The health check, with a real write, read and delete."""

import pytest

from mcos import limits
from mcos.catalog import registry
from mcos.model.clusters import ClusterState
from mcos.replicas.backend import MARKER
from tests.support.cloud import CLUSTERS, SYNC, Cloud, arn
from tests.support.uploads import Sender
from tests.support.user import User


def check(cloud: Cloud, cluster: str) -> bool:
    healthy: bool = cloud.invoke(arn(cluster, "check_health"), {})["healthy"]
    return healthy


def state(cloud: Cloud, cluster: str) -> ClusterState:
    with cloud.network.outside():
        return registry.current_registry(fresh=True).clusters[cluster].state


@pytest.mark.parametrize("call", ["put", "get", "delete"])
def test_a_backend_that_fails_in_one_way_is_down_until_it_works_again(
    cloud: Cloud, call: str
) -> None:
    assert check(cloud, "ceph")
    cloud.backends["ceph"].refuse(call)
    assert not check(cloud, "ceph")
    assert state(cloud, "ceph") is ClusterState.DOWN
    assert state(cloud, "s3") is ClusterState.ACTIVE
    cloud.backends["ceph"].accept()
    assert check(cloud, "ceph")
    assert state(cloud, "ceph") is ClusterState.ACTIVE


def test_a_probe_is_one_write_one_read_one_delete_and_leaves_nothing_but_the_marker(
    cloud: Cloud,
) -> None:
    check(cloud, "ceph")
    with cloud.network.record() as calls:
        check(cloud, "ceph")
    probed = [call.name for call in calls if call.name.startswith("backend:")]
    assert probed == ["backend:stat", "backend:put", "backend:get", "backend:delete"]
    assert cloud.backends["ceph"].replicas.keys() == {MARKER}


def test_a_failure_that_passes_is_no_outage(cloud: Cloud) -> None:
    """The first probe fails, the second one finds the backend well."""
    failed: list[str] = []

    def fail_once(name: str) -> None:
        if name == "backend:put":
            cloud.backends["swift"].accept()
            if not failed:
                failed.append(name)
                cloud.backends["swift"].refuse("put")

    cloud.network.before = fail_once
    assert check(cloud, "swift")
    cloud.network.before = None
    assert failed
    assert state(cloud, "swift") is ClusterState.ACTIVE


def test_an_operators_word_stands_above_what_was_found(cloud: Cloud) -> None:
    cloud.register("ceph", state=ClusterState.ACTIVE)
    cloud.backends["ceph"].refuse()
    assert not check(cloud, "ceph")
    assert state(cloud, "ceph") is ClusterState.ACTIVE


def test_a_cluster_that_is_known_to_be_down_is_not_waited_for(cloud: Cloud, user: User) -> None:
    user.create("a", b"bytes", SYNC)
    cloud.backends["s3"].refuse()
    check(cloud, "s3")
    with cloud.network.record() as calls:
        for at in CLUSTERS:
            assert user.download("a", at=at).body == b"bytes"
    assert not [c for c in calls if c.cluster == "s3" and c.name == "backend:get"]


def test_a_cluster_that_is_not_checked_any_more_is_down_and_comes_back(cloud: Cloud) -> None:
    """Its functions are dead, not only its backend."""
    for name in CLUSTERS:
        assert check(cloud, name)
    cloud.clock.freeze(120)
    for name in ("s3", "swift"):
        assert check(cloud, name)
    assert state(cloud, "ceph") is ClusterState.ACTIVE
    cloud.clock.freeze(61)
    assert state(cloud, "ceph") is ClusterState.DOWN
    assert state(cloud, "s3") is ClusterState.ACTIVE
    with cloud.network.outside():
        seen = registry.current_registry(fresh=True).clusters["ceph"].health
    assert (seen.reason or "").startswith("No health check since 2")
    pauses = len(cloud.clock.pauses)
    assert check(cloud, "ceph")
    assert state(cloud, "ceph") is ClusterState.ACTIVE
    assert len(cloud.clock.pauses) == pauses, "its backend was never ill"


def test_the_uploads_of_a_cluster_that_works_no_more_are_ended_by_another(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS:
        check(cloud, name)
    sender = Sender(user, at="ceph")
    upload = sender.begin("a", b"bytes", expires_in=60)
    sender.send(upload, b"bytes")
    for seconds, left in ((limits.ADOPTION_SECONDS - 60, 1), (120, 0)):
        cloud.clock.freeze(seconds)
        for name in ("s3", "swift"):
            check(cloud, name)
        cloud.chill()
        cloud.sweep("s3", "swift")
        assert len(cloud.staged()) == left


def test_a_backend_that_has_lost_all_is_not_written_anew_without_an_operators_word(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS:
        assert check(cloud, name)
    names = [f"{number}" for number in range(5)]
    for name in names:
        assert user.create(name, b"bytes", SYNC).status == 201
    cloud.backends["swift"].replicas.clear()
    for name in names:
        assert user.download(name, at="swift").body == b"bytes"
    cloud.pump()
    assert {one.state for one in cloud.records(user.account)} == {"CREATED"}
    assert not cloud.backends["swift"].replicas
    assert not check(cloud, "swift")
    assert state(cloud, "swift") is ClusterState.DOWN
    cloud.register("swift", state=ClusterState.ACTIVE)
    assert check(cloud, "swift")
    for name in names:
        assert user.download(name, at="swift").body == b"bytes"
    cloud.settle()
    assert len(cloud.replicas(user.account)["swift"]) == len(names)
    cloud.check_storage(user.account)


def test_one_replica_that_is_gone_is_written_anew_on_a_backend_that_is_known(
    cloud: Cloud, user: User
) -> None:
    for name in CLUSTERS:
        assert check(cloud, name)
    assert user.create("a", b"bytes", SYNC).status == 201
    del cloud.backends["swift"].replicas[cloud.key(user.account, "photos", "a", "swift")]
    assert user.download("a", at="swift").body == b"bytes"
    cloud.settle()
    cloud.check_storage(user.account)
