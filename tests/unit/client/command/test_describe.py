"""Changing on the command line what describes an object."""

import pytest

from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


def test_type_metadata_and_headers_are_set_and_removed(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", "--meta", "a=1", "--meta", "b=2", "--header", "Expires=0", stdin=b"1")
    before = mcos.system.record("o").shown
    text = mcos(
        *("describe", "c/o", "--type", "image/png", "--meta", "a=x=y", "--meta", "c=3"),
        *("--no-meta", "b", "--header", "Cache-Control=no-store", "--no-header", "expires"),
    ).text
    assert text == "c/o is described anew, image/png\n"
    after = mcos.system.record("o").shown
    assert (after.content_type, after.metadata) == ("image/png", {"a": "x=y", "c": "3"})
    assert after.headers == {"cache-control": "no-store"}
    assert (after.id, after.replicas) == (before.id, before.replicas)
    [told] = mcos("describe", "c/o", "--no-meta", "c", "--json").values
    assert (told["name"], told["version"]) == ("o", after.id)
    assert mcos("cat", "c/o").output == b"1"


def test_what_cannot_be_described_is_told(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    mcos("describe", "c/o", code=2)
    mcos("describe", "c", "--meta", "a=b", code=2)
    mcos("describe", "c/o", "--meta", "a", code=2)
    mcos("describe", "c/o", "--header", "Set-Cookie=a", code=2)
    assert "[object_not_found]" in mcos("describe", "c/none", "--meta", "a=b", code=3).errors
