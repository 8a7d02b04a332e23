"""Names of objects that something on their way might take for others, or for something else."""

from hypothesis import strategies as st

from mcos_client.command.names.trees import is_file_name

LONGEST = 1024
LONGEST_PART = 255
"""Bytes of a file's name, on most systems."""

PIECES = [
    *"//ab.*?[]~$&|;<>\\\"'` \n\r\t%#+:=@^-",
    "..",
    "**",
    "[a]",
    "[!a]",
    "[z-a]",
    "--",
    "-r",
    "--help",
    "mcos:",
    "{a,b}",
    "%2F",
    "%00",
    "&amp;",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\xa0",
    "é",
    "e\N{COMBINING ACUTE ACCENT}",
    "ﬁ",
    "İ",
    "ß",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{ZERO WIDTH SPACE}",
    "\N{LINE SEPARATOR}",
    "\N{BYTE ORDER MARK}",
    "\N{PILE OF POO}",
    "a.mcos-part",
    "n" * LONGEST_PART,
]

# What the API refuses is no name.
_ANY = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), min_size=1, max_size=9
)

NAMES = (
    # Paths that have much in common, too.
    st.lists(st.sampled_from("//ab.") | st.sampled_from(PIECES) | _ANY, min_size=1, max_size=6)
    .map("".join)
    .filter(lambda name: len(name.encode()) <= LONGEST - len("t/"))
)

TREES = st.sets(NAMES, min_size=1, max_size=10)


def contents_of(names: set[str]) -> dict[str, bytes]:
    """A content for each name, none like another."""
    return {name: f"{number} {name}".encode() for number, name in enumerate(sorted(names))}


def files_of(names: set[str]) -> set[str]:
    """Those that files can have side by side: none is a folder of another one."""
    paths = {
        name
        for name in names
        if is_file_name(name)
        and all(len(part.encode()) <= LONGEST_PART for part in name.split("/"))
    }
    return {one for one in paths if not any(other.startswith(f"{one}/") for other in paths)}
