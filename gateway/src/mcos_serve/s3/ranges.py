"""Ranges of bytes (RFC 9110, section 14), as S3 takes them: one at most."""

import re
from dataclasses import dataclass

from mcos_serve.s3.errors import S3Error

_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*")
_COPY_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")


@dataclass(frozen=True)
class ByteRange:
    """``bytes=first-last``, ``first-`` (no last) or ``-last`` (no first)."""

    first: int | None
    last: int | None

    @property
    def header(self) -> str:
        """It, as ``Range`` has it."""
        first = "" if self.first is None else str(self.first)
        last = "" if self.last is None else str(self.last)
        return f"bytes={first}-{last}"

    def within(self, size: int) -> tuple[int, int]:
        """Return its first byte, and the end behind its last, in content of ``size`` bytes.

        Raises
        ------
        S3Error
            There are none.
        """
        if self.first is None:
            first, end = size - min(self.last or 0, size), size
        else:
            first = self.first
            end = size if self.last is None else min(self.last + 1, size)
        if first >= end:
            raise unsatisfiable(size)
        return first, end


def read(header: str | None) -> ByteRange | None:
    """Read ``Range``; None if it is none that has to be minded: then the whole is meant."""
    found = _RANGE.fullmatch(header or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = (int(text) if text else None for text in found.groups())
    if first is not None and last is not None and last < first:
        return None
    return ByteRange(first, last)


def read_copy_range(header: str, size: int) -> tuple[int, int]:
    """Read ``x-amz-copy-source-range``: first byte, and the end behind the last.

    Raises
    ------
    S3Error
        It is not all within ``size`` bytes.
    """
    found = _COPY_RANGE.fullmatch(header)
    if found is None:
        raise S3Error(
            "InvalidArgument", "x-amz-copy-source-range must be of the form bytes=first-last."
        )
    first, last = int(found[1]), int(found[2])
    if not first <= last < size:
        raise S3Error("InvalidArgument", f"Range specified is not valid for {size} bytes.")
    return first, last + 1


def unsatisfiable(size: int | None) -> S3Error:
    """Make the refusal of a range that is outside of content."""
    told = {} if size is None else {"ActualObjectSize": str(size)}
    headers = {} if size is None else {"content-range": f"bytes */{size}"}
    return S3Error(
        "InvalidRange", "The requested range is not satisfiable", details=told, headers=headers
    )
