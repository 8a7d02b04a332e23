"""Tokens of Keystone, as swiftclient asks for them: what it needs of keystoneauth's ``Session``."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import requests

from mcos import clock
from mcos.storage import keystone
from mcos.storage.attempts import parsing
from mcos.storage.contract import (
    BackendRefused,
    BackendUnavailable,
    CredentialsRefused,
    Timeouts,
)

_EARLY_SECONDS = 60.0
_EARLY_SHARE = 0.25

_CREDENTIALS = (401, 403, 404)
"""Answers to a login by what is wrong, disabled, expired or removed; 404: its project."""


class KeystoneSession:
    """One token for all threads, renewed when a service has refused it, or shortly before its end.

    A request whose body cannot be sent again must not find its token expired, so a token is not
    used in its last minute (or, if it lives for less than four, its last quarter).

    Parameters
    ----------
    settings
        As for ``open_backend``.
    timeouts
        Timeouts of the request for a token.
    verify
        Path of the certificates that the service is verified by; True: those of the system.
    name
        What messages call the backend.
    """

    def __init__(
        self, settings: Mapping[str, str], *, timeouts: Timeouts, verify: str | bool, name: str
    ) -> None:
        self._settings = {key: value for key, value in settings.items() if value}
        self._timeout = (timeouts.connect_seconds, timeouts.read_seconds)
        self._verify = verify
        self._name = name
        self._kept: tuple[keystone.Token, datetime] | None = None

    def kept_token(self) -> str | None:
        """Return the token, without a network call; None: there is none, or it is about to end."""
        kept = self._kept
        if kept is None:
            return None
        token, until = kept
        return token.text if clock.moment() < until else None

    def get_token(self) -> str:
        """Return the token; a new one costs one request.

        Raises
        ------
        BackendUnavailable, BackendRefused
        OSError
            There was no reply.
        """
        return self._current().text

    def get_endpoint(self, **_: object) -> str:
        """Return the URL of the project's object store, as ``get_token`` returns the token."""
        with parsing(self._login):
            try:
                url = keystone.endpoint_of(self._current(), self._settings)
            except keystone.NoEndpoint as reason:
                raise BackendRefused(f"{self._name}: {reason}") from None
        if not url.startswith(("http://", "https://")):
            raise BackendRefused(f"{self._name}: the URL in the catalog is none")
        return url

    def invalidate(self) -> bool:
        """Forget the token, which was refused; True: another one can be fetched."""
        self._kept = None
        return True

    @property
    def _login(self) -> str:
        return f"{self._name}: the login"

    def _current(self) -> keystone.Token:
        # Without a lock: several threads may fetch a token each, but none waits for another's.
        kept = self._kept
        if kept is not None and clock.moment() < kept[1]:
            return kept[0]
        asked_at = clock.moment()
        token = self._fetched()
        early = min(_EARLY_SECONDS, token.seconds * _EARLY_SHARE)
        self._kept = token, asked_at + timedelta(seconds=token.seconds - early)
        return token

    def _fetched(self) -> keystone.Token:
        with requests.post(
            keystone.url_of(self._settings["auth_url"]),
            json=keystone.request_of(self._settings),
            headers={"Accept": "application/json"},
            timeout=self._timeout,
            verify=self._verify,
            allow_redirects=False,  # a secret goes where it was meant to go
        ) as reply:
            status = reply.status_code
            if status >= 500 or status in (408, 429):
                raise BackendUnavailable(f"{self._login} was answered {status}")
            if status in _CREDENTIALS:
                raise CredentialsRefused(f"{self._login} was answered {status}")
            if status != 201:
                raise BackendRefused(f"{self._login} was answered {status}")
            with parsing(self._login):
                return keystone.token_of(reply.headers.get("X-Subject-Token", ""), reply.json())
