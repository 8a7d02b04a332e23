"""Replicas on S3, or on a service that speaks S3's protocol, through boto3."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NotConnected
from urllib3.exceptions import HTTPError

from mcos.storage.arguments import (
    check_list,
    check_put,
    check_signed_url,
    content_disposition,
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
from mcos.storage.reader import StreamReader

Result = TypeVar("Result")

# The last two are what reading a reply's body lets through.
_NO_REPLY = (
    NotConnected,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
    CredentialRetrievalError,
    HTTPError,
    OSError,
)
_NOT_THE_BYTES = frozenset(
    {"BadDigest", "IncompleteBody", "InvalidDigest", "XAmzContentSHA256Mismatch"}
)
_TRY_LATER = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})


class S3Backend:
    """A bucket.

    The bucket's ETags must be MD5s, which they are for single PUTs unless it encrypts with KMS
    keys (SSE-S3 is fine): a put into such a bucket is refused. A replica is one PUT, so at most
    5 GiB.

    Parameters
    ----------
    settings
        As ``open_backend`` has them.
    timeouts
        Of every request.
    """

    kind: ClassVar[str] = "s3"
    sends_sha256: ClassVar[bool] = True
    """Whether the service verifies ``x-amz-checksum-sha256``."""

    def __init__(self, settings: Mapping[str, str], timeouts: Timeouts) -> None:
        self._bucket = settings["bucket"]
        self._timeouts = timeouts
        endpoint_url = settings.get("endpoint_url") or None
        self._client: Any = boto3.session.Session().client(
            "s3",
            region_name=settings["region"],
            endpoint_url=endpoint_url,
            aws_access_key_id=settings.get("access_key") or None,
            aws_secret_access_key=settings.get("secret_key") or None,
            config=Config(
                connect_timeout=timeouts.connect_seconds,
                read_timeout=timeouts.read_seconds,
                retries={"total_max_attempts": 1, "mode": "standard"},
                signature_version="s3v4",
                # Content-MD5, and SHA-256 where it is understood, are known before the first byte
                # leaves: the SDK's own checksums would be trailers that not every service reads,
                # and its payload signature would read the content a second time.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={
                    "payload_signing_enabled": False,
                    "addressing_style": "path" if endpoint_url else "auto",
                },
            ),
        )

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
        parameters: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": key,
            "Body": body,
            "ContentLength": size,
            "ContentMD5": b64encode(bytes.fromhex(md5)).decode("ascii"),
            "ContentType": content_type,
            "IfNoneMatch": "*",
        }
        if self.sends_sha256:
            parameters["ChecksumSHA256"] = sha256
        try:
            reply = self._request(
                "put", key, lambda: self._client.put_object(**parameters), body=body
            )
        except ReplicaConflict:
            return self._already_there(key, size=size, md5=md5)
        if reply.get("ETag", "").strip('"') != md5:
            self._take_back(key, reply)
        headers = reply["ResponseMetadata"]["HTTPHeaders"]
        stored_at = parsedate_to_datetime(headers["date"]) if "date" in headers else _now()
        return ReplicaStat(key, size, md5, content_type, stored_at.astimezone(UTC))

    def _already_there(self, key: str, *, size: int, md5: str) -> ReplicaStat:
        try:
            found = self.stat(key)
        except ReplicaNotFound:
            # Deleted in between, or another put of the key is still under way.
            raise BackendUnavailable(f"{self._at(key)}: another write came between") from None
        return same_content(found, size=size, md5=md5, name=self._at(key))

    def _take_back(self, key: str, reply: Mapping[str, Any]) -> None:
        """Remove what a put has stored under an ETag that is not the MD5 of what was sent."""
        self.delete(key)
        if str(reply.get("ServerSideEncryption", "")).startswith("aws:kms"):
            raise BackendRefused(
                f"{self._at(key)}: the bucket encrypts with KMS keys, so its ETags are no MD5s; "
                "use SSE-S3"
            )
        raise ReplicaDigestMismatch(f"{self._at(key)}: the service stored another MD5")

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        """Read a replica or a range of it; see ``StorageBackend.get``."""
        check_key(key)
        asked = range_header(first, last)
        parameters = {"Bucket": self._bucket, "Key": key}
        if asked is not None:
            parameters["Range"] = asked
        reply = self._request("get", key, lambda: self._client.get_object(**parameters))
        with understood(f"{self._at(key)}: get"):
            stat = _stat(key, reply)
        if asked is not None:
            begin, size = content_range(reply.get("ContentRange", ""))
            if begin != (first or 0):
                reply["Body"].close()
                raise BackendRefused(f"{self._at(key)}: the service ignored the range")
            stat = replace(stat, size=size)
        return StreamReader(
            stat,
            reply["Body"],
            length=reply["ContentLength"],
            name=self._at(key),
            failures=_NO_REPLY,
            translate=lambda error: self._translated("get", key, error),
        )

    def stat(self, key: str) -> ReplicaStat:
        """Ask about a replica; see ``StorageBackend.stat``."""
        check_key(key)
        reply = self._request(
            "stat", key, lambda: self._client.head_object(Bucket=self._bucket, Key=key)
        )
        with understood(f"{self._at(key)}: stat"):
            return _stat(key, reply)

    def delete(self, key: str) -> None:
        """Remove a replica; see ``StorageBackend.delete``."""
        check_key(key)
        with suppress(ReplicaNotFound):  # S3 itself says 204 for it; others say 404
            self._request(
                "delete", key, lambda: self._client.delete_object(Bucket=self._bucket, Key=key)
            )

    def signed_url(
        self,
        key: str,
        *,
        expires_in: int,
        content_type: str | None = None,
        filename: str | None = None,
    ) -> str:
        """Return a URL for GET (signature version 4); see ``StorageBackend.signed_url``."""
        check_signed_url(key, expires_in, content_type)
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": content_disposition(filename),
        }
        if content_type is not None:
            parameters["ResponseContentType"] = content_type
        url: str = self._request(
            "signed_url",
            key,
            lambda: self._client.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=expires_in
            ),
        )
        return url

    def list(self, prefix: str = "", marker: str = "", limit: int = LIST_LIMIT) -> ReplicaPage:
        """Return a page of replicas; see ``StorageBackend.list``."""
        check_list(prefix, marker, limit)
        reply = self._request(
            "list",
            prefix,
            lambda: self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=marker, MaxKeys=limit
            ),
        )
        with understood(f"{self._at(prefix)}: list"):
            replicas = tuple(
                ReplicaStat(
                    entry["Key"],
                    entry["Size"],
                    _etag(entry),
                    None,
                    entry["LastModified"].astimezone(UTC).replace(microsecond=0),
                )
                for entry in reply.get("Contents", ())
            )
        following = replicas[-1].key if reply.get("IsTruncated") and replicas else None
        return ReplicaPage(replicas, following)

    def _at(self, key: str) -> str:
        return f"{self.kind} {self._bucket}/{key}"

    def _request(
        self,
        call: str,
        key: str,
        request: Callable[[], Result],
        *,
        body: bytes | VerifiedContent = b"",
    ) -> Result:
        """Make a request, with the exceptions of the contract.

        A put whose key is taken becomes a ``ReplicaConflict``, be the bytes the same or not.
        """

        stream = body if isinstance(body, VerifiedContent) else None

        def attempt() -> Result:
            try:
                return request()
            except (ClientError, BotoCoreError, HTTPError, OSError) as error:
                if stream is not None and stream.failure is not None:
                    raise stream.failure from None  # the SDK wraps what its body raises
                failure = self._translated(call, key, error)
                if isinstance(error, _NO_REPLY):
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
        if isinstance(error, _NO_REPLY):
            return BackendUnavailable(f"{where} had no reply ({type(error).__name__})")
        if not isinstance(error, ClientError):
            return BackendRefused(f"{where} failed ({type(error).__name__})")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"].get("Code", "")
        code = code if code.isalnum() else "without a code"
        return _failure(call, status, code)(f"{where} was answered {status} {code}")


def _failure(call: str, status: int, code: str) -> type[StorageError]:
    """Name the exception for a reply: first by S3's error code, then by the status."""
    if code in _NOT_THE_BYTES:
        return ReplicaDigestMismatch
    if code in _TRY_LATER or status >= 500 or status in (408, 429):
        return BackendUnavailable
    if status in (409, 412):
        return ReplicaConflict if call == "put" else BackendUnavailable
    if status == 416:
        return RangeNotSatisfiable
    # A GET of a key in a bucket that is not there is no missing replica. (HEAD cannot tell.)
    if status == 404 and code in ("NoSuchKey", "404"):
        return ReplicaNotFound
    return BackendRefused


def _stat(key: str, reply: Mapping[str, Any]) -> ReplicaStat:
    return ReplicaStat(
        key,
        reply["ContentLength"],
        _etag(reply),
        reply.get("ContentType"),
        reply["LastModified"].astimezone(UTC),
    )


def _etag(entry: Mapping[str, Any]) -> str:
    return str(entry["ETag"]).strip('"')


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
