"""The catalog's tables in moto, in process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.core.base_backend import BackendDict

from tests.inprocess.network import Network


@pytest.fixture(scope="session")
def moto() -> Iterator[Network]:
    """One moto for all tests, and the network before it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        network = Network()
        network.install(patch)
        yield network


@pytest.fixture
def network(moto: Network) -> Network:
    """The network before new, empty tables."""
    from mcos.catalog.tables import AccountItem, ClusterItem, ContainerItem, ObjectItem

    BackendDict.reset()
    with moto.outside():
        for model in (AccountItem, ContainerItem, ObjectItem, ClusterItem):
            model.create_table(billing_mode="PAY_PER_REQUEST")
    return moto
