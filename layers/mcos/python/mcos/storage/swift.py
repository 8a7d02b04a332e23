"""Replicas on OpenStack Swift, through python-swiftclient and auth version 1."""

import hmac
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from swiftclient.client import Connection
from swiftclient.exceptions import ClientException
from swiftclient.utils import generate_temp_url
from urllib3.exceptions import HTTPError

from mcos.storage.arguments import (
    check_list,
    check_put,
    check_signed_url,
    content_range,
    range_header,
)
from mcos.storage.attempts import NoReply, repeated_once, understood
from mcos.storage.content import VerifiedContent, same_content, verified
from mcos.storage.contract import (
    LIST_LIMIT,
    BackendRefused,
    BackendUnavailable,
    Content,
    RangeNotSatisfiable,
    ReplicaConflict,
    ReplicaDigestMismatch,
    ReplicaNotFound,
    ReplicaPage,
    ReplicaReader,
    ReplicaStat,
    StorageError,
    Timeouts,
    check_key,
)
from mcos.storage.reader import PIECE_BYTES, StreamReader

Result = TypeVar("Result")

_URL_KEY = "x-container-meta-temp-url-key"
_URL_KEY_BEFORE = "x-container-meta-temp-url-key-2"
_NO_REPLY = (RequestException, HTTPError, OSError)
_WRONG_URL = (InvalidSchema, InvalidURL, MissingSchema)


# At INFO it logs refused requests with the first characters of their tokens, and the replies.
logging.getLogger("swiftclient").setLevel(logging.WARNING)


class SwiftBackend:
    """A container.

    Each thread has a connection of its own, which keeps its token until the service refuses it
    (401); then a new one is fetched and the request made again, once.

    Signed URLs are Swift's temporary URLs (SHA-256). Their key is derived from the user's key and
    set on the container when the first URL is signed, which needs an owner of the account. When
    the user's key has changed, the key before stays valid beside the new one, and with it the URLs
    that are still out.

    Parameters
    ----------
    settings
        As ``open_backend`` has them.
    timeouts
        Of every request.
    """

    kind: ClassVar[str] = "swift"

    def __init__(self, settings: Mapping[str, str], timeouts: Timeouts) -> None:
        self._settings = dict(settings)
        self._container = settings["container"]
        self._timeouts = timeouts
        self._threads = threading.local()
        self._url_key = hmac.new(
            settings["key"].encode(), b"mcos temporary URLs\n" + self._container.encode(), "sha256"
        ).hexdigest()
        self._url_key_is_set = False

    def _connection(self) -> Any:
        connection = getattr(self._threads, "connection", None)
        if connection is None:
            connection = self._threads.connection = Connection(
                authurl=self._settings["auth_url"],
                user=self._settings["user"],
                key=self._settings["key"],
                auth_version="1",
                timeout=(self._timeouts.connect_seconds, self._timeouts.read_seconds),
                retries=0,  # of requests; a refused token is renewed all the same
                starting_backoff=0,  # else it sleeps for a second before that
            )
        return connection

    def put(
        self,
        key: str,
        content: Content,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
    ) -> ReplicaStat:
        """Store a replica; see ``StorageBackend.put``."""
        check_put(key, size=size, md5=md5, sha256=sha256, content_type=content_type)
        body = verified(content, size=size, md5=md5, sha256=sha256, name=self._at(key))
        stream = body if isinstance(body, VerifiedContent) else None
        if stream is not None:
            # Swift reads a whole upload before it says that the key is taken or the token is
            # refused: ask before, where that costs more than asking.
            try:
                return same_content(self.stat(key), size=size, md5=md5, name=self._at(key))
            except ReplicaNotFound:
                pass
        reply: dict[str, Any] = {}

        def send(swift: Any) -> str:
            etag: str = swift.put_object(
                self._container,
                key,
                body,
                content_length=size,
                etag=md5,
                content_type=content_type,
                headers={"If-None-Match": "*"},
                response_dict=reply,
            )
            return etag

        def send_with_token(swift: Any) -> str:
            if not swift.token:
                _authenticate(swift)
            try:
                return send(swift)
            except ClientException:
                # A refused token is dropped by the connection, which would send again by itself
                # but for the body, that it cannot rewind.
                if swift.token or (stream is not None and not stream.rewindable):
                    raise
            if stream is not None:
                stream.rewind()
            _authenticate(swift)
            return send(swift)

        try:
            etag = self._request("put", key, send_with_token, stream=stream)
        except ReplicaConflict:
            return self._already_there(key, size=size, md5=md5)
        if etag != md5:
            self.delete(key)
            raise ReplicaDigestMismatch(f"{self._at(key)}: the service stored another MD5")
        return ReplicaStat(
            key,
            size,
            md5,
            content_type,
            _stored_at({"last-modified": formatdate(), **reply["headers"]}),
        )

    def _already_there(self, key: str, *, size: int, md5: str) -> ReplicaStat:
        try:
            found = self.stat(key)
        except ReplicaNotFound:
            # Deleted in between, or another put of the key is still under way.
            raise BackendUnavailable(f"{self._at(key)}: another write came between") from None
        return same_content(found, size=size, md5=md5, name=self._at(key))

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        """Read a replica or a range of it; see ``StorageBackend.get``."""
        check_key(key)
        asked = range_header(first, last)
        headers, body = self._request(
            "get",
            key,
            lambda swift: swift.get_object(
                self._container,
                key,
                resp_chunk_size=PIECE_BYTES,
                headers={} if asked is None else {"Range": asked},
            ),
        )
        with understood(f"{self._at(key)}: get"):
            length = int(headers["content-length"])
            whole = _stat(key, length, headers)
        if asked is not None:
            begin, size = content_range(headers.get("content-range", ""))
            if begin != (first or 0):
                body.close()
                raise BackendRefused(f"{self._at(key)}: the service ignored the range")
            whole = replace(whole, size=size)
        return StreamReader(
            whole,
            body.resp.raw,
            length=length,
            name=self._at(key),
            failures=_NO_REPLY,
            translate=lambda error: self._translated("get", key, error),
        )

    def stat(self, key: str) -> ReplicaStat:
        """Ask about a replica; see ``StorageBackend.stat``."""
        check_key(key)
        headers = self._request("stat", key, lambda swift: swift.head_object(self._container, key))
        with understood(f"{self._at(key)}: stat"):
            return _stat(key, int(headers["content-length"]), headers)

    def delete(self, key: str) -> None:
        """Remove a replica; see ``StorageBackend.delete``."""
        check_key(key)
        with suppress(ReplicaNotFound):
            self._request("delete", key, lambda swift: swift.delete_object(self._container, key))

    def signed_url(
        self,
        key: str,
        *,
        expires_in: int,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Return a temporary URL for GET; see ``StorageBackend.signed_url``."""
        check_signed_url(key, expires_in, content_type)
        if not self._url_key_is_set:
            self._set_url_key()
        storage_url = urlsplit(self._request("signed_url", key, _storage_url))
        path, _, query = generate_temp_url(
            f"{storage_url.path}/{self._container}/{key}", expires_in, self._url_key, "GET"
        ).partition("?")
        # Without either, Swift makes it an attachment that is named after the key.
        disposition = "inline" if filename is None else urlencode({"filename": filename})
        return f"{storage_url.scheme}://{storage_url.netloc}{quote(path)}?{query}&{disposition}"

    def _set_url_key(self) -> None:
        headers = self._request(
            "signed_url", "", lambda swift: swift.head_container(self._container)
        )
        current = headers.get(_URL_KEY, "")
        if self._url_key not in (current, headers.get(_URL_KEY_BEFORE)):
            keys = {_URL_KEY: self._url_key, _URL_KEY_BEFORE: current}
            self._request(
                "signed_url", "", lambda swift: swift.post_container(self._container, keys)
            )
        self._url_key_is_set = True

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        """Return a page of replicas; see ``StorageBackend.list``."""
        check_list(prefix, marker, limit)
        with understood(f"{self._at(prefix)}: list"):
            _, entries = self._request(
                "list",
                prefix,
                lambda swift: swift.get_container(
                    self._container, prefix=prefix or None, marker=marker or None, limit=limit
                ),
            )
            replicas = tuple(
                ReplicaStat(
                    entry["name"],
                    entry["bytes"],
                    entry["hash"],
                    entry["content_type"],
                    _rounded_up(entry["last_modified"]),
                )
                for entry in entries
            )
        # A page that is not full may still not be the last one: a service may give fewer entries
        # than it is asked for. Only an empty page ends a listing.
        return ReplicaPage(replicas, replicas[-1].key if replicas else None)

    def _at(self, key: str) -> str:
        return f"{self.kind} {self._container}/{key}"

    def _request(
        self,
        call: str,
        key: str,
        request: Callable[[Any], Result],
        *,
        stream: VerifiedContent | None = None,
    ) -> Result:
        """Make a request on this thread's connection, with the exceptions of the contract.

        A put whose key is taken becomes a ``ReplicaConflict``, be the bytes the same or not.
        """
        swift = self._connection()

        def attempt() -> Result:
            try:
                return request(swift)
            except (ClientException, *_NO_REPLY) as error:
                if stream is not None and stream.failure is not None:
                    raise stream.failure from None  # it may look like a failure of the connection
                failure = self._translated(call, key, error)
                if isinstance(failure, BackendUnavailable) and isinstance(error, _NO_REPLY):
                    raise NoReply(failure) from None
                raise failure from None

        return repeated_once(
            attempt,
            self._timeouts,
            prepare=None if stream is None else stream.rewind,
            repeatable=stream is None or stream.rewindable,
        )

    def _translated(self, call: str, key: str, error: Exception) -> StorageError:
        where = f"{self._at(key)}: {call}"
        if isinstance(error, _WRONG_URL):
            return BackendRefused(f"{where} could not be sent ({type(error).__name__})")
        if not isinstance(error, ClientException):
            return BackendUnavailable(f"{where} had no reply ({type(error).__name__})")
        if error.http_status is None:
            # What the connection says when it cannot rewind a body, see put.
            return BackendUnavailable(f"{where} had its token refused")
        return _failure(call, error.http_status)(f"{where} was answered {error.http_status}")


def _failure(call: str, status: int) -> type[StorageError]:
    """Name the exception for a reply's status."""
    if status >= 500 or status in (408, 409, 429, 498, 499):
        return BackendUnavailable
    if status == 404 and call in ("get", "stat", "delete"):
        return ReplicaNotFound
    return {
        412: ReplicaConflict,
        416: RangeNotSatisfiable,
        422: ReplicaDigestMismatch,
    }.get(status, BackendRefused)


def _authenticate(swift: Any) -> None:
    swift.get_auth()
    swift.close()  # its connections may lead to another storage URL


def _storage_url(swift: Any) -> str:
    if not swift.url:
        _authenticate(swift)
    return str(swift.url)


def _stat(key: str, size: int, headers: Mapping[str, str]) -> ReplicaStat:
    return ReplicaStat(
        key, size, headers["etag"].strip('"'), headers.get("content-type"), _stored_at(headers)
    )


def _stored_at(headers: Mapping[str, str]) -> datetime:
    return parsedate_to_datetime(headers["last-modified"]).astimezone(UTC)


def _rounded_up(last_modified: str) -> datetime:
    """Read a listing's time, which has microseconds, as Swift's headers round it."""
    exact = datetime.fromisoformat(last_modified).replace(tzinfo=UTC)
    whole = exact.replace(microsecond=0)
    return whole if whole == exact else whole + timedelta(seconds=1)
