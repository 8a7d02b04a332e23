"""Scrubs of a cloud's clusters in process, and what goes before them."""

from datetime import timedelta
from typing import Any

from mcos import clock
from mcos.catalog import scrubs
from mcos.model.scrub import Scrub
from mcos.replicas.backend import MARKER
from tests.support.cloud import Cloud, arn
from tests.support.environment import CLUSTERS
from tests.support.user import User

DAY = 24 * 3600


def check_health(cloud: Cloud) -> None:
    """Let every cluster look at its backend, and mark it."""
    for name in CLUSTERS:
        assert cloud.invoke(arn(name, "check_health"), {})["healthy"]


def scrub_once(cloud: Cloud, cluster: str, *, seconds: float = 30) -> Any:
    """Let a minute pass and a cluster's schedule come."""
    cloud.clock.advance(60)
    return cloud.invoke(arn(cluster, "scrub_backend"), {"seconds": seconds})


def begin(cloud: Cloud, cluster: str, **how: bool) -> None:
    """Begin a run of a cluster's scrub now."""
    from mcos.admin.scrubs import start_scrub

    with cloud.network.outside(), cloud.at("s3"):
        start_scrub(cluster, **how)


def scrub(cloud: Cloud, cluster: str, **how: bool) -> Any:
    """Begin a run of a cluster's scrub, and let it come to its end, or to where it waits."""
    begin(cloud, cluster, **how)
    return scrub_once(cloud, cluster)


def run_of(cloud: Cloud, cluster: str) -> Scrub:
    """The last run of a cluster's scrub."""
    with cloud.network.outside():
        found = scrubs.get(cluster)
    assert found is not None
    return found


def days_pass(cloud: Cloud, user: User, days: float) -> None:
    """Let days pass in which nothing happens, and the user log in again."""
    later = clock.moment() + timedelta(days=days)
    cloud.clock.go_to(later)
    user.token = cloud.token(user.account)
    check_health(cloud)


def copies(cloud: Cloud, cluster: str) -> set[str]:
    """The keys of the copies on a cluster's backend."""
    return {key for key in cloud.backends[cluster].replicas if not key.startswith("~")}


def wipe(cloud: Cloud, cluster: str) -> None:
    """Let a backend have lost everything."""
    cloud.backends[cluster].replicas.clear()
    assert MARKER not in cloud.backends[cluster].replicas
