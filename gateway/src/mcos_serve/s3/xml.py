"""XML as S3 writes and reads it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError, XMLParser
from xml.sax.saxutils import escape

from mcos_serve.s3.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

LARGEST_BODY = 4 * 1024**2
"""Bytes of XML that a request has at most: the list of 10,000 parts, with a checksum each."""

DEEPEST = 8
MOST_ELEMENTS = 100_000

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
# What parsers would read as something else. XML 1.0 cannot have the others at all; S3 writes them
# so, and clients that ask for encoding-type=url never meet them.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


def text(value: str) -> str:
    """Return text as it stands in XML."""
    return _ODD.sub(lambda found: f"&#x{ord(found[0]):X};", escape(value))


def element(name: str, content: str | int | bool | None) -> str:
    """Return an element with text in it; nothing if ``content`` is None."""
    if content is None:
        return ""
    if isinstance(content, bool):
        content = "true" if content else "false"
    return f"<{name}>{text(str(content))}</{name}>"


def group(name: str, *content: str) -> str:
    """Return an element with other elements in it."""
    return f"<{name}>{''.join(content)}</{name}>"


def document(name: str, content: Iterable[str], *, namespace: bool = True) -> bytes:
    """Return a whole document with the elements of ``content``."""
    attribute = f' xmlns="{NAMESPACE}"' if namespace else ""
    return f"{_HEAD}<{name}{attribute}>{''.join(content)}</{name}>".encode()


@dataclass
class Node:
    """An element that was read; its name is without the namespace."""

    name: str
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list["Node"]:
        """Return the elements in it that have a name."""
        return [one for one in self.children if one.name == name]

    def get(self, name: str) -> str | None:
        """Return the text of the element in it that has a name; None if there is none.

        Raises
        ------
        S3Error
            There are several.
        """
        found = self.all(name)
        if len(found) > 1:
            raise malformed()
        return found[0].text if found else None


class _Builder:
    """Builds nodes, and stops at what no request of S3 has."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._count = 0
        self.root: Node | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) == DEEPEST or self._count > MOST_ELEMENTS:
            raise malformed()
        node = Node(tag.rpartition("}")[2])
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise malformed()

    def close(self) -> Node | None:
        return self.root


def read(body: bytes, root: str) -> Node:
    """Read a request's document.

    Parameters
    ----------
    root
        Name of its outermost element.

    Raises
    ------
    S3Error
        It is no such document, or too large a one.
    """
    if len(body) > LARGEST_BODY:
        raise malformed()
    parser = XMLParser(target=_Builder())  # noqa: S314  (no entities: there is no DOCTYPE)
    try:
        parser.feed(body.decode("utf-8"))
        found = parser.close()
    except (ParseError, UnicodeDecodeError, ValueError):
        raise malformed() from None
    if not isinstance(found, Node) or found.name != root:
        raise malformed()
    return found


def malformed() -> S3Error:
    """Make the refusal of a document."""
    return S3Error(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def error(code: str, message: str, details: dict[str, str]) -> bytes:
    """Return the document of an error."""
    fields = {"Code": code, "Message": message, **details}
    return document("Error", [element(*one) for one in fields.items()], namespace=False)
