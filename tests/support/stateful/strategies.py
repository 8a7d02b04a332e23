"""Names and contents as users may invent them."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

OBJECT_NAME_BYTES = 1024
CONTAINER_NAME_BYTES = 256

AWKWARD = [
    "..",
    ".",
    "/",
    "//",
    "/../",
    "/./",
    "%",
    "%25",
    "%2F",
    "%2e%2e",
    "%zz",
    "?",
    "#",
    "&",
    "=",
    "+",
    " ",
    ";",
    ":",
    "\\",
    '"',
    "<>",
    "{}",
    "\t",
    "\r",
    "\n",
    "\x7f",
    "é",
    "e\u0301",
    "日本",
    "😀",
    "\u202e",
    "\U0010ffff",
    "a",
    "objects",
    "stat",
]
"""Pieces that something on the way might fold, decode, split or normalise."""

# U+FFFD stands for bytes that were lost and is refused, as is a NUL.
_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\ufffd")


def _fits(longest: int) -> st.SearchStrategy[str]:
    pieces = st.lists(st.sampled_from(AWKWARD) | st.text(_CHARACTERS, max_size=4), max_size=12)
    texts = pieces.map("".join) | st.text(_CHARACTERS, max_size=40)
    return texts.filter(lambda name: 1 <= len(name.encode("utf-8")) <= longest)


def object_names() -> st.SearchStrategy[str]:
    """Any name that an object can have, the awkward ones more often than others."""
    return _fits(OBJECT_NAME_BYTES)


def container_names() -> st.SearchStrategy[str]:
    """Any name that a container can have."""
    names = _fits(CONTAINER_NAME_BYTES).map(lambda name: name.replace("/", "_"))
    return names.filter(lambda name: name not in (".", ".."))


@dataclass(frozen=True)
class Content:
    """What a user puts into an object."""

    body: bytes
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        body = self.body if len(self.body) <= 64 else f"{len(self.body)} bytes"
        return f"Content({body!r}, {self.content_type!r}, {self.metadata!r})"


_LARGER_THAN_AN_EXECUTION_CARRIES = 200_000

_BYTES = st.binary(max_size=64) | st.binary(min_size=1, max_size=8).map(
    lambda seed: (seed * _LARGER_THAN_AN_EXECUTION_CARRIES)[:_LARGER_THAN_AN_EXECUTION_CARRIES]
)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=64).map(str.encode)
_METADATA = st.dictionaries(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=16),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=32),
    max_size=3,
)


def contents() -> st.SearchStrategy[Content]:
    """Any content; what is typed as text is text, as a gateway hands it over."""
    binary = st.sampled_from(["application/octet-stream", "image/png", "video/mp4"])
    textual = st.sampled_from(["text/plain; charset=utf-8", "application/json", "text/csv"])
    return st.builds(Content, _BYTES, binary, _METADATA) | st.builds(
        Content, _TEXTS, textual, _METADATA
    )
