"""A replica's headers say whose content it has, in the pieces that services allow."""

import zlib
from base64 import urlsafe_b64encode
from hashlib import sha256

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue import identity
from mcos_rescue.encryption import Keys
from mcos_rescue.errors import Damaged, Sealed

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=600)


def pieces(text: str, length: int, prefix: str) -> dict[str, str]:
    cut = [text[first : first + length] for first in range(0, len(text), length)]
    return {f"{prefix}mcos-id-{number}": piece for number, piece in enumerate(cut)}


@given(NAMES, st.sampled_from([200, 900]), st.sampled_from(["x-amz-meta-", "X-Object-Meta-"]))
def test_an_identity_comes_back_from_its_pieces(name: str, length: int, prefix: str) -> None:
    text = identity.encode("D", "ada", "photos", name, "2026-11-22T10:00:00.000Z")
    assert len(text) <= 1800
    joined = identity.join({"etag": "x", **pieces(text, length, prefix)})
    assert joined == text
    found = identity.decode(joined)
    assert (found.deployment, found.account, found.container) == ("D", "ada", "photos")
    assert found.name in (name, None)
    assert found.name_sha256 == sha256(name.encode()).hexdigest()


def test_a_name_that_is_too_long_is_known_by_its_digest() -> None:
    # Every character is new, so it can hardly be compressed.
    name = "".join(chr(0x4E00 + 37 * n % 20000) for n in range(900))
    found = identity.decode(identity.encode("D", "ada", "photos", name, "t"))
    assert (found.name, found.name_sha256) == (None, sha256(name.encode()).hexdigest())


def test_a_sealed_identity_needs_the_key() -> None:
    own = pyrage.x25519.Identity.generate()
    text = identity.encode("D", "ada", "photos", "x", "t", recipient=str(own.to_public()))
    assert "ada" not in text
    assert identity.decode(text, Keys([str(own)])).name == "x"
    with pytest.raises(Sealed):
        identity.decode(text)


def test_pieces_with_a_gap_are_no_identity() -> None:
    assert identity.join({"x-amz-meta-mcos-id-1": "a"}) is None
    assert identity.join({}) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'["2","d","a","c","n","t"]',
        b'["1","d","a","c",{},"t"]',
        b'["1","d","a","c",7,"t"]',
        b'["1","d","a","c","n"]',
        b"[" * 100_000,
    ],
)
def test_a_malformed_identity_is_refused(data: bytes) -> None:
    text = urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")
    for bad in (text, text[:-5], "!"):
        with pytest.raises(Damaged):
            identity.decode(bad)
