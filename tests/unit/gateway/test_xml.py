"""XML: whatever is written can be read, and nothing that is read does harm."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_serve.s3 import xml
from mcos_serve.s3.errors import S3Error

# What XML 1.0 has.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\""),
    max_size=40,
)


@given(TEXT)
def test_text_comes_back_as_it_was(text: str) -> None:
    written = xml.document("Root", [xml.element("Key", text)])
    assert ElementTree.fromstring(written)[0].text == (text or None)
    assert xml.read(written, "Root").get("Key") == text


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_element(text: str) -> None:
    written = xml.element("Key", text)
    assert written.count("<") == written.count(">") == 2


@given(st.binary(max_size=200) | st.text("<>/abc&;![]DOCTYPE ENTITY", max_size=80).map(str.encode))
def test_no_document_makes_it_fail_otherwise(body: bytes) -> None:
    with pytest.raises(S3Error) as caught:
        xml.read(body, "Delete")
    assert caught.value.code == "MalformedXML"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a []><Delete/>'.encode("utf-16"),
        b"<Delete>" + 20 * b"<a>" + 20 * b"</a>" + b"</Delete>",
        b"<Delete>" + 100_001 * b"<a/>" + b"</Delete>",
        b"<Delete>" + xml.LARGEST_BODY * b" " + b"</Delete>",
        b"<Other/>",
        b"",
    ],
    ids=["entity", "utf-16", "deep", "many", "large", "other", "empty"],
)
def test_what_no_request_has_is_refused(body: bytes) -> None:
    with pytest.raises(S3Error, match="not well-formed"):
        xml.read(body, "Delete")


def test_an_element_that_is_there_twice_is_refused() -> None:
    found = xml.read(b"<Delete><Key>a</Key><Key>b</Key></Delete>", "Delete")
    assert [one.text for one in found.all("Key")] == ["a", "b"]
    with pytest.raises(S3Error):
        found.get("Key")


def test_names_are_read_with_and_without_their_namespace() -> None:
    found = xml.read(
        f'<a:Delete xmlns:a="{xml.NAMESPACE}"><a:Key>k</a:Key></a:Delete>'.encode(), "Delete"
    )
    assert found.get("Key") == "k"
    assert found.get("None") is None
