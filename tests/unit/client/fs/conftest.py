"""A file system of MCOS."""

from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import fsspec  # type: ignore[import-untyped]
import httpx
import pytest

from mcos_client import Client
from mcos_client.fs import McosFileSystem, filesystem
from tests.support.small_mcos import Served, SmallMcos
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.system import ENTRY_POINT, System


def end_threads(fs: McosFileSystem) -> None:
    """End the threads of its coroutines, which would end when nobody has it any more."""
    for pool in fs._pools.values():
        pool.shutdown()


@pytest.fixture
def options(system: System) -> dict[str, Any]:
    return {
        "entry_points": ENTRY_POINT,
        "token": system.token,
        "transport": httpx.MockTransport(system),
    }


@pytest.fixture
def fs(
    options: dict[str, Any], clock: ClientClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[McosFileSystem]:
    """With a container ``c``."""
    monkeypatch.setattr(filesystem, "Client", partial(Client, clock=clock))
    fsspec.register_implementation("mcos", McosFileSystem, clobber=True)
    fs = fsspec.filesystem("mcos", **options)
    fs.mkdir("c")
    yield fs
    end_threads(fs)
    McosFileSystem.clear_instance_cache()


@pytest.fixture
def served(small: SmallMcos) -> Iterator[Served]:
    """It, behind a socket."""
    with Served(small) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def small() -> SmallMcos:
    """MCOS in memory, with a container ``c``."""
    return SmallMcos({"c": {}})


@pytest.fixture
def small_fs(small: SmallMcos) -> Iterator[McosFileSystem]:
    fs = McosFileSystem(
        entry_points="http://mcos.test", token="t", transport=small, skip_instance_cache=True
    )
    yield fs
    end_threads(fs)
