"""The digests of content: MD5 and SHA-256."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass


@dataclass(frozen=True)
class Digests:
    """Digests of content.

    Attributes
    ----------
    md5
        Hexadecimal; in quotes, it is the object's ``ETag``. Storage services verify it; it is not
        used for security.
    sha256
        Base64, as in RFC 9530.
    """

    md5: str
    sha256: str


def digests_of(content: bytes) -> Digests:
    """Compute the digests of content in memory."""
    return Digests(
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=b64encode(hashlib.sha256(content).digest()).decode("ascii"),
    )
