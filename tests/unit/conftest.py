"""The environment of a function, before anything of ``mcos`` is imported, and moto for those tests
that need AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import environment
from tests.support.leaks import a_clean_process
from tests.support.stopped_clock import StoppedClock

if TYPE_CHECKING:
    from tests.support.network import Network
    from tests.support.snapshot import Snapshot

__all__ = ["a_clean_process"]


@pytest.fixture(autouse=True)
def function_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A function of the cluster ``s3``."""
    from mcos.settings import settings

    for name, value in environment.cluster_environment("s3").items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def stopped() -> Iterator[StoppedClock]:
    """Time that passes only when somebody sleeps."""
    from mcos import clock

    time = StoppedClock()
    with clock.replaced_by(time):
        yield time


@pytest.fixture(scope="session")
def moto() -> Iterator[Network]:
    """One moto for all tests, and the network that may be put before it."""
    # Imported here: most tests need neither.
    from moto import mock_aws

    from tests.support.network import Network

    with mock_aws():
        yield Network()


@pytest.fixture(scope="session")
def tables(moto: Network) -> Snapshot:
    """Tables that are new and empty."""
    from mcos.catalog.tables import ALL_TABLES
    from tests.support.environment import REGION
    from tests.support.snapshot import Snapshot, forget_everything

    forget_everything()
    for model in ALL_TABLES:
        model.create_table(billing_mode="PAY_PER_REQUEST")
    return Snapshot({"dynamodb": REGION})


@pytest.fixture
def network(moto: Network, tables: Snapshot) -> Iterator[Network]:
    """The network before new, empty tables."""
    from mcos import clock
    from mcos.catalog import registry
    from tests.support.network import CALL_SECONDS

    tables.put_back()
    registry.forget()
    moto.before = None
    moto.clock, moto.call_seconds = StoppedClock(), CALL_SECONDS
    with pytest.MonkeyPatch.context() as patch, clock.replaced_by(moto.clock):
        moto.install(patch)
        yield moto
    registry.forget()
    moto.before = None
