"""A test leaves the process as it found it: what it leaves behind fails that test, not another."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

END_SECONDS = 30
"""How long a thread may take to end, of the machine's; it has nothing left to do."""

KEPT = ("reader", "scrub")
"""Beginnings of the names of threads that a warm function keeps."""


@dataclass(frozen=True)
class _Found:
    """What tests replace, as it is now. What is not imported yet is None."""

    threads: frozenset[threading.Thread]
    environment: dict[str, str]
    clock: Any
    network: Any
    registry: Any


def _found() -> _Found:
    return _Found(
        threads=frozenset(threading.enumerate()),
        environment={
            name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"
        },
        clock=_attribute("mcos.clock", "_clock"),
        network=_attribute("moto.core.botocore_stubber", "BotocoreStubber.__call__"),
        registry=_attribute("mcos.catalog.registry", "_read_at"),
    )


def _attribute(module: str, path: str) -> Any:
    # Nothing is imported here: some tests need the environment to be set before.
    found: Any = sys.modules.get(module)
    for name in path.split(".") if found else ():
        found = getattr(found, name)
    return found


@contextmanager
def nothing_left() -> Iterator[None]:
    """Refuse to be left with more or other things than there were when it was entered."""
    before = _found()
    yield
    after = _found()
    for thread in after.threads - before.threads:
        if not thread.name.startswith(KEPT):
            thread.join(END_SECONDS)
            assert not thread.is_alive(), f"it leaves the thread {thread.name!r}"
    assert after.environment == before.environment, "it leaves another environment"
    for what in ("clock", "network"):
        was, now = getattr(before, what), getattr(after, what)
        assert was is None or now is was, f"it leaves another {what}"
    assert after.registry is None or after.registry == before.registry, "it leaves a registry"


@pytest.fixture(autouse=True)
def a_clean_process() -> Iterator[None]:
    """Look before the first fixture of a test, and after the last."""
    with nothing_left():
        yield
