"""A request's body on its way to become content: unframed, digested, and checked at its end."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcos_serve.s3.checksums import (
    NO_ALGORITHMS,
    PREFIX,
    Digests,
    check_md5,
    check_name,
    check_value,
)
from mcos_serve.s3.chunked import ChunkedDecoder
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.signing import ChunkKey, Framing, Verified

LARGEST_CONTENT = 5 * 1024**3
"""Bytes of one PUT at most, as S3 has it."""


@dataclass(frozen=True)
class Expected:
    """What the headers of a request say of its body.

    Attributes
    ----------
    size
        Bytes of the content; None if they do not say.
    sha256
        What was signed, hexadecimal.
    md5
        ``Content-MD5``.
    checksums
        By algorithm, from ``x-amz-checksum-*``.
    in_trailer
        Algorithms whose checksum follows the content.
    """

    framing: Framing = Framing.PLAIN
    chunk_key: ChunkKey | None = None
    size: int | None = None
    sha256: str | None = None
    md5: bytes | None = None
    checksums: Mapping[str, bytes] = field(default_factory=dict)
    in_trailer: tuple[str, ...] = ()

    @property
    def has_digest(self) -> bool:
        """Whether the client has sent a digest of its own, beside what is signed."""
        return self.md5 is not None or bool(self.checksums) or bool(self.in_trailer)


def expected_of(
    headers: Mapping[str, str], verified: Verified, *, has_checksum: bool = True
) -> Expected:
    """Read what the headers of a request say of its body.

    Parameters
    ----------
    has_checksum
        Whether ``x-amz-checksum-*`` is about the body, and not about what the request names.

    Raises
    ------
    S3Error
        They contradict each other, or ask for what nobody here computes.
    """
    framing = verified.framing
    checksums = {
        check_name(name): check_value(check_name(name), value)
        for name, value in headers.items()
        if has_checksum
        and name.startswith(PREFIX)
        and name.removeprefix(PREFIX) not in NO_ALGORITHMS
    }
    trailers = [
        name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()
    ]
    if trailers and not framing.has_trailer:
        raise S3Error("InvalidRequest", "x-amz-trailer needs a body that has a trailer.")
    if any(not name.startswith(PREFIX) for name in trailers):
        raise S3Error("InvalidRequest", "The trailer may have checksums only.")
    if len(checksums) + len(trailers) > 1:
        raise S3Error("InvalidRequest", "Expecting a single x-amz-checksum- header.")
    if not framing.is_chunked and "aws-chunked" in encodings(headers.get("content-encoding", "")):
        raise S3Error(
            "InvalidRequest", "A body in aws-chunked must say so in x-amz-content-sha256."
        )
    md5 = headers.get("content-md5")
    return Expected(
        framing=framing,
        chunk_key=verified.chunk_key,
        size=_size(headers, framing),
        sha256=verified.sha256,
        md5=None if md5 is None else check_md5(md5),
        checksums=checksums,
        in_trailer=tuple(check_name(name) for name in trailers),
    )


def encodings(value: str) -> list[str]:
    """Return the codings that ``Content-Encoding`` names, in lower case."""
    return [one.strip().lower() for one in value.split(",") if one.strip()]


def _size(headers: Mapping[str, str], framing: Framing) -> int | None:
    name = "x-amz-decoded-content-length" if framing.is_chunked else "content-length"
    text = headers.get(name)
    if text is None:
        if framing.is_chunked:
            raise S3Error("MissingContentLength", f"You must provide the {name} HTTP header.")
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise S3Error("InvalidArgument", f"{name} must be a number of bytes.")
    return int(text)


class IncomingContent:
    """One body, from its first byte to its last.

    Attributes
    ----------
    digests
        Of the content that has come so far.
    """

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._decoder = (
            ChunkedDecoder(expected.framing, expected.chunk_key)
            if expected.framing.is_chunked
            else None
        )
        self.digests = Digests((*expected.checksums, *expected.in_trailer))

    def feed(self, data: bytes) -> Iterable[bytes | memoryview]:
        """Take the next bytes of the body; return the content that is in them.

        Raises
        ------
        S3Error
        """
        pieces = [data] if self._decoder is None else self._decoder.feed(data)
        for piece in pieces:
            self.digests.update(piece)
        size = self._expected.size
        if size is not None and self.digests.size > size:
            raise S3Error("IncompleteBody", f"The content must have {size} bytes; it has more.")
        return pieces

    def finish(self) -> Mapping[str, str]:
        """Say that the body has ended, and check all that was said of it.

        Returns
        -------
        The checksums that the client has sent, as the headers that the reply repeats.

        Raises
        ------
        S3Error
            The content is not what its sender has meant.
        """
        expected, digests = self._expected, self.digests
        if self._decoder is not None:
            self._decoder.finish()
        if expected.size not in (None, digests.size):
            raise S3Error(
                "IncompleteBody",
                f"The content must have {expected.size} bytes; it has {digests.size}.",
            )
        if expected.sha256 is not None and not hmac.compare_digest(
            expected.sha256, digests.digest("sha256").hex()
        ):
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                details={
                    "ClientComputedContentSHA256": expected.sha256,
                    "S3ComputedContentSHA256": digests.digest("sha256").hex(),
                },
            )
        if expected.md5 is not None and expected.md5 != digests.digest("md5"):
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match the content.")
        checksums = {**expected.checksums, **self._in_trailer()}
        for algorithm, digest in checksums.items():
            if digest != digests.digest(algorithm):
                raise S3Error(
                    "BadDigest",
                    f"The {algorithm.upper()} you specified did not match the calculated checksum.",
                )
        return {f"{PREFIX}{algorithm}": digests.text(algorithm) for algorithm in checksums}

    def _in_trailer(self) -> dict[str, bytes]:
        sent = self._decoder.trailers if self._decoder is not None else {}
        promised = {f"{PREFIX}{algorithm}" for algorithm in self._expected.in_trailer}
        if sent.keys() != promised:
            raise S3Error(
                "InvalidRequest", "The trailer must have the headers that x-amz-trailer names."
            )
        return {
            check_name(name): check_value(check_name(name), value) for name, value in sent.items()
        }
