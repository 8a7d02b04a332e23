"""A cloud for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.inprocess import environment  # before anything of mcos is imported

if TYPE_CHECKING:
    from tests.inprocess.cloud import Cloud
    from tests.inprocess.user import User

__all__ = ["environment"]


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    """One moto for all tests: to start it takes a second."""
    from tests.inprocess.cloud import running_cloud

    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    """Three clusters that have just been deployed; every function starts cold."""
    running.deploy()
    return running


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has more than a thousand bytes is large, and is sent and written in parts of these."""
    from mcos import limits
    from tests.inprocess.uploads import PART

    monkeypatch.setattr(limits, "PART_BYTES", PART)
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)


@pytest.fixture
def user(cloud: Cloud) -> User:
    """An account with a container ``photos``."""
    from tests.inprocess.user import User

    return User(cloud)
