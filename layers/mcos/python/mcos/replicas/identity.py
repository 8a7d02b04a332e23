"""The identity of a replica: what its own headers say of it, so that nothing else must know it.

Without the catalog, a replica's key names only account, version and incarnation. Its identity,
which rides on its write, names the object.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256

from mcos.model.objects import ObjectKey
from mcos.storage import IDENTITY_CHARACTERS

_FORMAT = "1"


@dataclass(frozen=True)
class Identity:
    """What a replica says of itself.

    Attributes
    ----------
    deployment
        Id of the deployment that wrote it; empty: it had none yet.
    name
        The object's; None if it was too long, then only ``name_sha256`` is known.
    name_sha256
        Hexadecimal SHA-256 of the name in UTF-8.
    created_at
        When the version was accepted, RFC 3339.
    """

    deployment: str
    account: str
    container: str
    name: str | None
    name_sha256: str
    created_at: str

    def is_of(self, key: ObjectKey) -> bool:
        """Whether the replica belongs to an object with that key."""
        same = (self.account, self.container) == (key.account, key.container)
        return same and self.name_sha256 == _sha256(key.name)


def write(deployment: str, key: ObjectKey, created_at: str) -> str:
    """Return the identity of the replicas of a version, as a text for a backend's ``put``."""
    whole = _packed([_FORMAT, deployment, key.account, key.container, key.name, created_at])
    if len(whole) <= IDENTITY_CHARACTERS:
        return whole
    name = {"sha256": _sha256(key.name)}
    return _packed([_FORMAT, deployment, key.account, key.container, name, created_at])


def read(text: str | None) -> Identity | None:
    """Return the identity in a text; None if there is none, or it cannot be read here."""
    try:
        match json.loads(zlib.decompress(urlsafe_b64decode(_padded(text or "").encode("ascii")))):
            case ["1", str(deployment), str(account), str(container), str(name), str(at), *_]:
                return Identity(deployment, account, container, name, _sha256(name), at)
            case ["1", str(deployment), str(account), str(container), {"sha256": str(digest)},
                  str(at), *_]:  # fmt: skip
                return Identity(deployment, account, container, None, digest, at)
    except (Base64Error, zlib.error, ValueError):
        pass  # it is sealed, damaged, or a newer release's
    return None


def _packed(fields: list[object]) -> str:
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode("ascii").rstrip("=")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _sha256(name: str) -> str:
    return sha256(name.encode()).hexdigest()
