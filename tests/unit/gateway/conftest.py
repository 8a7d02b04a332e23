"""A gateway before MCOS in this process."""

from collections.abc import Iterator

import pytest

from mcos_serve.operations import multipart, writing
from tests.support.serving.served import Serving, serving
from tests.unit.client.conftest import clock, function_environment, system
from tests.unit.client.system import System

__all__ = ["clock", "function_environment", "system"]

PART = 30_000
"""Bytes in which the gateway cuts what is too large for a call, in place of 16 MiB."""


@pytest.fixture
def served(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """A gateway over HTTP."""
    monkeypatch.setattr(writing, "PART", PART)
    monkeypatch.setattr(multipart, "SMALLEST_PART", 1)
    with serving(system) as made:
        yield made
