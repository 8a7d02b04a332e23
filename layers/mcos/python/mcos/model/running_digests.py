"""Digests of a content that is read in several calls of a function.

``hashlib`` does not give its state away. OpenSSL's low-level functions do, in public structs
(``openssl/md5.h``, ``openssl/sha.h``); they are deprecated since 3.0 and in every 1.1 and 3 there
is. Of such a struct only the chaining words and the bytes of a block that is not full yet need to
be kept: how many bytes there were is known from the position. Written as numbers and bytes they
mean the same on every machine, so a state is good wherever this version of its format is.
"""

import ctypes
import ctypes.util
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Self

from mcos.model.digests import Digests

_FORMAT = "mcos-running-digests/1"
_BLOCK_BYTES = 64
_MD5_BYTES = 16
_GUARD = b"\xa5" * 256


@dataclass(frozen=True)
class ContentDigests(Digests):
    """Digests of a content, and of its parts.

    Attributes
    ----------
    parts_md5
        Hexadecimal MD5 of the parts' binary MD5s one after another, as in the ``ETag`` of an S3
        multipart upload; empty: the content is one piece.
    """

    parts_md5: str


class LibcryptoUnfit(ImportError):
    """There is no libcrypto here, or it is not the one that this module knows."""


class _Context(ctypes.Structure):
    """What ``MD5_CTX`` and ``SHA256_CTX`` have in common; the sum of their fields differs."""

    h: ctypes.Array[ctypes.c_uint]
    low: int
    high: int
    data: ctypes.Array[ctypes.c_ubyte]
    num: int
    guard: ctypes.Array[ctypes.c_ubyte]


class _Md5Context(_Context):
    # ``guard`` is ours: a library whose struct were longer would write there and be found out.
    _fields_ = (
        ("h", ctypes.c_uint * 4),
        ("low", ctypes.c_uint),
        ("high", ctypes.c_uint),
        ("data", ctypes.c_ubyte * _BLOCK_BYTES),
        ("num", ctypes.c_uint),
        ("guard", ctypes.c_ubyte * len(_GUARD)),
    )


class _Sha256Context(_Context):
    _fields_ = (
        ("h", ctypes.c_uint * 8),
        ("low", ctypes.c_uint),
        ("high", ctypes.c_uint),
        ("data", ctypes.c_ubyte * _BLOCK_BYTES),
        ("num", ctypes.c_uint),
        ("md_len", ctypes.c_uint),
        ("guard", ctypes.c_ubyte * len(_GUARD)),
    )


def _places() -> Iterator[str]:
    """Where libcrypto may be, what is surest first."""
    # Python's own hashlib is linked against one; a symbol is looked for in that one, too. So no
    # second libcrypto is loaded, and none has to be searched for.
    hashlib_module = find_spec("_hashlib")
    if hashlib_module and hashlib_module.has_location and hashlib_module.origin:
        yield hashlib_module.origin
    yield "libcrypto.so.3"
    yield "libcrypto.so.1.1"
    # Last: it starts ldconfig or gcc, which the runtime of a function may lack.
    found = ctypes.util.find_library("crypto")
    if found:
        yield found


def _libcrypto(places: Iterable[str]) -> ctypes.CDLL:
    tried = []
    for place in places:
        tried.append(place)
        try:
            library = ctypes.CDLL(place)
            for algorithm in ("MD5", "SHA256"):
                for function in ("Init", "Update", "Final"):
                    getattr(library, f"{algorithm}_{function}")
        except (OSError, AttributeError):
            continue
        return library
    raise LibcryptoUnfit(f"No libcrypto with MD5 and SHA-256 is here; tried: {', '.join(tried)}")


class _Algorithm:
    """One of the two digests, as libcrypto has it."""

    def __init__(
        self, library: ctypes.CDLL, name: str, context: type[_Context], digest_bytes: int
    ) -> None:
        self.context = context
        self.digest_bytes = digest_bytes
        pointer = ctypes.c_void_p
        self.init = self._function(library, f"{name}_Init", pointer)
        self.update = self._function(library, f"{name}_Update", pointer, pointer, ctypes.c_size_t)
        self.final = self._function(library, f"{name}_Final", pointer, pointer)

    @staticmethod
    def _function(library: ctypes.CDLL, name: str, *arguments: Any) -> Callable[..., None]:
        # Not ``library.X``: it is kept by the library, so that two would share its types.
        prototype = ctypes.CFUNCTYPE(ctypes.c_int, *arguments)
        function = prototype((name, library))

        def call(*values: Any) -> None:
            if function(*values) != 1:
                raise RuntimeError(f"{name} of libcrypto has failed.")

        return call


class _Running:
    """One digest that is being computed."""

    def __init__(self, algorithm: _Algorithm) -> None:
        self._algorithm = algorithm
        self._context = algorithm.context()
        self._context.guard[:] = list(_GUARD)
        algorithm.init(ctypes.byref(self._context))

    def update(self, address: int, length: int) -> None:
        """Take bytes where they are; ctypes lets other threads run meanwhile."""
        self._algorithm.update(ctypes.byref(self._context), address, length)

    def finish(self) -> bytes:
        """The digest of what was taken so far; more may be taken afterwards."""
        context = type(self._context).from_buffer_copy(self._context)
        digest = ctypes.create_string_buffer(self._algorithm.digest_bytes)
        self._algorithm.final(digest, ctypes.byref(context))
        return digest.raw

    def save(self, position: int) -> bytes:
        """The state after ``position`` bytes: chaining words, and what a last block has so far."""
        context = self._context
        if (_counted(position), bytes(context.guard)) != (
            (context.low, context.high, context.num),
            _GUARD,
        ):
            raise RuntimeError("The state of libcrypto is not what this module knows.")
        words = b"".join(word.to_bytes(4, "big") for word in context.h)
        return words + bytes(context.data[: context.num])

    @classmethod
    def load(cls, algorithm: _Algorithm, state: bytes, position: int) -> Self:
        """Go on where ``save`` was; ``ValueError`` if it was not at ``position``."""
        running = cls(algorithm)
        context = running._context
        words_bytes = 4 * len(context.h)
        context.low, context.high, context.num = _counted(position)
        if len(state) != words_bytes + context.num:
            raise ValueError("the state of a digest has a wrong length")
        for index in range(len(context.h)):
            context.h[index] = int.from_bytes(state[4 * index : 4 * index + 4], "big")
        context.data[: context.num] = list(state[words_bytes:])
        return running


def _counted(position: int) -> tuple[int, int, int]:
    """How a struct counts: bits, low and high word of them, and bytes of the last block."""
    bits = 8 * position
    return bits & 0xFFFFFFFF, bits >> 32 & 0xFFFFFFFF, position % _BLOCK_BYTES


def _algorithms(library: ctypes.CDLL) -> tuple[_Algorithm, _Algorithm]:
    """MD5 and SHA-256 of a library, after a look whether they are what hashlib has."""
    md5 = _Algorithm(library, "MD5", _Md5Context, _MD5_BYTES)
    sha256 = _Algorithm(library, "SHA256", _Sha256Context, 32)
    content = bytes(range(200))
    buffer = ctypes.create_string_buffer(content, len(content))
    first = ctypes.addressof(buffer)
    expected = (
        (md5, hashlib.md5(content, usedforsecurity=False).digest()),
        (sha256, hashlib.sha256(content).digest()),
    )
    for algorithm, digest in expected:
        before = _Running(algorithm)
        before.update(first, 77)
        try:
            after = _Running.load(algorithm, before.save(77), 77)
            after.update(first + 77, len(content) - 77)
            after.save(len(content))
        except (RuntimeError, ValueError) as error:
            raise LibcryptoUnfit(f"This libcrypto keeps another state: {error}") from error
        if after.finish() != digest:
            raise LibcryptoUnfit("This libcrypto computes other digests than hashlib.")
    return md5, sha256


_MD5, _SHA256 = _algorithms(_libcrypto(_places()))


class RunningDigests:
    """MD5 and SHA-256 of a content that is read from its beginning, and the MD5 of its parts' MD5s.

    Parameters
    ----------
    part_size
        Bytes of each part but the last; 0: the content is one piece.

    Attributes
    ----------
    position
        Bytes taken so far.

    Example
    -------
    >>> running = RunningDigests(part_size=0)
    >>> running.update(b"a")
    >>> elsewhere = RunningDigests.from_json(json.loads(json.dumps(running.as_json())))
    >>> elsewhere.update(b"bc")
    >>> elsewhere.finish().md5
    '900150983cd24fb0d6963f7d28e17f72'
    """

    def __init__(self, part_size: int) -> None:
        if part_size < 0:
            raise ValueError("a part has no negative size")
        self.position = 0
        self._part_size = part_size
        self._md5 = _Running(_MD5)
        self._sha256 = _Running(_SHA256)
        self._part = _Running(_MD5)
        self._parts = _Running(_MD5)

    def update(self, piece: bytes) -> None:
        """Take the bytes that follow. They are not copied."""
        # ``piece`` keeps them alive as long as this address is used.
        address = ctypes.cast(ctypes.c_char_p(piece), ctypes.c_void_p).value or 0
        left = len(piece)
        while left:
            length = left
            if self._part_size:
                length = min(left, self._part_size - self.position % self._part_size)
                self._part.update(address, length)
            self._md5.update(address, length)
            self._sha256.update(address, length)
            self.position += length
            if self._part_size and self.position % self._part_size == 0:
                _take(self._parts, self._part.finish())
                self._part = _Running(_MD5)
            address += length
            left -= length

    def finish(self) -> ContentDigests:
        """The digests of the bytes taken so far, as of a content that ends here."""
        return ContentDigests(
            md5=self._md5.finish().hex(),
            sha256=b64encode(self._sha256.finish()).decode("ascii"),
            parts_md5=self._parts_md5() if self._part_size else "",
        )

    def _parts_md5(self) -> str:
        parts = self._parts
        _, in_part, in_parts = _positions(self.position, self._part_size)
        if in_part:
            parts = _Running.load(_MD5, parts.save(in_parts), in_parts)
            _take(parts, self._part.finish())
        return parts.finish().hex()

    def as_json(self) -> dict[str, Any]:
        """The state as JSON, about 600 characters at most."""
        whole, in_part, in_parts = _positions(self.position, self._part_size)
        value: dict[str, Any] = {
            "format": _FORMAT,
            "part_size": self._part_size,
            "position": self.position,
            "md5": _text(self._md5.save(whole)),
            "sha256": _text(self._sha256.save(whole)),
        }
        if self._part_size:
            value["part"] = _text(self._part.save(in_part))
            value["parts"] = _text(self._parts.save(in_parts))
        return {**value, "check": _check(value)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Go on where ``as_json`` was.

        Raises
        ------
        ValueError
            It is not a state of this version, or not as it was written: digests are never
            computed from a damaged one.
        """
        if not isinstance(value, Mapping) or value.get("format") != _FORMAT:
            raise ValueError(f"not a state of running digests of the format {_FORMAT}")
        part_size, position = _count(value, "part_size"), _count(value, "position")
        states = {"md5", "sha256"} | ({"part", "parts"} if part_size else set())
        if set(value) != {"format", "part_size", "position", "check"} | states:
            raise ValueError("a state of running digests has other fields")
        state = {name: _bytes(value, name) for name in states}
        if value["check"] != _check({name: value[name] for name in value if name != "check"}):
            raise ValueError("a state of running digests is not as it was written")
        whole, in_part, in_parts = _positions(position, part_size)
        running = cls(part_size)
        running.position = position
        running._md5 = _Running.load(_MD5, state["md5"], whole)
        running._sha256 = _Running.load(_SHA256, state["sha256"], whole)
        if part_size:
            running._part = _Running.load(_MD5, state["part"], in_part)
            running._parts = _Running.load(_MD5, state["parts"], in_parts)
        return running


def _positions(position: int, part_size: int) -> tuple[int, int, int]:
    """How many bytes the content's digests have taken, the part's, and that of the parts' MD5s."""
    if part_size == 0:
        return position, 0, 0
    return position, position % part_size, position // part_size * _MD5_BYTES


def _take(running: _Running, digest: bytes) -> None:
    buffer = ctypes.create_string_buffer(digest, len(digest))
    running.update(ctypes.addressof(buffer), len(digest))


def _text(state: bytes) -> str:
    return b64encode(state).decode("ascii")


def _bytes(value: Mapping[str, Any], name: str) -> bytes:
    if not isinstance(value[name], str):
        raise ValueError(f"{name} of a state of running digests is no text")
    return b64decode(value[name], validate=True)


def _count(value: Mapping[str, Any], name: str) -> int:
    count = value.get(name)
    # A bool is an int, too.
    if type(count) is not int or count < 0:
        raise ValueError(f"{name} of a state of running digests is no count")
    return count


def _check(value: Mapping[str, Any]) -> str:
    """A sum of the fields, by which a state is known that was damaged or put together."""
    text = "\n".join(f"{name}={value[name]}" for name in sorted(value))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
