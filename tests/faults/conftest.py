"""A cloud for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import environment
from tests.support.leaks import a_clean_process

if TYPE_CHECKING:
    from tests.support.cloud import Cloud

__all__ = ["a_clean_process", "environment"]


@pytest.fixture
def running(clusters: Cloud) -> Iterator[Cloud]:
    """The cloud, in charge. It is to be deployed first, and again for each of several examples."""
    from tests.support.cloud import in_charge

    with in_charge(clusters):
        yield clusters
