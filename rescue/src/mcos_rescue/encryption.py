"""Encryption by age (https://age-encryption.org) to the operator's X25519 recipient.

The package ``pyrage`` is imported only when something is encrypted.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from mcos_rescue.errors import BadSettings, Damaged, Sealed

_MISSING = (
    "the journal is encrypted, and the Python package pyrage, which decrypts it, is not installed: "
    "pip install pyrage"
)


class Keys:
    """The private keys with which sealed data is opened; none by default.

    Parameters
    ----------
    secrets
        Texts ``AGE-SECRET-KEY-1...``.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._identities: list[Any] | None = None

    @classmethod
    def of_file(cls, path: Path) -> "Keys":
        """Read a file as ``age-keygen`` writes it.

        Raises
        ------
        BadSettings
        """
        try:
            lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"the file of the key cannot be read: {error}") from None
        secrets = [line for line in lines if line.startswith("AGE-SECRET-KEY-1")]
        if not secrets:
            raise BadSettings("the file of the key must have a line AGE-SECRET-KEY-1...")
        return cls(secrets)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises
        ------
        Sealed
            There is no key, or another one is needed, or ``pyrage`` is missing.
        Damaged
        """
        if not self._secrets:
            raise Sealed("it is encrypted: give the operator's private key with --key FILE")
        pyrage = _pyrage()
        if self._identities is None:
            try:
                self._identities = [pyrage.x25519.Identity.from_str(one) for one in self._secrets]
            except pyrage.IdentityError:
                raise BadSettings("the private key is malformed") from None
        try:
            opened: bytes = pyrage.decrypt(sealed, self._identities)
        except pyrage.DecryptError as error:
            # pyrage has one exception for both.
            if "matching keys" in str(error).lower():
                raise Sealed("it is encrypted to another key") from None
            raise Damaged("it cannot be decrypted") from None
        return opened


NO_KEYS = Keys()


def seal(data: bytes, recipient: str) -> bytes:
    """Encrypt to a recipient ``age1...``.

    Raises
    ------
    Sealed
        ``pyrage`` is missing.
    """
    pyrage = _pyrage()
    sealed: bytes = pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(recipient)])
    return sealed


def _pyrage() -> Any:
    try:
        return import_module("pyrage")
    except ImportError:
        raise Sealed(_MISSING) from None
