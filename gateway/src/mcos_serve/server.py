"""The gateway as a server: uvicorn with httptools and uvloop."""

import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import uvicorn

from mcos_client import AsyncClient
from mcos_serve.account import Account
from mcos_serve.app import Gateway
from mcos_serve.clock import Clock
from mcos_serve.settings import Settings

RETRIES = 2
"""A call of MCOS that failed is made again so often, where that is safe."""

TIMEOUT = httpx.Timeout(connect=5, read=35, write=35, pool=60)
"""Seconds. A request may wait for a connection that others have."""

GRACE_SECONDS = 30
"""Requests that are under way when the gateway is stopped have so long to end."""

KEPT_SECONDS = 75
"""An idle connection is kept for so long: longer than clients and load balancers use it."""


def account_of(settings: Settings, clock: Clock) -> Account:
    """Make the account of a sidecar, which logs in by its password."""

    async def login(client: AsyncClient) -> object:
        return await client.login(settings.user_name, settings.password)

    client = AsyncClient(settings.entry_points, retries=RETRIES, timeout=TIMEOUT)
    return Account(settings.user_name, client, login, clock)


def gateway_of(settings: Settings) -> Gateway:
    """Make the application."""
    clock = Clock()
    return Gateway(settings, partial(account_of, settings, clock), clock)


def server_of(
    gateway: Gateway,
    *,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    log_level: int | None = None,
) -> uvicorn.Server:
    """Make the server.

    Parameters
    ----------
    certificate, key
        Files in PEM, for TLS; ``key`` may be in the first one, too.
    """
    return uvicorn.Server(
        uvicorn.Config(
            gateway,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            log_level=log_level,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=1024,
            timeout_keep_alive=KEPT_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
        )
    )


def names(text: Sequence[str]) -> tuple[str, ...]:
    """Return domains without the dots at their ends."""
    return tuple(one.strip(".").lower() for one in text)
