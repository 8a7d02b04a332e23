"""A cloud for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import environment

if TYPE_CHECKING:
    from tests.support.cloud import Cloud

__all__ = ["environment"]


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    """One moto for all tests: to start it takes a second. It is to be deployed first."""
    from tests.support.cloud import running_cloud

    with running_cloud() as cloud:
        yield cloud
