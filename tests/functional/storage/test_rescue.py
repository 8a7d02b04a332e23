"""What a backend has written on its real service, the rescue reads by its own requests."""

import hashlib
import io
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcos.model.objects import ObjectKey
from mcos.replicas import identity as written
from mcos.storage import StorageBackend
from mcos_rescue import copies, fetch, identity
from mcos_rescue.copies import Expected
from mcos_rescue.errors import NotThere, Refused
from mcos_rescue.stores.contract import Store
from mcos_rescue.stores.settings import open_store
from tests.functional.storage.conftest import Settings
from tests.functional.storage.helpers import MIB

PART = 5 * MIB
NAME = "may/\u00e9\n" + "x" * 300
Arguments = Callable[..., dict[str, Any]]


@pytest.fixture
def store(kind: str, settings: Settings) -> Store:
    return open_store({"kind": kind, **settings}, {})


def test_a_replica_is_read_with_its_identity(
    backend: StorageBackend, store: Store, key: str, expected: Arguments
) -> None:
    whose = written.write("D", ObjectKey("ada", "photos", NAME), "2026-11-22T10:00:00.000Z")
    content = b"\r\n\x00\xff" * 1000
    backend.put(key, io.BytesIO(content), **expected(content, identity=whose))
    assert fetch.content(store, key) == content
    joined = identity.join(fetch.headers(store, key))
    assert joined is not None
    found = identity.decode(joined)
    assert (found.account, found.container, found.name) == ("ada", "photos", NAME)
    with pytest.raises(NotThere):
        fetch.content(store, f"{key}x")


def test_a_replica_in_parts_is_read_whole_and_continued_anywhere(
    backend: StorageBackend, store: Store, key: str, tmp_path: Path
) -> None:
    pieces = [bytes(range(256)) * (PART // 256), b"\x01" * PART, b"the end"]
    digests = [hashlib.md5(piece, usedforsecurity=False).digest() for piece in pieces]
    told = {
        "content_type": "text/plain",
        "parts_md5": hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest(),
        "identity": written.write("D", ObjectKey("ada", "photos", "large"), "t"),
    }
    upload = backend.begin_parts(key, **told)
    parts = [
        backend.put_part(key, upload, number, io.BytesIO(piece), size=len(piece))
        for number, piece in enumerate(pieces, 1)
    ]
    backend.complete_parts(key, upload, parts, **told)
    content = b"".join(pieces)
    with store.open(key, PART - 3) as opened:
        assert opened.read(6) == content[PART - 3 : PART + 3]
    digest = hashlib.sha256(content).digest()
    wanted = Expected(len(content), b64encode(digest).decode())
    copies.save(
        store, [key], wanted, tmp_path / "file", partial=tmp_path / "partial", at="2026-11-22"
    )
    assert (tmp_path / "file").read_bytes() == content
    joined = identity.join(fetch.headers(store, key))
    assert joined is not None
    assert identity.decode(joined).name == "large"


def test_a_listing_has_every_key_in_order(
    backend: StorageBackend, store: Store, prefix: str, expected: Arguments
) -> None:
    names = sorted(f"{prefix}{name}" for name in ("a+b", "a@b", "a=b", "a,b", "b/c", "~d"))
    for name in names:
        backend.put(name, io.BytesIO(b"x"), **expected(b"x"))
    found = list(fetch.all_keys(store, prefix))
    assert [one.key for one in found] == names
    assert {one.size for one in found} == {1}
    now = datetime.now(UTC)
    assert all(abs(now - one.modified) < timedelta(minutes=5) for one in found)
    assert store.page(prefix, names[-1]) == []


def test_wrong_credentials_are_refused(kind: str, settings: Settings) -> None:
    (secret,) = {"secret_key", "key", "password"} & set(settings)
    store = open_store({"kind": kind, **settings, secret: "wrong"}, {})
    with pytest.raises(Refused) as caught:
        list(fetch.all_keys(store))
    assert "wrong" not in str(caught.value)
