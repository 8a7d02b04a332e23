"""Replicas on S3, or on a service with S3's protocol, through boto3."""

import builtins
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
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

from mcos import clock
from mcos.storage import findings
from mcos.storage.arguments import (
    check_complete_parts,
    check_list,
    check_part,
    check_parts_of,
    check_put,
    check_signed_url,
    content_disposition,
    identity_entries,
    identity_of,
    parse_content_range,
    range_header,
)
from mcos.storage.attempts import NoReply, parsing, repeat_once, without_reply
from mcos.storage.certificates import certificates_file
from mcos.storage.content import (
    MeasuredContent,
    check_parts,
    check_same_content,
    check_same_parts,
    prepare_content,
)
from mcos.storage.contract import (
    LIST_LIMIT,
    BackendMisconfigured,
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
from mcos.storage.reader import StreamReader

Reply = TypeVar("Reply")

# Reading a reply's body raises the last two.
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
    {"BadDigest", "IncompleteBody", "InvalidDigest", "InvalidPart", "XAmzContentSHA256Mismatch"}
)
_TRY_LATER = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})
_UNSET = frozenset(
    {
        "NoSuchLifecycleConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        "NotImplemented",
    }
)
_OF_AN_UPLOAD = frozenset({"put_part", "list_parts", "complete_parts", "discard_parts"})
_PARTS_MD5 = "mcos-parts-md5"  # name of a metadata entry
_VALUE_CHARACTERS = 900  # some deployments of Ceph allow 1,024 bytes a value


class _UploadGone(BackendUnavailable):
    """A multipart upload does not exist any more: it was completed or discarded."""


class _NoSetting(BackendRefused):
    """The bucket has no such setting, or the service does not know it."""


class _Forbidden(BackendRefused):
    """The setting may not be looked at."""


class S3Backend:
    """A bucket.

    The ETags of single PUTs must be MD5s, so the bucket must not encrypt with KMS keys (SSE-S3 is
    fine): a put into such a bucket is refused. ``put`` makes one PUT, of at most 5 GiB; a replica
    in parts is a multipart upload, of at most 5 TiB.

    Parameters
    ----------
    settings
        As for ``open_backend``.
    timeouts
        Timeouts of every request.
    """

    kind: ClassVar[str] = "s3"
    has_sha256_check: ClassVar[bool] = True
    """Whether the service verifies ``x-amz-checksum-sha256``."""

    def __init__(self, settings: Mapping[str, str], timeouts: Timeouts) -> None:
        self._bucket = settings["bucket"]
        self._timeouts = timeouts
        endpoint_url = settings.get("endpoint_url") or None
        pem = settings.get("ca_certificate")
        if endpoint_url is None and "." in self._bucket:
            raise BackendMisconfigured(
                "a bucket whose name has dots needs endpoint_url, https://s3.REGION.amazonaws.com"
            )
        self._client: Any = boto3.session.Session().client(
            "s3",
            region_name=settings["region"],
            endpoint_url=endpoint_url,
            verify=certificates_file(pem) if pem else None,
            aws_access_key_id=settings.get("access_key") or None,
            aws_secret_access_key=settings.get("secret_key") or None,
            config=Config(
                connect_timeout=timeouts.connect_seconds,
                read_timeout=timeouts.read_seconds,
                retries={"total_max_attempts": 1, "mode": "standard"},
                signature_version="s3v4",
                # Content-MD5, and SHA-256 where it is supported, are known before the first byte
                # is sent. The SDK's checksums would be trailers, which not every service supports,
                # and its payload signature would read the content twice.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={
                    "payload_signing_enabled": False,
                    # The bucket's host in its region: a signature follows no redirect of others.
                    "addressing_style": "path" if endpoint_url else "virtual",
                    "us_east_1_regional_endpoint": "regional",
                },
            ),
        )

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
        parameters: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": key,
            "Body": body,
            "ContentLength": size,
            "ContentMD5": b64encode(bytes.fromhex(md5)).decode("ascii"),
            "ContentType": content_type,
            "Metadata": identity_entries(identity, _VALUE_CHARACTERS),
            "IfNoneMatch": "*",
        }
        if self.has_sha256_check:
            parameters["ChecksumSHA256"] = sha256
        try:
            reply = self._request(
                "put", key, lambda: self._client.put_object(**parameters), body=body
            )
        except ReplicaConflict:
            return self._already_there(key, size=size, md5=md5)
        if reply.get("ETag", "").strip('"') != md5:
            self.delete(key)
            raise self._other_md5(key, reply)
        headers = reply["ResponseMetadata"]["HTTPHeaders"]
        stored_at = parsedate_to_datetime(headers["date"]) if "date" in headers else _now()
        return ReplicaStat(
            key, size, md5, content_type, stored_at.astimezone(UTC), identity=identity or None
        )

    def _already_there(self, key: str, *, size: int, md5: str) -> ReplicaStat:
        try:
            found = self.stat(key)
        except ReplicaNotFound:
            # It was deleted meanwhile, or another put of the key is still running.
            raise BackendUnavailable(f"{self._at(key)}: another write interfered") from None
        return check_same_content(found, size=size, md5=md5, name=self._at(key))

    def _other_md5(self, key: str, reply: Mapping[str, Any]) -> StorageError:
        """Return the reason why a reply's ETag is not the MD5 of the content sent."""
        if str(reply.get("ServerSideEncryption", "")).startswith("aws:kms"):
            return BackendRefused(
                f"{self._at(key)}: the bucket must not encrypt with KMS keys, because its ETags "
                "must be MD5s; use SSE-S3"
            )
        return ReplicaDigestMismatch(f"{self._at(key)}: the service stored another MD5")

    def begin_parts(
        self, key: str, *, content_type: str, parts_md5: str, identity: str = ""
    ) -> str:
        """Begin a multipart upload; see ``StorageBackend.begin_parts``."""
        check_parts_of(key, content_type=content_type, parts_md5=parts_md5, identity=identity)
        if begun := self._begun("begin_parts", key):
            return begun[0]
        reply = self._request(
            "begin_parts",
            key,
            lambda: self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=content_type,
                Metadata={
                    _PARTS_MD5: parts_md5,
                    **identity_entries(identity, _VALUE_CHARACTERS),
                },
            ),
        )
        with parsing(f"{self._at(key)}: begin_parts"):
            return str(reply["UploadId"])

    def _begun(self, call: str, key: str) -> builtins.list[str]:
        """Return the ids of the key's multipart uploads, the oldest first."""
        found: builtins.list[tuple[datetime, str]] = []
        after: dict[str, str] = {}
        while True:
            reply = self._request(call, key, partial(self._uploads, key, after))
            with parsing(f"{self._at(key)}: {call}"):
                found += [
                    (one["Initiated"], one["UploadId"])
                    for one in reply.get("Uploads", ())
                    if one["Key"] == key  # the request selects by prefix
                ]
                if not reply.get("IsTruncated"):
                    return [upload for _, upload in sorted(found)]
                after = {
                    "KeyMarker": reply["NextKeyMarker"],
                    "UploadIdMarker": reply["NextUploadIdMarker"],
                }

    def _uploads(self, key: str, after: Mapping[str, str]) -> Any:
        return self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key, **after)

    def list_begun_parts(self, marker: str = "") -> BegunPage:
        """Return a page of multipart uploads; see ``StorageBackend.list_begun_parts``."""
        after: dict[str, str] = {}
        if marker:
            after["KeyMarker"], _, after["UploadIdMarker"] = marker.partition("\n")
        reply = self._request("list_begun_parts", "", partial(self._uploads, "", after))
        with parsing(f"{self._at('')}: list_begun_parts"):
            begun = tuple(
                BegunParts(one["Key"], one["Initiated"].astimezone(UTC).replace(microsecond=0))
                for one in reply.get("Uploads", ())
            )
            following = None
            if reply.get("IsTruncated"):
                following = f"{reply['NextKeyMarker']}\n{reply['NextUploadIdMarker']}"
        return BegunPage(begun, following)

    def put_part(
        self, key: str, upload: str, number: int, content: ByteStream, *, size: int
    ) -> Part:
        """Store a part; see ``StorageBackend.put_part``."""
        check_part(key, number=number, size=size)
        body = MeasuredContent(content, size=size, name=self._at(key))
        try:
            reply = self._request(
                "put_part",
                key,
                lambda: self._client.upload_part(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload,
                    PartNumber=number,
                    Body=body,
                    ContentLength=size,
                ),
                body=body,
            )
        except _UploadGone as gone:
            raise BackendUnavailable(str(gone)) from None
        if reply.get("ETag", "").strip('"') != body.md5:
            # S3 cannot remove a single part; it is listed with the MD5 that it has.
            raise self._other_md5(key, reply)
        return Part(number, size, body.md5)

    def list_parts(self, key: str, upload: str) -> builtins.list[Part]:
        """Return the stored parts; see ``StorageBackend.list_parts``."""
        check_key(key)
        found: builtins.list[Part] = []
        while True:
            after = found[-1].number if found else 0
            try:
                reply = self._request("list_parts", key, partial(self._parts, key, upload, after))
            except _UploadGone:
                return []
            with parsing(f"{self._at(key)}: list_parts"):
                page = [
                    Part(one["PartNumber"], one["Size"], _etag(one))
                    for one in reply.get("Parts", ())
                ]
            found += page
            if not (reply.get("IsTruncated") and page):
                return found

    def _parts(self, key: str, upload: str, after: int) -> Any:
        return self._client.list_parts(
            Bucket=self._bucket, Key=key, UploadId=upload, PartNumberMarker=after
        )

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
        """Join the parts; see ``StorageBackend.complete_parts``."""
        check_complete_parts(
            key, parts, content_type=content_type, parts_md5=parts_md5, identity=identity
        )
        size = check_parts(parts, parts_md5=parts_md5, name=self._at(key))
        try:
            # Not every service supports a condition when a multipart upload is completed.
            stat = self._same_parts(key, size=size, parts_md5=parts_md5)
        except ReplicaNotFound:
            stat = self._complete(key, upload, parts, size=size, parts_md5=parts_md5)
        with suppress(StorageError):
            self.discard_parts(key)  # another call may have begun an upload at the same time
        return stat

    def _complete(
        self, key: str, upload: str, parts: Sequence[Part], *, size: int, parts_md5: str
    ) -> ReplicaStat:
        joined = [{"PartNumber": part.number, "ETag": f'"{part.md5}"'} for part in parts]
        try:
            self._request(
                "complete_parts",
                key,
                lambda: self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload,
                    MultipartUpload={"Parts": joined},
                    IfNoneMatch="*",
                ),
            )
        except (_UploadGone, ReplicaConflict) as failure:
            # Another call completed it, or this call's first request did and its reply was lost;
            # or it was discarded.
            try:
                return self._same_parts(key, size=size, parts_md5=parts_md5)
            except ReplicaNotFound:
                raise BackendUnavailable(str(failure)) from None
        # Not every service returns the tag in its reply.
        stat = self.stat(key)
        tag = f"{parts_md5}-{len(parts)}"
        if (stat.size, stat.md5, stat.parts_md5) != (size, tag, parts_md5):
            self.delete(key)
            raise ReplicaDigestMismatch(f"{self._at(key)}: the service stored another replica")
        return stat

    def _same_parts(self, key: str, *, size: int, parts_md5: str) -> ReplicaStat:
        return check_same_parts(self.stat(key), size=size, parts_md5=parts_md5, name=self._at(key))

    def discard_parts(self, key: str) -> None:
        """Abort the key's multipart uploads; see ``StorageBackend.discard_parts``."""
        check_key(key)
        for upload in self._begun("discard_parts", key):
            with suppress(_UploadGone):
                self._request("discard_parts", key, partial(self._abort, key, upload))

    def _abort(self, key: str, upload: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def get(self, key: str, *, first: int | None = None, last: int | None = None) -> ReplicaReader:
        """Read a replica or a range of it; see ``StorageBackend.get``."""
        check_key(key)
        asked = range_header(first, last)
        parameters = {"Bucket": self._bucket, "Key": key}
        if asked is not None:
            parameters["Range"] = asked
        reply = self._request("get", key, lambda: self._client.get_object(**parameters))
        with parsing(f"{self._at(key)}: get"):
            stat = _stat(key, reply)
        if asked is not None:
            begin, size = parse_content_range(reply.get("ContentRange", ""))
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
        """Describe a replica; see ``StorageBackend.stat``."""
        check_key(key)
        reply = self._request(
            "stat", key, lambda: self._client.head_object(Bucket=self._bucket, Key=key)
        )
        with parsing(f"{self._at(key)}: stat"):
            return _stat(key, reply)

    def delete(self, key: str) -> None:
        """Remove a replica; see ``StorageBackend.delete``."""
        check_key(key)
        with suppress(ReplicaNotFound):  # S3 answers 204, other services 404
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
        with parsing(f"{self._at(prefix)}: list"):
            replicas = tuple(
                ReplicaStat(
                    entry["Key"],
                    entry["Size"],
                    _etag(entry),
                    None,
                    entry["LastModified"].astimezone(UTC).replace(microsecond=0),
                    in_parts="-" in _etag(entry),
                )
                for entry in reply.get("Contents", ())
            )
        following = replicas[-1].key if reply.get("IsTruncated") and replicas else None
        return ReplicaPage(replicas, following)

    def examine(self) -> builtins.list[Finding]:
        """Look at the bucket's settings; see ``StorageBackend.examine``."""
        found: builtins.list[Finding] = []
        versioning = self._setting("get_bucket_versioning", "s3:GetBucketVersioning", found)
        headers = versioning.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        found += findings.of_clock(headers.get("date"), clock.moment())
        found += findings.of_versioning(versioning)
        lifecycle = self._setting(
            "get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration", found
        )
        found += findings.of_lifecycle(lifecycle.get("Rules", ()))
        encryption = self._setting(
            "get_bucket_encryption", "s3:GetEncryptionConfiguration", found
        ).get("ServerSideEncryptionConfiguration", {})
        found += findings.of_encryption(encryption.get("Rules", ()))
        return found

    def _setting(
        self, call: str, permission: str, found: builtins.list[Finding]
    ) -> Mapping[str, Any]:
        """Return what the service says of a setting; nothing if there is none."""
        ask = getattr(self._client, call)
        try:
            reply: Mapping[str, Any] = self._request(
                "examine", "", lambda: ask(Bucket=self._bucket)
            )
        except _NoSetting:
            return {}
        except _Forbidden as refusal:
            found.append(Finding(f"permit {permission}, so that it can be judged ({refusal})"))
            return {}
        except BackendRefused as refusal:
            # Not every service of the S3 kind knows the question.
            found.append(Finding(f"a setting could not be judged ({refusal})"))
            return {}
        return reply

    def _at(self, key: str) -> str:
        return f"{self.kind} {self._bucket}/{key}"

    def _request(
        self,
        call: str,
        key: str,
        request: Callable[[], Reply],
        *,
        body: bytes | MeasuredContent = b"",
    ) -> Reply:
        """Make a request, with the exceptions of the contract.

        ``put`` and ``complete_parts`` for an existing key raise ``ReplicaConflict``, even if its
        bytes are the same.
        """

        stream = body if isinstance(body, MeasuredContent) else None

        def attempt() -> Reply:
            try:
                return request()
            except (ClientError, BotoCoreError, HTTPError, OSError) as error:
                if stream is not None and stream.failure is not None:
                    raise stream.failure from None  # the SDK wraps exceptions of its body
                failure = self._translated(call, key, error)
                if isinstance(error, _NO_REPLY):
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
        if isinstance(error, _NO_REPLY):
            return BackendUnavailable(without_reply(where, error))
        if not isinstance(error, ClientError):
            return BackendRefused(f"{where} failed ({type(error).__name__})")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"].get("Code", "")
        code = code if code.isalnum() else "without a code"
        return _failure(call, status, code)(f"{where} was answered {status} {code}")


def _failure(call: str, status: int, code: str) -> type[StorageError]:
    """Return the exception for a reply: by S3's error code first, then by the status."""
    if call == "examine" and (code in _UNSET or status in (405, 501)):
        return _NoSetting
    if call == "examine" and status == 403:
        return _Forbidden
    if code in _NOT_THE_BYTES:
        return ReplicaDigestMismatch
    if code in _TRY_LATER or status >= 500 or status in (408, 429):
        return BackendUnavailable
    if status in (409, 412):
        return ReplicaConflict if call in ("put", "complete_parts") else BackendUnavailable
    if status == 416:
        return RangeNotSatisfiable
    # Ceph answers NoSuchKey to a request for the parts of an upload that does not exist.
    if code == "NoSuchUpload" or (code == "NoSuchKey" and call in _OF_AN_UPLOAD):
        return _UploadGone
    # A missing bucket is not a missing replica. (For HEAD both look the same.)
    if status == 404 and code in ("NoSuchKey", "404"):
        return ReplicaNotFound
    return CredentialsRefused if status in (401, 403) else BackendRefused


def _stat(key: str, reply: Mapping[str, Any]) -> ReplicaStat:
    etag = _etag(reply)
    return ReplicaStat(
        key,
        reply["ContentLength"],
        etag,
        reply.get("ContentType"),
        reply["LastModified"].astimezone(UTC),
        in_parts="-" in etag,
        parts_md5=reply.get("Metadata", {}).get(_PARTS_MD5),
        identity=identity_of(reply.get("Metadata", {})),
    )


def _etag(entry: Mapping[str, Any]) -> str:
    return str(entry["ETag"]).strip('"')


def _now() -> datetime:
    return clock.moment().replace(microsecond=0)
