"""Encryption of what the catalog writes beside replicas, to a public key of the operator's.

It is age's (https://age-encryption.org, X25519). The private key is with the operator, not in AWS:
what is encrypted must be readable when AWS is lost.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from zlib import decompress

from mcos.settings import rescue_recipient
from mcos.storage import IDENTITY_CHARACTERS

SUFFIX = ".age"
_SEALED = "age."


def seal(content: bytes) -> bytes:
    """Encrypt; without a public key, return what was given."""
    recipient = rescue_recipient()
    if recipient is None:
        return content
    # Its layer is there only if there is a key.
    from pyrage import encrypt, x25519

    return bytes(encrypt(content, [x25519.Recipient.from_str(recipient)]))


def is_sealing() -> bool:
    """Whether there is a public key."""
    return rescue_recipient() is not None


def seal_identity(text: str) -> str:
    """Encrypt the identity of a replica; without a public key, return what was given.

    One that becomes too long for a header is left out: the journal has it.
    """
    if not text or not is_sealing():
        return text
    plain = decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    sealed = _SEALED + urlsafe_b64encode(seal(plain)).decode("ascii").rstrip("=")
    return sealed if len(sealed) <= IDENTITY_CHARACTERS else ""
