"""What all functional tests rest on."""

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_stands_between() -> None:
    """Once moto is switched on, all of a process's requests pass it, and it eats streams."""
    if "moto" in sys.modules:
        pytest.fail("run tests/functional in a process of its own: make functional")
