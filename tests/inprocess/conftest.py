"""A cloud for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import environment
from tests.support.leaks import a_clean_process

if TYPE_CHECKING:
    from tests.support.cloud import Cloud
    from tests.support.user import User

__all__ = ["a_clean_process", "environment"]


@pytest.fixture
def running(clusters: Cloud) -> Iterator[Cloud]:
    """The cloud, in charge. It is to be deployed first, and again for each of several examples."""
    from tests.support.cloud import in_charge

    with in_charge(clusters):
        yield clusters


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    """Three clusters that have just been deployed; every function starts cold."""
    running.deploy()
    return running


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has more than a thousand bytes is large, and is sent and written in parts of these."""
    from mcos import limits
    from tests.support.uploads import PART

    monkeypatch.setattr(limits, "PART_BYTES", PART)
    monkeypatch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)


@pytest.fixture
def user(cloud: Cloud) -> User:
    """An account with a container ``photos``."""
    from tests.support.user import User

    return User(cloud)
