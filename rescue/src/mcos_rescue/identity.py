"""The identity of a replica, in its own headers: whose it is, whatever becomes of the catalog."""

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from mcos_rescue.encryption import NO_KEYS, Keys, seal
from mcos_rescue.errors import Damaged

_SEALED = "age."
_LONGEST = 1800
_LONGEST_JSON = 64 * 1024
_HEADER = re.compile(r"(?:x-amz-meta|x-object-meta)-mcos-id-([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """Whose content a replica has.

    Attributes
    ----------
    name
        The object's; None: it was too long, and only its digest is known.
    name_sha256
        Hexadecimal SHA-256 of the name in UTF-8.
    created_at
        The version's, RFC 3339.
    """

    deployment: str
    account: str
    container: str
    name: str | None
    name_sha256: str
    created_at: str


def encode(
    deployment: str,
    account: str,
    container: str,
    name: str,
    created_at: str,
    *,
    recipient: str | None = None,
) -> str:
    """Return the text of an identity, sealed if a recipient is given."""

    def encoded(shown: object) -> str:
        fields = ["1", deployment, account, container, shown, created_at]
        data = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        if recipient is not None:
            return _SEALED + _base64(seal(data, recipient))
        return _base64(zlib.compress(data))

    text = encoded(name)
    if len(text) > _LONGEST:
        text = encoded({"sha256": sha256(name.encode()).hexdigest()})
    return text


def decode(text: str, keys: Keys = NO_KEYS) -> Identity:
    """Return the identity in a text.

    Raises
    ------
    Damaged, Sealed
    """
    try:
        if text.startswith(_SEALED):
            data = keys.open(_bytes(text.removeprefix(_SEALED)))
        else:
            data = zlib.decompressobj().decompress(_bytes(text), _LONGEST_JSON)
        version, deployment, account, container, name, created_at, *_ = json.loads(data)
        shown = name if isinstance(name, str) else None
        digest = sha256(name.encode()).hexdigest() if shown is not None else name["sha256"]
        fields = (deployment, account, container, digest, created_at)
        if version != "1" or not all(isinstance(one, str) for one in fields):
            raise ValueError
    except (ValueError, KeyError, TypeError, zlib.error, RecursionError):
        raise Damaged("its identity is malformed") from None
    return Identity(deployment, account, container, shown, digest, created_at)


def join(headers: Mapping[str, str]) -> str | None:
    """Return the text that a reply's headers have in pieces; None if they have none."""
    pieces = {int(found[1]): value for name, value in headers.items() if (found := _number(name))}
    if sorted(pieces) != list(range(len(pieces))):
        return None
    return "".join(pieces[number] for number in sorted(pieces)) or None


def _number(header: str) -> re.Match[str] | None:
    return _HEADER.fullmatch(header)


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
