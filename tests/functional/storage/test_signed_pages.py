"""What users store is shown by no storage service as a page of its own, whatever URL is made."""

import hashlib
import io
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest
from swiftclient.client import Connection

from mcos.storage import StorageBackend
from mcos.storage.inert import is_inert
from tests.functional.storage.conftest import Settings
from tests.functional.storage.helpers import content_of, response_to

Arguments = Callable[..., dict[str, Any]]

PAGE = b"<script>alert(document.domain)</script>"
PAGES = ["text/html; charset=utf-8", "image/svg+xml", "text/xml"]
ADDED = [
    "",
    "&inline",
    "&inline&filename=page.html",
    "&multipart-manifest=get&format=raw",
]


def assert_not_shown(url: str) -> None:
    """The reply is saved and not shown, or is of a type that no browser runs, or a refusal."""
    try:
        with response_to(url) as response:
            disposition = response.headers.get("Content-Disposition", "")
            content_type = response.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        assert error.code in (400, 403), error.code  # noqa: PT017  (nothing is shown either)
    else:
        assert disposition.startswith("attachment") or is_inert(content_type)


@pytest.mark.parametrize("content_type", PAGES)
@pytest.mark.parametrize("added", ADDED)
def test_no_page_is_shown_whatever_is_added_to_a_signed_url(
    backend: StorageBackend, key: str, expected: Arguments, content_type: str, added: str
) -> None:
    backend.put(key, io.BytesIO(PAGE), **expected(PAGE, content_type=content_type))
    url = backend.signed_url(key, expires_in=60, content_type=content_type, filename="page.html")
    assert_not_shown(url + added)
    assert backend.stat(key).content_type == content_type
    with backend.get(key) as reader:
        assert (reader.stat.content_type, reader.read()) == (content_type, PAGE)


@pytest.mark.parametrize("service", ["swift"])
@pytest.mark.parametrize("in_parts", [False, True])
def test_no_page_of_an_earlier_release_is_shown_by_swift(
    backend: StorageBackend, settings: Settings, key: str, expected: Arguments, in_parts: bool
) -> None:
    """It stored any type as it was."""
    told: dict[str, Any] = {"content_type": "text/html", "identity": "Az09"}
    if in_parts:
        digest = hashlib.md5(hashlib.md5(PAGE).digest()).hexdigest()
        upload = backend.begin_parts(key, parts_md5=digest, **told)
        part = backend.put_part(key, upload, 1, io.BytesIO(PAGE), size=len(PAGE))
        backend.complete_parts(key, upload, [part], parts_md5=digest, **told)
    else:
        backend.put(key, io.BytesIO(PAGE), **expected(PAGE, **told))
    before = backend.stat(key)
    swift = Connection(settings["auth_url"], settings["user"], settings["key"], auth_version="1")
    headers = swift.head_object(settings["container"], key)
    kept = {
        name: value
        for name, value in headers.items()
        if name.startswith("x-object-meta-") and name != "x-object-meta-mcos-content-type"
    }
    swift.post_object(settings["container"], key, {**kept, "Content-Type": "text/html"})
    for _ in range(2):
        url = backend.signed_url(key, expires_in=60, content_type="text/html", filename="page")
        for added in ADDED:
            assert_not_shown(url + added)
    after = backend.stat(key)
    assert (after.content_type, after.identity) == ("text/html", "Az09")
    assert (after.md5, after.in_parts, after.parts_md5) == (
        before.md5,
        before.in_parts,
        before.parts_md5,
    )
    assert content_of(backend, key) == PAGE
