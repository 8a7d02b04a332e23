"""A replica that is changed behind MCOS's back, through its service's own client."""

import pytest

from mcos_client import Client
from tests.functional.conftest import Account
from tests.functional.five.conftest import FIVE
from tests.support.services import StorageService
from tests.support.waiting import wait_until

KINDS, OTHERS = FIVE[:3], FIVE[3:]
"""A cluster of each kind of service; those of a kind that is there already."""
CONTENT = b"the bytes that were sent"


@pytest.mark.parametrize("harm", ["overwritten", "deleted"])
@pytest.mark.parametrize(
    "cluster", [*KINDS, *(pytest.param(one, marks=pytest.mark.long) for one in OTHERS)]
)
def test_what_was_damaged_is_never_served_and_becomes_whole_by_itself(
    account: Account,
    clients: dict[str, Client],
    container: str,
    services: dict[str, StorageService],
    cluster: str,
    harm: str,
) -> None:
    name = _object_on(clients, container, cluster)
    stat = clients["s3"].stat_object(container, name)
    key = f"{account.user_name}/{stat.version}"
    service = services[cluster]
    if harm == "overwritten":
        service.write(key, b"bytes that nobody sent  ")
    else:
        service.delete(key)
    # Its own entry point reads its own replica first, and so finds out.
    assert clients[cluster].download_object(container, name).content == CONTENT
    wait_until(lambda: service.read(key) == CONTENT, "the replica is whole again")
    settled = clients["s3"].wait_until_settled(container, name)
    assert settled is not None
    assert settled.state == "CREATED"
    assert {one.cluster for one in settled.replicas} == {one.cluster for one in stat.replicas}


def _object_on(clients: dict[str, Client], container: str, cluster: str) -> str:
    """An object that has a replica on the cluster."""
    for number in range(20):
        name = f"{cluster}-{number}"
        clients["s3"].create_object(container, name, CONTENT, prefer="wait=25")
        stat = clients["s3"].stat_object(container, name)
        if cluster in {one.cluster for one in stat.replicas}:
            return name
    raise AssertionError(f"no object of twenty is on {cluster}")
