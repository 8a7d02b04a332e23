"""Looking at a backend before it gets replicas: may it be used, and is it suitable?"""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from secrets import token_hex

from mcos.storage.content import md5_of_parts
from mcos.storage.contract import BackendUnavailable, Part, StorageBackend, StorageError

_PREFIX = "~health/examined-"  # no account has this name
_CONTENT = b"MCOS looks whether this can be written, read, listed and removed."
_MD5 = hashlib.md5(_CONTENT, usedforsecurity=False).hexdigest()
_TYPE = "text/plain"
_URL_SECONDS = 60


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes
    ----------
    refusals
        Why no replica may be placed on the backend.
    warnings
        What costs something.
    """

    refusals: tuple[str, ...]
    warnings: tuple[str, ...]


def examine(backend: StorageBackend) -> Examination:
    """Use each right that replicas need, on a key of no replica, and look at the settings.

    Raises
    ------
    BackendUnavailable
        It cannot be told now.
    """
    refusals: list[str] = []

    def may(right: str, call: Callable[[], object]) -> bool:
        try:
            call()
        except BackendUnavailable:
            raise
        except StorageError as refusal:
            refusals.append(f"{right}: {refusal}")
            return False
        return True

    key = f"{_PREFIX}{token_hex(8)}"
    may("it must be listed", lambda: backend.list(_PREFIX))
    if may("it must be written to", lambda: _write(backend, key)):
        may("it must be read", lambda: _read(backend, key))
        may("it must be removed from", lambda: backend.delete(key))
        may("large replicas must be written in parts", lambda: _write_in_parts(backend, key))
        may("parts must be removed", lambda: backend.discard_parts(key))
    may("URLs must be signed", lambda: backend.signed_url(key, expires_in=_URL_SECONDS))
    warnings: list[str] = []
    may("its settings must be looked at", lambda: _judge(backend, refusals, warnings))
    return Examination(tuple(refusals), tuple(warnings))


def _write(backend: StorageBackend, key: str) -> None:
    sha256 = b64encode(hashlib.sha256(_CONTENT).digest()).decode("ascii")
    size = len(_CONTENT)
    backend.put(key, BytesIO(_CONTENT), size=size, md5=_MD5, sha256=sha256, content_type=_TYPE)


def _read(backend: StorageBackend, key: str) -> None:
    backend.stat(key)
    with backend.get(key, first=1) as reader:
        reader.read()


def _write_in_parts(backend: StorageBackend, key: str) -> None:
    size = len(_CONTENT)
    parts_md5 = md5_of_parts([Part(1, size, _MD5)])
    upload = backend.begin_parts(key, content_type=_TYPE, parts_md5=parts_md5)
    backend.put_part(key, upload, 1, BytesIO(_CONTENT), size=size)
    backend.list_parts(key, upload)
    backend.list_begun_parts()


def _judge(backend: StorageBackend, refusals: list[str], warnings: list[str]) -> None:
    for finding in backend.examine():
        (refusals if finding.prevents else warnings).append(finding.text)
