"""Replicas on OpenStack Swift, through python-swiftclient."""

import builtins
import hmac
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from swiftclient.client import Connection
from swiftclient.exceptions import ClientException
from swiftclient.utils import generate_temp_url
from urllib3.exceptions import HTTPError

from mcos import clock
from mcos.storage import findings, keystone
from mcos.storage.arguments import (
    check_complete_parts,
    check_list,
    check_part,
    check_parts_of,
    check_put,
    check_signed_url,
    identity_entries,
    identity_of,
    parse_content_range,
    range_header,
)
from mcos.storage.attempts import NoReply, parsing, repeat_once, without_reply
from mcos.storage.certificates import certificates_file
from mcos.storage.content import (
    MeasuredContent,
    VerifiedContent,
    check_parts,
    check_same_content,
    check_same_parts,
    prepare_content,
)
from mcos.storage.contract import (
    LIST_LIMIT,
    BackendRefused,
    BackendUnavailable,
    BegunPage,
    BegunParts,
    ByteStream,
    CredentialsRefused,
    Finding,
    Part,
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
from mcos.storage.inert import BYTES, is_inert
from mcos.storage.keystone_session import KeystoneSession
from mcos.storage.manifests import (
    BEHIND_SEGMENTS,
    ENTRIES,
    SEGMENTS,
    Manifest,
    entries_of,
    key_of_segment,
    make_manifests,
    part_name,
    tag_in_listing,
)
from mcos.storage.reader import PIECE_BYTES, StreamReader

Reply = TypeVar("Reply")

_META = "x-object-meta-"
_PARTS_MD5 = f"{_META}mcos-parts-md5"
_TYPE = f"{_META}mcos-content-type"
_VALUE_CHARACTERS = 200  # Swift allows 256 bytes a value
_URL_KEY = "x-container-meta-temp-url-key"
_URL_KEY_BEFORE = "x-container-meta-temp-url-key-2"
_MAY_BE_MISSING = frozenset({"get", "stat", "delete"})
# A manifest that lists a missing segment; a replica whose first segment is missing or changed.
_NOT_THE_BYTES = frozenset({("complete_parts", 400), ("get", 409)})
_NO_REPLY = (RequestException, HTTPError, OSError)
_WRONG_URL = (InvalidSchema, InvalidURL, MissingSchema)


# At INFO, swiftclient logs refused requests with the first characters of tokens, and replies.
logging.getLogger("swiftclient").setLevel(logging.WARNING)


class SwiftBackend:
    """A container.

    Each thread has its own connection, which keeps its token until the service refuses it (401);
    then a new token is fetched and the request is repeated once. Tokens come from auth version 1,
    or from Keystone, whose tokens say when they end: they are renewed before (``KeystoneSession``).

    Signed URLs are Swift's temporary URLs (SHA-256). Their key is derived from the secret of
    the login (key, password) and set on the container when the first URL is signed, which requires
    an owner of the account. When that secret changes, the old URL key stays valid beside the new
    one, so issued URLs still work.
    They do not sign whether content is shown or saved, so whoever has one may have it shown:
    content of types that browsers may run is served as bytes.

    A replica in parts is a Static Large Object. Its segments are in the same container, as
    ``~parts/<key>/p/000001``, because a container's temporary URLs open no other container. If
    there are more segments than one manifest takes, they are listed by manifests
    ``~parts/<key>/m/00001``, which the replica's manifest lists. ``list`` omits all of these.

    Parameters
    ----------
    settings
        As for ``open_backend``.
    timeouts
        Timeouts of every request.
    """

    kind: ClassVar[str] = "swift"
    manifest_entries: ClassVar[int] = ENTRIES
    """Most entries of a manifest; more segments need more manifests."""

    def __init__(self, settings: Mapping[str, str], timeouts: Timeouts) -> None:
        self._settings = dict(settings)
        self._container = settings["container"]
        self._timeouts = timeouts
        self._threads = threading.local()
        pem = settings.get("ca_certificate")
        self._verify = certificates_file(pem) if pem else None
        self._session: KeystoneSession | None = None
        if not settings.get("key"):
            self._session = KeystoneSession(
                settings, timeouts=timeouts, verify=self._verify or True, name=self._at("")
            )
        secret = settings.get("key") or keystone.secret_of(settings)
        self._url_key = hmac.new(
            secret.encode(), b"mcos temporary URLs\n" + self._container.encode(), "sha256"
        ).hexdigest()
        self._url_key_is_set = False

    def _connection(self) -> Any:
        connection = getattr(self._threads, "connection", None)
        # With a token that ends soon, or of which another thread has a newer one, it would log in
        # and close, and break what is still being read over it.
        if connection is None or self._is_old(connection):
            connection = self._threads.connection = Connection(
                authurl=self._settings["auth_url"],
                user=self._settings.get("user"),
                key=self._settings.get("key"),
                auth_version="1",
                session=self._session,  # comes before the version
                cacert=self._verify,
                timeout=(self._timeouts.connect_seconds, self._timeouts.read_seconds),
                retries=0,  # a refused token is still renewed
                starting_backoff=0,  # otherwise it sleeps for a second before that
            )
        return connection

    def _is_old(self, connection: Any) -> bool:
        return self._session is not None and connection.token != self._session.kept_token()

    def put(
        self,
        key: str,
        content: ByteStream,
        *,
        size: int,
        md5: str,
        sha256: str,
        content_type: str,
        identity: str = "",
    ) -> ReplicaStat:
        """Store a replica; see ``StorageBackend.put``."""
        check_put(
            key, size=size, md5=md5, sha256=sha256, content_type=content_type, identity=identity
        )
        body = prepare_content(content, size=size, md5=md5, sha256=sha256, name=self._at(key))
        stream = body if isinstance(body, VerifiedContent) else None
        if stream is not None:
            # Swift reads all content before it answers that the key exists or the token is
            # refused. For large content, asking first is cheaper.
            try:
                return check_same_content(self.stat(key), size=size, md5=md5, name=self._at(key))
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
                content_type=_served_type(content_type),
                headers={
                    "If-None-Match": "*",
                    _TYPE: content_type,
                    **_identity_headers(identity),
                },
                response_dict=reply,
            )
            return etag

        def send_with_token(swift: Any) -> str:
            if not swift.token:
                _authenticate(swift)
            try:
                return send(swift)
            except ClientException:
                # The connection drops a refused token. It would repeat the request, but cannot
                # rewind the body.
                if swift.token or (stream is not None and not stream.is_rewindable):
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
            identity=identity or None,
        )

    def _already_there(self, key: str, *, size: int, md5: str) -> ReplicaStat:
        try:
            found = self.stat(key)
        except ReplicaNotFound:
            # It was deleted meanwhile, or another put of the key is still running.
            raise BackendUnavailable(f"{self._at(key)}: another write interfered") from None
        return check_same_content(found, size=size, md5=md5, name=self._at(key))

    def begin_parts(
        self, key: str, *, content_type: str, parts_md5: str, identity: str = ""
    ) -> str:
        """Only check that the container exists; see ``StorageBackend.begin_parts``."""
        check_parts_of(key, content_type=content_type, parts_md5=parts_md5, identity=identity)
        self._request("begin_parts", key, lambda swift: swift.head_container(self._container))
        return ""

    def put_part(
        self, key: str, upload: str, number: int, content: ByteStream, *, size: int
    ) -> Part:
        """Store a segment; see ``StorageBackend.put_part``."""
        check_part(key, number=number, size=size)
        stream = MeasuredContent(content, size=size, name=self._at(key))
        segment = part_name(key, number)
        # Swift reads all content before it answers that the token is refused, and this content
        # cannot be sent again. So a request without content renews the token first.
        self._request("put_part", key, lambda swift: swift.head_container(self._container))

        def send(swift: Any) -> str:
            etag: str = swift.put_object(
                self._container, segment, stream, content_length=size, content_type=BYTES
            )
            return etag

        etag = self._request("put_part", key, send, stream=stream)
        if etag != stream.md5:
            self._delete_segment(key, segment)
            raise ReplicaDigestMismatch(f"{self._at(key)}: the service stored another MD5")
        return Part(number, size, etag)

    def list_parts(self, key: str, upload: str) -> builtins.list[Part]:
        """Return the stored segments; see ``StorageBackend.list_parts``."""
        check_key(key)
        found = self._listed("list_parts", key, f"{SEGMENTS}{key}/p/")
        with parsing(f"{self._at(key)}: list_parts"):
            return [
                Part(number, entry["bytes"], entry["hash"])
                for number, entry in entries_of(key, found)
            ]

    def _listed(self, call: str, key: str, prefix: str) -> builtins.list[dict[str, Any]]:
        found: builtins.list[dict[str, Any]] = []
        with parsing(f"{self._at(key)}: {call}"):
            while page := self._request(
                call,
                key,
                partial(_page, self._container, prefix, found[-1]["name"] if found else None),
            ):
                found += page
        return found

    def complete_parts(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        content_type: str,
        parts_md5: str,
        identity: str = "",
    ) -> ReplicaStat:
        """Write the manifest; see ``StorageBackend.complete_parts``."""
        check_complete_parts(
            key, parts, content_type=content_type, parts_md5=parts_md5, identity=identity
        )
        size = check_parts(parts, parts_md5=parts_md5, name=self._at(key))
        # Writing the last manifest would show that the key exists, but the others come before it.
        with suppress(ReplicaNotFound):
            return self._same_parts(key, size=size, parts_md5=parts_md5)
        *folded, own = make_manifests(key, parts, self.manifest_entries)
        for manifest in folded:
            self._put_manifest(key, manifest, content_type=BYTES, headers={})
        headers = {
            "If-None-Match": "*",
            _PARTS_MD5: parts_md5,
            _TYPE: content_type,
            **_identity_headers(identity),
        }
        try:
            self._put_manifest(key, own, content_type=_served_type(content_type), headers=headers)
        except ReplicaConflict:
            # Another call stored it, or this call's first request did and its reply was lost.
            try:
                return self._same_parts(key, size=size, parts_md5=parts_md5)
            except ReplicaNotFound:
                raise BackendUnavailable(f"{self._at(key)}: another write interfered") from None
        stat = self.stat(key)
        if (stat.size, stat.md5, stat.parts_md5) != (size, own.tag, parts_md5):
            self.delete(key)
            raise ReplicaDigestMismatch(f"{self._at(key)}: the service stored another replica")
        return stat

    def _same_parts(self, key: str, *, size: int, parts_md5: str) -> ReplicaStat:
        return check_same_parts(self.stat(key), size=size, parts_md5=parts_md5, name=self._at(key))

    def _put_manifest(
        self, key: str, manifest: Manifest, *, content_type: str, headers: Mapping[str, str]
    ) -> None:
        self._request(
            "complete_parts",
            key,
            lambda swift: swift.put_object(
                self._container,
                manifest.name,
                manifest.body(self._container),  # text can be sent again with a new token
                etag=manifest.tag,
                content_type=content_type,
                headers=headers,
                query_string="multipart-manifest=put",
            ),
        )

    def discard_parts(self, key: str) -> None:
        """Remove the segments of a key; see ``StorageBackend.discard_parts``."""
        check_key(key)
        if self._is_replica(key):
            return
        for folder in ("m", "p"):
            found = self._listed("discard_parts", key, f"{SEGMENTS}{key}/{folder}/")
            for _, entry in entries_of(key, found):
                self._delete_segment(key, entry["name"])

    def list_begun_parts(self, marker: str = "") -> BegunPage:
        """Return a page of segments of no replica; see ``StorageBackend.list_begun_parts``."""
        page = self._request(
            "list_begun_parts", "", partial(_page, self._container, SEGMENTS, marker or None)
        )
        with parsing(f"{self._at(SEGMENTS)}: list_begun_parts"):
            newest: dict[str, datetime] = {}
            for entry in page:
                if key := key_of_segment(entry["name"]):
                    stored_at = _rounded_up(entry["last_modified"])
                    newest[key] = max(stored_at, newest.get(key, stored_at))
            following = page[-1]["name"] if page else None
        begun = (BegunParts(*one) for one in newest.items() if not self._is_replica(one[0]))
        return BegunPage(tuple(begun), following)

    def _is_replica(self, key: str) -> bool:
        """Whether segments hold the bytes of a replica."""
        try:
            return self.stat(key).in_parts
        except ReplicaNotFound:
            return False

    def _delete_segment(self, key: str, segment: str) -> None:
        with suppress(ReplicaNotFound):
            self._request(
                "delete", key, lambda swift: swift.delete_object(self._container, segment)
            )

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
        with parsing(f"{self._at(key)}: get"):
            length = int(headers["content-length"])
            whole = _stat(key, length, headers)
        if asked is not None:
            begin, size = parse_content_range(headers.get("content-range", ""))
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
        """Describe a replica; see ``StorageBackend.stat``."""
        check_key(key)
        headers = self._request("stat", key, lambda swift: swift.head_object(self._container, key))
        with parsing(f"{self._at(key)}: stat"):
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
        if content_type is not None and not is_inert(content_type):
            self._serve_as_bytes(key)
        storage_url = urlsplit(self._request("signed_url", key, _storage_url))
        path, _, query = generate_temp_url(
            f"{storage_url.path}/{self._container}/{key}", expires_in, self._url_key, "GET"
        ).partition("?")
        # Without either, Swift makes the reply an attachment named after the key.
        disposition = "inline" if filename is None else urlencode({"filename": filename})
        return f"{storage_url.scheme}://{storage_url.netloc}{quote(path)}?{query}&{disposition}"

    def _serve_as_bytes(self, key: str) -> None:
        """Have a replica of an earlier release, which put any type, served as bytes."""
        headers = self._request("stat", key, lambda swift: swift.head_object(self._container, key))
        told = headers.get("content-type", "")
        if is_inert(told):
            return
        kept = {name: value for name, value in headers.items() if name.startswith(_META)}
        changed = {**kept, _TYPE: told, "Content-Type": BYTES}  # a POST replaces all metadata
        self._request("stat", key, lambda swift: swift.post_object(self._container, key, changed))

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
        with parsing(f"{self._at(prefix)}: list"):
            _, entries = self._request(
                "list",
                prefix,
                lambda swift: swift.get_container(
                    self._container, prefix=prefix or None, marker=marker or None, limit=limit
                ),
            )
            replicas = tuple(
                _in_listing(entry) for entry in entries if not entry["name"].startswith(SEGMENTS)
            )
            last = entries[-1]["name"] if entries else None
        # A page that is not full may not be the last: a service may return fewer entries than it
        # was asked for. Only an empty page ends a listing.
        if last is not None and last.startswith(SEGMENTS):
            last = max(last, BEHIND_SEGMENTS)  # skip segments: they may be many
        return ReplicaPage(replicas, last)

    def examine(self) -> builtins.list[Finding]:
        """Look at the container's settings; see ``StorageBackend.examine``."""
        headers = self._request("examine", "", lambda swift: swift.head_container(self._container))
        found = [
            *findings.of_clock(headers.get("date"), clock.moment()),
            *findings.of_container(headers),
        ]
        with suppress(BackendRefused):  # who may use the container need not see the account
            found += findings.of_account(
                self._request("examine", "", lambda swift: swift.head_account())
            )
        try:
            told = self._request("examine", "", lambda swift: swift.get_capabilities())
        except BackendRefused as refusal:
            found.append(Finding(f"it does not say what it can do ({refusal})"))
        else:
            with parsing(f"{self._at('')}: /info"):
                found += findings.of_capabilities(told)
        return found

    def _at(self, key: str) -> str:
        return f"{self.kind} {self._container}/{key}"

    def _request(
        self,
        call: str,
        key: str,
        request: Callable[[Any], Reply],
        *,
        stream: MeasuredContent | None = None,
    ) -> Reply:
        """Make a request on this thread's connection, with the exceptions of the contract.

        ``put`` and ``complete_parts`` for an existing key raise ``ReplicaConflict``, even if its
        bytes are the same.
        """
        swift = self._connection()

        def attempt() -> Reply:
            try:
                return request(swift)
            except (ClientException, *_NO_REPLY) as error:
                if stream is not None and stream.failure is not None:
                    raise stream.failure from None  # it may look like a failed connection
                failure = self._translated(call, key, error)
                if isinstance(failure, BackendUnavailable) and isinstance(error, _NO_REPLY):
                    raise NoReply(failure) from None
                raise failure from None

        return repeat_once(
            attempt,
            self._timeouts,
            prepare=None if stream is None else stream.rewind,
            repeatable=stream is None or stream.is_rewindable,
        )

    def _translated(self, call: str, key: str, error: Exception) -> StorageError:
        where = f"{self._at(key)}: {call}"
        if isinstance(error, _WRONG_URL):
            return BackendRefused(f"{where} could not be sent ({type(error).__name__})")
        if not isinstance(error, ClientException):
            return BackendUnavailable(without_reply(where, error))
        if error.http_status is None:
            # The connection could not rewind a body; see put.
            return BackendUnavailable(f"{where} had its token refused")
        return _failure(call, error.http_status)(f"{where} was answered {error.http_status}")


def _failure(call: str, status: int) -> type[StorageError]:
    """Return the exception for a reply's status."""
    if (call, status) in _NOT_THE_BYTES:
        return ReplicaDigestMismatch
    if status >= 500 or status in (408, 409, 429, 498, 499):
        return BackendUnavailable
    if status == 404 and call in _MAY_BE_MISSING:
        return ReplicaNotFound
    return {
        401: CredentialsRefused,
        403: CredentialsRefused,
        412: ReplicaConflict,
        416: RangeNotSatisfiable,
        422: ReplicaDigestMismatch,
    }.get(status, BackendRefused)


def _authenticate(swift: Any) -> None:
    swift.get_auth()
    swift.close()  # the new token may come with another storage URL


def _storage_url(swift: Any) -> str:
    if not swift.url:
        _authenticate(swift)
    return str(swift.url)


def _page(container: str, prefix: str, marker: str | None, swift: Any) -> Any:
    return swift.get_container(container, prefix=prefix, marker=marker)[1]


def _identity_headers(identity: str) -> dict[str, str]:
    entries = identity_entries(identity, _VALUE_CHARACTERS)
    return {f"{_META}{name}": value for name, value in entries.items()}


def _stat(key: str, size: int, headers: Mapping[str, str]) -> ReplicaStat:
    return ReplicaStat(
        key,
        size,
        headers["etag"].strip('"'),
        headers.get(_TYPE) or headers.get("content-type"),
        _stored_at(headers),
        in_parts="x-static-large-object" in headers,
        parts_md5=headers.get(_PARTS_MD5),
        identity=identity_of(headers, _META),
    )


def _in_listing(entry: Mapping[str, Any]) -> ReplicaStat:
    tag = tag_in_listing(entry)
    return ReplicaStat(
        entry["name"],
        entry["bytes"],
        tag or entry["hash"],
        entry["content_type"],
        _rounded_up(entry["last_modified"]),
        in_parts=tag is not None,
    )


def _served_type(content_type: str) -> str:
    """Return the type with which Swift serves content; the replica's own is in its metadata."""
    return content_type if is_inert(content_type) else BYTES


def _stored_at(headers: Mapping[str, str]) -> datetime:
    return parsedate_to_datetime(headers["last-modified"]).astimezone(UTC)


def _rounded_up(last_modified: str) -> datetime:
    """Parse a listing's time, which has microseconds, rounded as in Swift's headers."""
    exact = datetime.fromisoformat(last_modified).replace(tzinfo=UTC)
    whole = exact.replace(microsecond=0)
    return whole if whole == exact else whole + timedelta(seconds=1)
