"""The account that all requests of a gateway are made for: always logged in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from mcos_client import AsyncClient
from mcos_client.errors import (
    InvalidCredentials,
    McosError,
    NotAuthenticated,
    TooManyAttempts,
)
from mcos_serve.clock import Clock
from mcos_serve.s3.errors import S3Error

T = TypeVar("T")

REFUSED_SECONDS = 30.0
"""A login that was refused is not tried again for so long: wrong passwords are counted."""


class Login(Protocol):
    """Logs a client in."""

    async def __call__(self, client: AsyncClient, /) -> object: ...


class Account:
    """A client of MCOS that logs in by itself, and again when its session has ended.

    Parameters
    ----------
    login
        Logs the client in.
    """

    def __init__(self, name: str, client: AsyncClient, login: Login, clock: Clock) -> None:
        self.name = name
        self._client = client
        self._login = login
        self._clock = clock
        self._lock = asyncio.Lock()
        self._refused_at: float | None = None

    async def ask(self, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """Have work done by the client; once more if its session has ended.

        Raises
        ------
        S3Error
            Nobody can log in.
        McosError
            As the work does.
        """
        token = await self._logged_in(None) if self._client.token is None else self._client.token
        try:
            return await work(self._client)
        except NotAuthenticated:
            await self._logged_in(token)
            return await work(self._client)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    async def _logged_in(self, ended: str | None) -> str | None:
        """Log in, unless another request has since the session of that token ended."""
        async with self._lock:
            if self._client.token != ended:
                return self._client.token
            now = self._clock.elapsed()
            if self._refused_at is not None and now - self._refused_at < REFUSED_SECONDS:
                raise _no_login()
            try:
                await self._login(self._client)
            except (InvalidCredentials, TooManyAttempts) as error:
                self._refused_at = now
                raise _no_login() from error
            except McosError as error:
                raise _no_login() from error
            self._refused_at = None
            return self._client.token


def _no_login() -> S3Error:
    return S3Error("ServiceUnavailable", "The gateway cannot log in now.")
