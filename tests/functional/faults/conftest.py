"""Running clouds whose backends are reached through the fault proxy, and functions to be killed."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from localstack_client.session import Session

from clouds.instance import Instance
from clouds.process import ServerProcess, is_marked, marked
from tests.functional.conftest import INSTANCE
from tests.support.faults.proxy.proxies import Listener, Proxies
from tests.support.waiting import wait_until
from tools.deploy import backend_secrets

BACKENDS = ("s3", "swift", "ceph")


class Functions:
    """The processes in which the emulator runs functions."""

    def __init__(self) -> None:
        self._emulator = ServerProcess(Instance.named(INSTANCE), "emulator")

    def kill(self, random: Random | None = None) -> int:
        """Kill one of them, chosen at random, or all; whoever is called next starts cold.

        Returns
        -------
        How many were killed.
        """
        running = [pid for pid in marked(self._emulator.mark) if pid != self._emulator.pid]
        chosen = random.sample(sorted(running), min(1, len(running))) if random else running
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(self._is_there, chosen)), "they are gone")
        return len(chosen)

    def _is_there(self, pid: int) -> bool:
        return is_marked(pid, self._emulator.mark)


@pytest.fixture(scope="session")
def functions() -> Functions:
    return Functions()


@pytest.fixture
def listeners(
    description: Mapping[str, Any], emulator: Session, functions: Functions
) -> Iterator[dict[str, Listener]]:
    """A proxy before each backend, by cluster; no function knows another way to it."""
    secrets = emulator.client("secretsmanager")
    before = backend_secrets(description)
    pages = secrets.get_paginator("list_secrets").paginate()
    found_names = [one["Name"] for page in pages for one in page["SecretList"]]
    names = {
        name: next(one for one in found_names if one.startswith(f"mcos/{name}/backend"))
        for name in BACKENDS
    }

    def tell(texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            secrets.put_secret_value(SecretId=names[name], SecretString=text)
        functions.kill()  # they remember their secrets

    with Proxies() as proxies:
        found, through = {}, {}
        for name in BACKENDS:
            settings = json.loads(before[name])
            field = "endpoint_url" if "endpoint_url" in settings else "auth_url"
            url = urlsplit(settings[field])
            assert url.hostname is not None
            assert url.port is not None
            found[name] = proxies.listen(name, (url.hostname, url.port))
            settings[field] = f"{found[name].url}{url.path}"
            through[name] = json.dumps(settings)
        tell(through)
        try:
            yield found
        finally:
            tell({name: before[name] for name in through})
