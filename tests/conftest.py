"""What all tests share: Hypothesis looks at the same examples each time, and there is one moto.

A change is then judged by what it changed. ``HYPOTHESIS_PROFILE=explore`` looks at new ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.cloud import Cloud

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("explore", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-release", metavar="VERSION", help="see test_releases.py")


@pytest.fixture(scope="session")
def clusters() -> Iterator[Cloud]:
    """One cloud for all tests, as it takes a second to make it; one at a time is in charge."""
    # Imported here: most tests need neither.
    from moto import mock_aws

    from tests.support.cloud import Cloud
    from tests.support.network import Network

    with mock_aws():
        yield Cloud(Network())
