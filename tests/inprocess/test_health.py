"""The health check, with a real write, read and delete."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from mcos import clock, limits
from mcos.catalog import registry
from mcos.model.clusters import ClusterState, Health
from mcos.model.documents import document_of
from mcos.replicas import backend, generation, identity
from mcos.replicas.backend import MARKER
from mcos.storage import Finding
from mcos.workers import check_health as check_health_worker
from tests.support.cloud import CLUSTERS, SYNC, Cloud, arn
from tests.support.network import Died
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
    kept = set(cloud.backends["ceph"].replicas)
    assert {key for key in kept if not key.startswith(generation.PREFIX)} == {MARKER}
    assert len(kept) == 2


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


def held(cloud: Cloud, cluster: str) -> str | None:
    check(cloud, cluster)
    with cloud.network.outside():
        return registry.read_health(cluster).removals_held


def test_every_backend_knows_the_catalogs_generation_which_is_raised_all_the_time(
    cloud: Cloud,
) -> None:
    for cluster in CLUSTERS:
        assert held(cloud, cluster) is None
    first = {key for key in cloud.backends["s3"].replicas if key.startswith(generation.PREFIX)}
    cloud.clock.advance(25 * 3600)
    for cluster in CLUSTERS:
        assert held(cloud, cluster) is None
    for cluster in CLUSTERS:
        keys = cloud.backends[cluster].replicas
        (known,) = (key for key in keys if key.startswith(generation.PREFIX))
        assert known not in first


def test_a_catalog_that_was_set_back_removes_nothing_until_it_is_raised_above(
    cloud: Cloud,
) -> None:
    with cloud.network.outside():
        before = registry.raise_generation(at=clock.now())
    assert held(cloud, "s3") is None
    with cloud.network.outside():
        yesterday = document_of(before)
        registry.raise_generation(at=clock.now())
    assert held(cloud, "s3") is None
    with cloud.network.outside():
        registry.write(registry.DEPLOYMENT, "this", yesterday)
    assert "set back" in (held(cloud, "s3") or "")
    with cloud.network.outside():
        registry.raise_generation(above=before.generation + 1, at=clock.now())
    assert held(cloud, "s3") is None


def test_a_deployment_that_took_the_backend_over_fences_the_old_one(cloud: Cloud) -> None:
    assert held(cloud, "ceph") is None
    with cloud.network.outside():
        old = registry.current_registry(fresh=True).deployment
        registry.remove(registry.DEPLOYMENT, "this")
        new = registry.raise_generation(above=old.generation, at=clock.now())
    assert new.id != old.id
    assert held(cloud, "ceph") is None
    with cloud.network.outside():
        registry.write(registry.DEPLOYMENT, "this", document_of(old))
    assert new.id in (held(cloud, "ceph") or "")


def test_every_replica_says_what_it_is(cloud: Cloud, user: User) -> None:
    check(cloud, "s3")
    with cloud.network.outside():
        deployment = registry.current_registry(fresh=True).deployment
    user.create("a/ö", b"bytes", SYNC)
    for cluster in CLUSTERS:
        (found,) = (
            identity.read(stat.identity)
            for key, (_, stat) in cloud.backends[cluster].replicas.items()
            if not key.startswith("~")
        )
        assert found is not None
        assert (found.name, found.deployment) == ("a/ö", deployment.id)


def test_a_catalog_that_was_set_back_never_catches_up_by_itself(cloud: Cloud) -> None:
    """Were its generation raised meanwhile, what was written since would look like orphans."""
    rows = [(registry.DEPLOYMENT, "this"), *((registry.HEALTH, name) for name in CLUSTERS)]
    for cluster in CLUSTERS:
        assert held(cloud, cluster) is None
    with cloud.network.outside():
        before = {row: registry.read(*row) for row in rows}
    for _ in range(3):
        cloud.clock.advance(3600)
        for cluster in CLUSTERS:
            assert held(cloud, cluster) is None
    with cloud.network.outside():
        for row, document in before.items():
            assert document is not None
            registry.write(*row, document)
    for _ in range(50):
        for cluster in CLUSTERS:
            assert "set back" in (held(cloud, cluster) or "")
        cloud.clock.advance(12 * 3600)


def test_a_backend_that_has_lost_the_last_snapshot_gets_a_new_one(cloud: Cloud, user: User) -> None:
    for cluster in CLUSTERS:
        check(cloud, cluster)
    user.create("a", b"bytes", SYNC)
    assert cloud.invoke(arn("s3", "write_snapshot"), {})["outcome"] == "complete"
    kept = cloud.backends["swift"].replicas
    for key in [key for key in kept if key.startswith("~catalog/")]:
        del kept[key]
    cloud.clock.advance(3600)
    for cluster in CLUSTERS:
        check(cloud, cluster)
    assert cloud.invoke(arn("s3", "write_snapshot"), {})["outcome"] == "complete"
    assert any(key.endswith("complete.json") for key in kept)
    cloud.clock.advance(3600)
    for cluster in CLUSTERS:
        check(cloud, cluster)
    assert cloud.invoke(arn("s3", "write_snapshot"), {})["outcome"] == "not due"


def test_the_age_of_the_journal_is_known(cloud: Cloud, user: User) -> None:
    check(cloud, "ceph")
    with cloud.network.outside():
        assert registry.read_health("ceph").journal_at is None
    user.create("a", b"bytes", SYNC)
    cloud.journal()
    written = clock.now()
    for _ in range(3):
        cloud.clock.advance(3600)
        check(cloud, "ceph")
        with cloud.network.outside():
            at = registry.read_health("ceph").journal_at
        assert at is not None
        assert written[:16] == at[:16]


# What a backend's settings and rights have against it


def health_of(cloud: Cloud, cluster: str) -> Health:
    with cloud.network.outside():
        return registry.current_registry(fresh=True).clusters[cluster].health


@pytest.mark.parametrize("event", [{}, {"examine": True}])
@pytest.mark.parametrize(
    ("forbidden", "said"),
    [
        ("list", "must be listed"),
        ("put", "must be written to"),
        ("get", "must be read"),
        ("stat", "must be read"),
        ("delete", "must be removed from"),
        ("begin_parts", "written in parts"),
        ("put_part", "written in parts"),
        ("list_begun_parts", "written in parts"),
        ("discard_parts", "parts must be removed"),
        ("signed_url", "URLs must be signed"),
        ("examine", "settings must be looked at"),
    ],
)
def test_a_backend_that_may_not_be_used_in_some_way_gets_nothing(
    cloud: Cloud, user: User, event: dict[str, bool], forbidden: str, said: str
) -> None:
    with cloud.network.outside():
        backend.mark(cloud.backends["ceph"])
        registry.write_health("ceph", Health(marked=True))
    cloud.backends["ceph"].forbidden = {forbidden}
    found = cloud.invoke(arn("ceph", "check_health"), event)
    if forbidden in ("put", "get", "stat", "delete") and not event:
        assert not found["healthy"]  # the probe has told it already
        return
    assert not found["healthy"]
    assert said in " ".join(found["refusals"])
    assert state(cloud, "ceph") is ClusterState.DOWN
    assert said in str(health_of(cloud, "ceph").reason)
    assert user.create("a", b"bytes", SYNC).status == 503
    assert not any(key.startswith(user.account) for key in cloud.backends["ceph"].replicas)
    cloud.backends["ceph"].forbidden = set()
    assert check(cloud, "ceph")
    assert health_of(cloud, "ceph").refusals == []
    assert user.create("a", b"bytes", SYNC).status == 201


def test_an_examination_that_takes_too_long_hides_no_good_probe(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: object) -> None:
        raise Died("the function has no time left")

    monkeypatch.setattr(check_health_worker, "examine", die)
    begun = clock.now()
    with pytest.raises(Died):
        cloud.invoke(arn("ceph", "check_health"), {})
    health = health_of(cloud, "ceph")
    assert health.healthy
    assert health.checked_at is not None
    assert health.checked_at >= begun


def test_settings_that_lose_replicas_are_a_refusal_and_others_a_warning(cloud: Cloud) -> None:
    costs, loses = Finding("it keeps versions"), Finding("a rule deletes replicas", prevents=True)
    cloud.backends["ceph"].findings = [costs]
    found = cloud.invoke(arn("ceph", "check_health"), {})
    assert found["healthy"]
    assert (found["refusals"], found["warnings"]) == ([], ["it keeps versions"])
    cloud.backends["ceph"].findings = [costs, loses]
    assert check(cloud, "ceph")  # it was examined today
    with cloud.network.outside():
        health = registry.read_health("ceph")
        registry.write_health("ceph", replace(health, examined_at=clock.later(-86401)))
    found = cloud.invoke(arn("ceph", "check_health"), {})
    assert not found["healthy"]
    assert found["reason"] == "a rule deletes replicas"
    assert state(cloud, "ceph") is ClusterState.DOWN


def test_a_backend_is_examined_once_a_day_and_nothing_of_it_stays(cloud: Cloud) -> None:
    def examined() -> int:
        with cloud.network.record() as calls:
            assert check(cloud, "ceph")
        return len([call for call in calls if call.name == "backend:examine"])

    assert [examined(), examined()] == [1, 0]
    kept = [key for key in cloud.backends["ceph"].replicas if "examined" in key]
    assert kept == []
    assert cloud.backends["ceph"].parts == {}


def test_a_backend_that_is_away_is_examined_when_it_is_back(cloud: Cloud) -> None:
    cloud.backends["ceph"].refuse("list")
    found = cloud.invoke(arn("ceph", "check_health"), {})
    assert found["healthy"]
    assert "refused by the test" in found["reason"]
    cloud.backends["ceph"].accept()
    cloud.backends["ceph"].findings = [Finding("a rule deletes replicas", prevents=True)]
    assert not check(cloud, "ceph")


def test_a_new_role_that_may_not_yet_read_the_secret_is_waited_for(cloud: Cloud) -> None:
    refused: list[str] = []

    def refuse_twice(name: str) -> None:
        if name.startswith("dynamodb:") and len(refused) < 2:
            refused.append(name)
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetItem")

    cloud.network.before = refuse_twice
    found = cloud.invoke(arn("ceph", "check_health"), {"examine": True})
    cloud.network.before = None
    assert len(refused) == 2
    assert (found["healthy"], found["refusals"]) == (True, [])
