"""A container of OpenStack Swift."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from mcos_rescue.errors import NotThere, Refused
from mcos_rescue.stores.contract import Listed, Session
from mcos_rescue.stores.http import Http, Reply, checked_url
from mcos_rescue.stores.replies import check_range, failure_of

_PAGE = 10_000


class SwiftStore:
    """A container; a refused token is renewed once for each request."""

    kind = "swift"

    def __init__(self, *, container: str, login: Callable[[], Session], http: Http) -> None:
        self._container = container
        self._login = login
        self._http = http
        self._lock = threading.Lock()
        self._session: Session | None = None

    def page(self, prefix: str, after: str) -> list[Listed]:
        """See ``Store.page``."""
        query = {"format": "json", "limit": str(_PAGE), "prefix": prefix, "marker": after}
        where = "swift: the listing"
        with self._get("", f"?{urlencode(query, quote_via=quote)}", {}, where) as reply:
            if reply.status == 204:
                return []
            if reply.status != 200:
                raise failure_of(reply.status, f"{where} was answered {reply.status}")
            body = reply.body()
        try:
            entries: list[dict[str, Any]] = json.loads(body)
            return [
                Listed(
                    str(one["name"]),
                    int(one["bytes"]),
                    datetime.fromisoformat(one["last_modified"]).replace(tzinfo=UTC),
                )
                for one in entries
                if "name" in one
            ]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused(f"{where} is malformed") from None

    def open(self, key: str, first: int = 0) -> Reply:
        """See ``Store.open``."""
        where = f"swift: {key}"
        headers = {"Range": f"bytes={first}-"} if first else {}
        reply = self._get(f"/{quote(key)}", "", headers, where)
        if reply.status in (200, 206):
            return check_range(reply, first, where)
        with reply:
            if reply.status == 404:
                raise NotThere(f"{where} is not there")
            raise failure_of(reply.status, f"{where} was answered {reply.status}")

    def _get(self, path: str, query: str, headers: Mapping[str, str], where: str) -> Reply:
        session = self._session or self._renewed(None)
        reply = self._sent(session, path, query, headers, where)
        if reply.status != 401:
            return reply
        with reply:
            pass  # its connection is free only now
        session = self._renewed(session)
        return self._sent(session, path, query, headers, where)

    def _sent(
        self,
        session: Session,
        path: str,
        query: str,
        headers: Mapping[str, str],
        where: str,
    ) -> Reply:
        url, token = session
        place = f"{url}/{quote(self._container, safe='')}{path}{query}"
        return self._http.get(place, {**headers, "X-Auth-Token": token}, where=where)

    def _renewed(self, refused: Session | None) -> Session:
        """Return a session; another thread may have begun it already."""
        with self._lock:
            if self._session is None or self._session == refused:
                self._session = self._login()
            return self._session


class FirstLogin:
    """Logs in by Swift's own way of authentication, its version 1."""

    def __init__(self, auth_url: str, *, user: str, key: str, http: Http) -> None:
        self._auth_url = checked_url("auth_url", auth_url)
        self._user, self._key = user, key
        self._http = http

    def __call__(self) -> Session:
        """Return the account's URL, and a token: one request.

        Raises
        ------
        Unavailable, Refused
        """
        where = "swift: the login"
        headers = {"X-Auth-User": self._user, "X-Auth-Key": self._key}
        with self._http.get(self._auth_url, headers, where=where) as reply:
            if reply.status not in (200, 204):
                raise failure_of(reply.status, f"{where} was answered {reply.status}")
            reply.body()
            token = reply.headers.get("x-auth-token", "")
            url = reply.headers.get("x-storage-url", "")
        if not token or not url.startswith(("http://", "https://")):
            raise Refused(f"{where} was answered without a token")
        return Session(url.rstrip("/"), token)
