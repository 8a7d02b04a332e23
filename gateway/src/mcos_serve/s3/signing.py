"""Verifies AWS Signature Version 4 of a request to S3, in its header or in its query.

The rules are those of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API
Reference. For S3, a path is not normalized, so ``//`` and ``..`` stay in keys as they are.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mcos_serve.s3.errors import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"

SKEW = timedelta(minutes=15)
"""By so much the clocks of a client and of this gateway may differ."""

LONGEST_PRESIGNED = 7 * 24 * 3600
"""Seconds for which a signature in a query holds at most."""

NOTHING = hashlib.sha256(b"").hexdigest()

UNSIGNED = "UNSIGNED-PAYLOAD"

_SIGNED_HEADERS = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+)*")
_CREDENTIAL = re.compile(
    r"([!-.0-~]{1,128})/([0-9]{8})/([!-.0-~]{1,64})/([a-z0-9]{1,32})/aws4_request"
)
_HEX = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FIELDS = re.compile(r"\s*([A-Za-z]+)=([^,\s]*)\s*(?:,|$)")
_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_SAFE = "-_.~"


class Framing(Enum):
    """How the bytes of a body are sent, and what vouches for them."""

    PLAIN = "as they are"
    SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    @property
    def is_chunked(self) -> bool:
        """Whether the body is in aws-chunked framing."""
        return self is not Framing.PLAIN

    @property
    def is_signed(self) -> bool:
        """Whether each chunk has a signature."""
        return self in (Framing.SIGNED_CHUNKS, Framing.SIGNED_CHUNKS_TRAILER)

    @property
    def has_trailer(self) -> bool:
        """Whether headers follow the last chunk."""
        return self in (Framing.SIGNED_CHUNKS_TRAILER, Framing.UNSIGNED_CHUNKS_TRAILER)


_FRAMINGS = {one.value: one for one in Framing if one.is_chunked}


@dataclass(frozen=True)
class SignedRequest:
    """What a signature is about.

    Attributes
    ----------
    path, query
        As they came over the wire, still encoded.
    headers
        Names in lower case and values, in the order in which they came.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for one, value in self.headers if one == name]

    def value(self, name: str) -> str | None:
        """Return the value of a header; None if it was not sent.

        Raises
        ------
        S3Error
            It was sent more than once.
        """
        found = self.values(name)
        if len(found) > 1:
            raise S3Error("InvalidRequest", f"The header {name} must not be sent twice.")
        return found[0] if found else None


@dataclass(frozen=True)
class ChunkKey:
    """What the chunks of a body are signed with, each in a row with the one before."""

    key: bytes = field(repr=False)
    time: str
    scope: str
    seed: str

    def chunk(self, previous: str, digest: str) -> str:
        """Return the signature of a chunk behind the one with the signature ``previous``."""
        return self._sign(f"{ALGORITHM}-PAYLOAD", previous, f"{NOTHING}\n{digest}")

    def trailer(self, previous: str, digest: str) -> str:
        """Return the signature of the trailer."""
        return self._sign(f"{ALGORITHM}-TRAILER", previous, digest)

    def _sign(self, kind: str, previous: str, digests: str) -> str:
        text = f"{kind}\n{self.time}\n{self.scope}\n{previous}\n{digests}"
        return hmac.new(self.key, text.encode("ascii"), "sha256").hexdigest()


@dataclass(frozen=True)
class Verified:
    """Who has signed a request, and how its body is to be read.

    Attributes
    ----------
    sha256
        What the body must have, hexadecimal; None if the signature does not say.
    chunk_key
        For bodies in signed chunks.
    is_presigned
        Whether the signature is in the query.
    """

    access_key: str
    framing: Framing
    sha256: str | None
    chunk_key: ChunkKey | None
    is_presigned: bool


@dataclass(frozen=True)
class _Claim:
    """What a request says of its signature."""

    access_key: str
    day: str
    region: str
    time: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str
    is_presigned: bool

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/s3/aws4_request"


def verify(
    request: SignedRequest, secret_of: Callable[[str], str | None], now: datetime
) -> Verified:
    """Find who has signed a request.

    Parameters
    ----------
    secret_of
        Returns the secret of an access key; None if nobody has it.
    now
        Aware, by the wall clock.

    Raises
    ------
    S3Error
        It is not signed, or not so.
    """
    claim = _claim(request, now)
    secret = secret_of(claim.access_key)
    if secret is None:
        raise S3Error("InvalidAccessKeyId", "There is no such access key.")
    _check_headers(request, claim)
    key = _signing_key(secret, claim.day, claim.region)
    for canonical in _canonical_requests(request, claim):
        text = _string_to_sign(claim, canonical)
        if hmac.compare_digest(_hmac(key, text).hex(), claim.signature):
            break
    else:
        raise S3Error(
            "SignatureDoesNotMatch",
            "The signature is not the one that this request has with the secret of its access key.",
        )
    framing = _FRAMINGS.get(claim.payload, Framing.PLAIN)
    return Verified(
        access_key=claim.access_key,
        framing=framing,
        sha256=claim.payload if _HEX.fullmatch(claim.payload) else None,
        chunk_key=(
            ChunkKey(key, claim.time, claim.scope, claim.signature) if framing.is_signed else None
        ),
        is_presigned=claim.is_presigned,
    )


def _claim(request: SignedRequest, now: datetime) -> _Claim:
    query = dict(_pairs(request.query))
    authorization = request.value("authorization")
    if authorization is None and "X-Amz-Signature" in query:
        return _claim_of_query(request, query, now)
    if authorization is None and "Signature" in query and "AWSAccessKeyId" in query:
        raise _other_algorithm()
    if authorization is None:
        raise S3Error("AccessDenied", "The request must be signed.")
    if "X-Amz-Signature" in query:
        raise S3Error("InvalidArgument", "A request must have one signature only.")
    return _claim_of_header(request, authorization, now)


def _claim_of_header(request: SignedRequest, authorization: str, now: datetime) -> _Claim:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise _other_algorithm()
    fields = _fields(rest)
    if fields.keys() != {"Credential", "SignedHeaders", "Signature"}:
        raise _malformed("It must have Credential, SignedHeaders and Signature.")
    if request.values("x-amz-security-token"):
        raise _token()
    payload = request.value("x-amz-content-sha256")
    if payload is None:
        raise S3Error("InvalidRequest", "The header x-amz-content-sha256 must be sent.")
    time = _time_of(request)
    moment = _moment(time)
    if abs(now - moment) > SKEW:
        raise S3Error(
            "RequestTimeTooSkewed",
            "The clock of the request must not be more than 15 minutes from that of the service.",
            details={
                "RequestTime": time,
                "ServerTime": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "MaxAllowedSkewMilliseconds": str(int(SKEW.total_seconds() * 1000)),
            },
        )
    return _claimed(fields, time, payload, _malformed, is_presigned=False)


def _claim_of_query(request: SignedRequest, query: Mapping[str, str], now: datetime) -> _Claim:
    names = [name for name, _ in _pairs(request.query)]
    if any(names.count(name) != 1 for name in _QUERY):
        raise _wrong_query(f"Each of {', '.join(_QUERY)} must be there once.")
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise _wrong_query(f"X-Amz-Algorithm must be {ALGORITHM}.")
    if "X-Amz-Security-Token" in query:
        raise _token()
    expires = query["X-Amz-Expires"]
    if not re.fullmatch("[0-9]{1,6}", expires) or not 1 <= int(expires) <= LONGEST_PRESIGNED:
        raise _wrong_query(f"X-Amz-Expires must be between 1 and {LONGEST_PRESIGNED} seconds.")
    time = query["X-Amz-Date"]
    if not _TIME.fullmatch(time):
        raise _wrong_query("X-Amz-Date must be in the form 20130524T000000Z.")
    moment = _moment(time)
    if moment - now > SKEW:
        raise S3Error("AccessDenied", "The request is not valid yet.")
    if now - moment > timedelta(seconds=int(expires)):
        raise S3Error("AccessDenied", "The request has expired.")
    payload = request.value("x-amz-content-sha256") or query.get("X-Amz-Content-Sha256") or UNSIGNED
    fields = {
        "Credential": query["X-Amz-Credential"],
        "SignedHeaders": query["X-Amz-SignedHeaders"],
        "Signature": query["X-Amz-Signature"],
    }
    return _claimed(fields, time, payload, _wrong_query, is_presigned=True)


def _claimed(
    fields: Mapping[str, str],
    time: str,
    payload: str,
    wrong: Callable[[str], S3Error],
    *,
    is_presigned: bool,
) -> _Claim:
    credential = _CREDENTIAL.fullmatch(fields["Credential"])
    if credential is None:
        raise wrong("The credential must be KEY/YYYYMMDD/REGION/s3/aws4_request.")
    access_key, day, region, service = credential.groups()
    if service != "s3":
        raise wrong("The service of the credential must be s3.")
    if not time.startswith(day):
        raise wrong("The day of the credential must be that of the request.")
    signed = tuple(fields["SignedHeaders"].split(";"))
    if not _SIGNED_HEADERS.fullmatch(fields["SignedHeaders"]) or list(signed) != sorted({*signed}):
        raise wrong("The signed headers must be names in lower case, in order, with ';' between.")
    if not _HEX.fullmatch(fields["Signature"]):
        raise wrong("The signature must have 64 hexadecimal digits.")
    if not (_HEX.fullmatch(payload) or payload == UNSIGNED or payload in _FRAMINGS):
        raise S3Error(
            "InvalidArgument",
            "x-amz-content-sha256 must be a SHA-256, UNSIGNED-PAYLOAD, or a STREAMING value that "
            "is signed by HMAC.",
        )
    return _Claim(access_key, day, region, time, signed, fields["Signature"], payload, is_presigned)


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        matched = _FIELDS.match(text, position)
        if matched is None or matched[1] in found:
            raise _malformed("It must be NAME=VALUE, NAME=VALUE, ...")
        found[matched[1]] = matched[2]
        position = matched.end()
    return found


def _malformed(why: str) -> S3Error:
    return S3Error("AuthorizationHeaderMalformed", f"The Authorization header is wrong. {why}")


def _wrong_query(why: str) -> S3Error:
    return S3Error("AuthorizationQueryParametersError", why)


def _other_algorithm() -> S3Error:
    return S3Error(
        "InvalidRequest",
        f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
    )


def _token() -> S3Error:
    return S3Error("InvalidToken", "Access keys have no session tokens here.")


def _time_of(request: SignedRequest) -> str:
    """Return the time of a request, as it is signed."""
    time = request.value("x-amz-date")
    if time is not None:
        if not _TIME.fullmatch(time):
            raise S3Error("AccessDenied", "x-amz-date must be in the form 20130524T000000Z.")
        return time
    date = request.value("date")
    try:
        moment = None if date is None else parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise S3Error("AccessDenied", "A signed request must have x-amz-date or Date.")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _moment(time: str) -> datetime:
    try:
        return datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise S3Error("AccessDenied", f"{time} is no time.") from None


def _check_headers(request: SignedRequest, claim: _Claim) -> None:
    """Refuse headers that somebody else could have added."""
    if "host" not in claim.signed_headers:
        raise S3Error("AccessDenied", "The header host must be signed.")
    sent = {name for name, _ in request.headers}
    if missing := [name for name in claim.signed_headers if name not in sent]:
        raise S3Error("SignatureDoesNotMatch", f"Signed headers were not sent: {missing}.")
    unsigned = sorted(
        name for name in sent if name.startswith("x-amz-") and name not in claim.signed_headers
    )
    if unsigned:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed.",
            details={"HeadersNotSigned": ", ".join(unsigned)},
        )


def _canonical_requests(request: SignedRequest, claim: _Claim) -> Iterator[str]:
    """Yield what may have been signed: path and query as they came, and encoded as S3 has it.

    What a library leaves as it is on the wire, it may encode for the signature. Both name the same.
    """
    headers = "".join(
        f"{name}:{','.join(' '.join(value.split()) for value in request.values(name))}\n"
        for name in claim.signed_headers
    )
    rest = f"{headers}\n{';'.join(claim.signed_headers)}\n{claim.payload}"
    seen = set()
    for path in (request.path.decode("latin-1"), _encoded_path(request.path)):
        for query in (_query_as_sent(request.query), _encoded_query(request.query)):
            canonical = f"{request.method}\n{path or '/'}\n{query}\n{rest}"
            if canonical not in seen:
                seen.add(canonical)
                yield canonical


def _string_to_sign(claim: _Claim, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    return f"{ALGORITHM}\n{claim.time}\n{claim.scope}\n{digest}"


def _encoded_path(path: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(path), safe=f"/{_SAFE}")


def _query_as_sent(query: bytes) -> str:
    given = [one for one in query.decode("latin-1").split("&") if one]
    pairs = [one.partition("=") for one in given if not one.startswith("X-Amz-Signature=")]
    return "&".join(f"{name}={value}" for name, value in sorted((a, b) for a, _, b in pairs))


def _encoded_query(query: bytes) -> str:
    pairs = sorted(
        (quote_from_bytes(name, safe=_SAFE), quote_from_bytes(value, safe=_SAFE))
        for name, value in _byte_pairs(query)
        if name != b"X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


def _byte_pairs(query: bytes) -> Iterator[tuple[bytes, bytes]]:
    for one in query.split(b"&"):
        if one:
            name, _, value = one.partition(b"=")
            yield (
                unquote_to_bytes(name.replace(b"+", b" ")),
                unquote_to_bytes(value.replace(b"+", b" ")),
            )


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in _byte_pairs(query)]


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1"), "sha256")


@lru_cache(maxsize=64)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for text in (day, region, "s3", "aws4_request"):
        key = _hmac(key, text)
    return key
