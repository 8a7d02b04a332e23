"""Takes content out of aws-chunked framing, as it comes.

::

    SIZE[;chunk-signature=SIGNATURE] CRLF
    content CRLF
    ...
    0[;chunk-signature=SIGNATURE] CRLF
    [NAME:VALUE CRLF ... [x-amz-trailer-signature:SIGNATURE CRLF]]
    CRLF

SIZE is hexadecimal. A signature is known to be right only once the whole chunk has come, so what
``feed`` returns is not vouched for before ``finish``.
"""

import hashlib
import hmac
import re
from enum import Enum

from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.signing import ChunkKey, Framing

LONGEST_LINE = 512
"""Bytes of a line of the framing; content has no lines."""

MOST_TRAILERS = 16

LARGEST_CHUNK = 5 * 1024**3

_HEADER = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER = re.compile(rb"([A-Za-z0-9-]{1,128})[ \t]*:[ \t]*([\x21-\x7e]*)[ \t]*")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class _State(Enum):
    HEADER = 1
    CONTENT = 2
    BEHIND_CONTENT = 3
    TRAILER = 4
    END = 5


class ChunkedDecoder:
    """Decodes one body.

    Parameters
    ----------
    framing
        A chunked one.
    key
        Of bodies whose chunks are signed.

    Attributes
    ----------
    trailers
        The headers behind the last chunk, by their names in lower case; complete after ``finish``.
    """

    def __init__(self, framing: Framing, key: ChunkKey | None) -> None:
        if framing.is_signed != (key is not None):
            raise ValueError("signed chunks have a key, and no others")
        self.trailers: dict[str, str] = {}
        self._framing = framing
        self._key = key
        self._previous = key.seed if key else ""
        self._state = _State.HEADER
        self._line = bytearray()
        self._left = 0
        self._claimed = ""
        self._digest = hashlib.sha256()
        self._signed = bytearray()
        self._is_trailer_signed = False
        self._has_gap = False

    def feed(self, data: bytes) -> list[memoryview]:
        """Take the next bytes of the body; return the content that is in them.

        Raises
        ------
        S3Error
        """
        found: list[memoryview] = []
        view, position = memoryview(data), 0
        while position < len(data):
            if self._state is _State.CONTENT:
                piece = view[position : position + self._left]
                position += len(piece)
                self._left -= len(piece)
                if self._key is not None:
                    self._digest.update(piece)
                found.append(piece)
                if not self._left:
                    self._state = _State.BEHIND_CONTENT
                continue
            if self._state is _State.END:
                raise _broken("nothing may follow the last chunk")
            end = data.find(b"\n", position)
            taken = data[position : len(data) if end < 0 else end + 1]
            position += len(taken)
            self._line += taken
            if len(self._line) > LONGEST_LINE:
                raise _broken("a line must be shorter")
            if end >= 0:
                line = bytes(self._line)
                self._line.clear()
                self._take(line)
        return found

    def finish(self) -> None:
        """Say that the body has ended.

        Raises
        ------
        S3Error
            It has not ended there.
        """
        if self._state is not _State.END:
            raise S3Error("IncompleteBody", "The body must end with its last chunk.")

    def _take(self, line: bytes) -> None:
        if self._state is _State.HEADER:
            self._begin_chunk(line)
        elif self._state is _State.BEHIND_CONTENT:
            if line != b"\r\n":
                raise _broken("content must be as long as its chunk")
            self._end_chunk()
            self._state = _State.HEADER
        else:
            self._take_trailer(line)

    def _begin_chunk(self, line: bytes) -> None:
        matched = _HEADER.fullmatch(line.removesuffix(b"\r\n")) if line.endswith(b"\r\n") else None
        if matched is None or (matched[2] is not None) != (self._key is not None):
            raise _broken("a chunk must begin with its size, and its signature if it is signed")
        self._left = int(matched[1], 16)
        if self._left > LARGEST_CHUNK:
            raise _broken("a chunk must be smaller")
        if self._key is not None:
            self._claimed = matched[2].decode("ascii")
            self._digest = hashlib.sha256()
        if self._left:
            self._state = _State.CONTENT
        else:
            self._end_chunk()
            self._state = _State.TRAILER

    def _end_chunk(self) -> None:
        if self._key is None:
            return
        expected = self._key.chunk(self._previous, self._digest.hexdigest())
        self._check(expected, self._claimed)
        self._previous = expected

    def _take_trailer(self, line: bytes) -> None:
        text = line.rstrip(b"\r\n")
        if not text:
            self._end_trailer()
            return
        matched = _TRAILER.fullmatch(text)
        if matched is None or not self._framing.has_trailer or self._is_trailer_signed:
            raise _broken("behind the last chunk there may be headers only, and where they are due")
        name, value = matched[1].decode("ascii").lower(), matched[2].decode("ascii")
        if name == _TRAILER_SIGNATURE:
            if self._key is None:
                raise _broken("a trailer of unsigned chunks must not be signed")
            expected = self._key.trailer(
                self._previous, hashlib.sha256(bytes(self._signed)).hexdigest()
            )
            self._check(expected, value)
            self._is_trailer_signed = True
            return
        if self._has_gap or name in self.trailers or len(self.trailers) == MOST_TRAILERS:
            raise _broken("a header must not be there twice, nor be one of too many")
        self.trailers[name] = value
        self._signed += f"{name}:{value}\n".encode("ascii")

    def _end_trailer(self) -> None:
        if self._key is not None and self._framing.has_trailer and not self._is_trailer_signed:
            # Some end the signed lines by an empty one, before the signature.
            if self._signed and not self._has_gap:
                self._has_gap = True
                return
            raise S3Error("SignatureDoesNotMatch", "The trailer must be signed.")
        self._state = _State.END

    @staticmethod
    def _check(expected: str, claimed: str) -> None:
        if not hmac.compare_digest(expected.encode(), claimed.encode()):
            raise S3Error("SignatureDoesNotMatch", "The signature of a chunk is not the right one.")


def _broken(why: str) -> S3Error:
    return S3Error("IncompleteBody", f"The aws-chunked framing is broken: {why}.")
