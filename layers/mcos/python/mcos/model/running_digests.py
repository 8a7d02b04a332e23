"""Digests of content that is read in several calls of a function.

``hashlib`` cannot export its state; ``rehashes`` can, in a form that is the same on every machine.
Wherever content is read whole, ``hashlib`` computes the digests instead.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rehashes import PyMd5, PySha256

from mcos.model.digests import Digests

_FORMAT = "mcos-running-digests/2"
_HASHERS = {"md5": PyMd5, "sha256": PySha256}
_PART_HASHERS = {"part": PyMd5, "parts": PyMd5}


@dataclass(frozen=True)
class ContentDigests(Digests):
    """Digests of content, and of its parts.

    Attributes
    ----------
    parts_md5
        Hexadecimal MD5 of the concatenated binary MD5s of the parts, as in the ``ETag`` of an S3
        multipart upload; empty: the content is one piece.
    """

    parts_md5: str


class RunningDigests:
    """MD5, SHA-256 and the digest of the parts, computed piece by piece.

    Attributes
    ----------
    position
        Bytes digested so far.

    Example
    -------
    >>> running = RunningDigests(0)
    >>> running.update(b"abc")
    >>> running = RunningDigests.from_json(running.as_json())
    >>> running.finish().md5
    '900150983cd24fb0d6963f7d28e17f72'
    """

    def __init__(self, part_size: int) -> None:
        """Begin.

        Parameters
        ----------
        part_size
            Bytes of each part but the last; 0: the content is one piece.

        Raises
        ------
        ValueError
        """
        if part_size < 0:
            raise ValueError(f"part_size must be 0 or more; it is {part_size}")
        self.position = 0
        self._part_size = part_size
        self._md5, self._sha256 = PyMd5(), PySha256()
        self._part, self._parts = PyMd5(), PyMd5()

    def update(self, piece: bytes) -> None:
        """Digest the next bytes."""
        self._md5.update(piece)
        self._sha256.update(piece)
        if self._part_size:
            self._update_parts(piece)
        self.position += len(piece)

    def _update_parts(self, piece: bytes) -> None:
        position, taken = self.position, 0
        while taken < len(piece):
            left_in_part = self._part_size - position % self._part_size
            some = piece[taken : taken + left_in_part]
            self._part.update(some)
            taken += len(some)
            position += len(some)
            if position % self._part_size == 0:
                self._parts.update(bytes.fromhex(self._part.finalize()))
                self._part = PyMd5()

    def finish(self) -> ContentDigests:
        """Return the digests of all bytes so far."""
        return ContentDigests(
            md5=self._md5.finalize(),
            sha256=b64encode(bytes.fromhex(self._sha256.finalize())).decode("ascii"),
            parts_md5=self._parts_md5() if self._part_size else "",
        )

    def _parts_md5(self) -> str:
        parts = PyMd5.deserialize(self._parts.serialize())
        if self.position % self._part_size:
            parts.update(bytes.fromhex(self._part.finalize()))
        digest: str = parts.finalize()
        return digest

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON, about 700 characters at most."""
        value: dict[str, Any] = {
            "format": _FORMAT,
            "part_size": self._part_size,
            "position": self.position,
        }
        for name in _hashers(self._part_size):
            value[name] = b64encode(getattr(self, f"_{name}").serialize()).decode("ascii")
        return {**value, "check": _check(value)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Restore a state that ``as_json`` returned.

        Raises
        ------
        ValueError
            The state has another format or was changed: digests are never computed from a damaged
            state.
        """
        if not isinstance(value, Mapping) or value.get("format") != _FORMAT:
            raise ValueError(f"the state of running digests must have the format {_FORMAT}")
        part_size, position = _count(value, "part_size"), _count(value, "position")
        hashers = _hashers(part_size)
        if set(value) != {"format", "part_size", "position", "check", *hashers}:
            raise ValueError("the state of running digests must have its own fields and no other")
        if value["check"] != _check({name: value[name] for name in value if name != "check"}):
            raise ValueError("the state of running digests must be as it was written")
        running = cls(part_size)
        running.position = position
        for name, hasher in hashers.items():
            setattr(running, f"_{name}", _load(hasher, name, value[name]))
        return running


def _hashers(part_size: int) -> Mapping[str, Any]:
    return {**_HASHERS, **_PART_HASHERS} if part_size else _HASHERS


def _load(hasher: Any, name: str, text: object) -> Any:
    try:
        if isinstance(text, str):
            return hasher.deserialize(b64decode(text, validate=True))
    except ValueError:
        pass
    raise ValueError(f"{name} of the state of running digests must be the state of a digest")


def _count(value: Mapping[str, Any], name: str) -> int:
    count = value.get(name)
    # bool is a subclass of int.
    if type(count) is not int or count < 0:
        raise ValueError(f"{name} of the state of running digests must be a count")
    return count


def _check(value: Mapping[str, Any]) -> str:
    """Return a checksum of the fields, which shows whether a state was changed."""
    text = "\n".join(f"{name}={value[name]}" for name in sorted(value))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
