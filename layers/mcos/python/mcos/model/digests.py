"""The two digests that every content has."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass


@dataclass(frozen=True)
class Digests:
    """Digests of a content.

    Attributes
    ----------
    md5
        Hexadecimal; quoted, it is the object's ``ETag``. For agreement with storage services,
        not for security.
    sha256
        Base64, as in RFC 9530.
    """

    md5: str
    sha256: str


def digests_of(content: bytes) -> Digests:
    """Digest a content that is in memory."""
    return Digests(
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=b64encode(hashlib.sha256(content).digest()).decode("ascii"),
    )
