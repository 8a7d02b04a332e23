"""Names of local files for any names of objects.

A character that some file system cannot have in a name becomes ``%`` and its bytes in hexadecimal,
as in a URL; so does ``%`` itself. What follows ``%~`` was added: the digest of a name that was too
long, or that would be the same file as another one where capitals, or ways to write an accent, are
no difference. The listing beside the files has the exact name of each.
"""

import sqlite3
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

ADDED = "%~"
LISTING = "listing.jsonl"
RECOVERED = "recovered"
_LONGEST = 180  # bytes of one name; file systems allow 255, some of them 143 characters
_LONGEST_PATH = 2000
_NEVER = frozenset('%/\\:*?"<>|')
# What Windows takes for devices, whatever follows a dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}
_OWN = frozenset({LISTING, RECOVERED, ".mcos-rescue"})

_TABLES = """
CREATE TABLE IF NOT EXISTS folder (folded TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (folded TEXT PRIMARY KEY) WITHOUT ROWID;
DELETE FROM folder;
DELETE FROM file;
"""


def component(text: str) -> str:
    """Return a name that every file system can have, and that no other text has."""
    if not text:
        return "%"
    encoded = "".join(one if _is_safe(one) else _hexadecimal(one) for one in text)
    if encoded[0] in ". " and encoded.strip(". ") == "":
        encoded = _hexadecimal(encoded[0]) + encoded[1:]
    if encoded[-1] in ". ":
        encoded = encoded[:-1] + _hexadecimal(encoded[-1])
    if encoded.partition(".")[0].rstrip().casefold() in _DEVICES:
        encoded = _hexadecimal(encoded[0]) + encoded[1:]
    if len(encoded.encode()) <= _LONGEST:
        return encoded
    return _shortened(encoded, _LONGEST - 40) + ADDED + sha256(text.encode()).hexdigest()[:32]


def components(account: str, container: str, name: str) -> list[str]:
    """Return where the file of an object is: folders and file, before conflicts are resolved."""
    top = component(account)
    if top.casefold() in _OWN:
        top = _hexadecimal(top[0]) + top[1:]
    found = [top, component(container), *map(component, name.split("/"))]
    if sum(len(one.encode()) + 1 for one in found) <= _LONGEST_PATH:
        return found
    return [*found[:2], ADDED + sha256(name.encode()).hexdigest()]


def recovered(account: str, container: str, name: str, version: str) -> str:
    """Return the path of the file for a version that may not be what users last saw."""
    folders = [RECOVERED, component(account), component(container)]
    return "/".join([*folders, component(name) + ADDED + component(version)])


class Files:
    """Gives each object a file of its own, also where capitals are no difference.

    The same objects in the same order get the same files.

    Parameters
    ----------
    names
        Account, container and name of all objects.
    """

    def __init__(self, database: sqlite3.Connection, names: Iterable[tuple[str, str, str]]) -> None:
        self._database = database
        database.executescript(_TABLES)
        database.execute("BEGIN")
        before: list[str] = []
        for one in names:
            found = components(*one)[:-1]
            if found != before:
                folders = ((_folded(found[:end]),) for end in range(1, len(found) + 1))
                database.executemany("INSERT OR IGNORE INTO folder VALUES (?)", folders)
                before = found
        database.execute("COMMIT")

    def give(self, account: str, container: str, name: str) -> str:
        """Return the path of an object's file, with slashes, below the folder of all."""
        *folders, file = components(account, container, name)
        digest = sha256(name.encode()).hexdigest()
        for ending in ("", *(ADDED + digest[:length] for length in (8, 32, 64))):
            path = [*folders, file + ending]
            if self._take(_folded(path)):
                return "/".join(path)
        raise AssertionError("an object was given a file twice")

    def _take(self, folded: str) -> bool:
        is_folder = self._database.execute("SELECT 1 FROM folder WHERE folded = ?", (folded,))
        if is_folder.fetchone():
            return False
        taken = self._database.execute("INSERT OR IGNORE INTO file VALUES (?)", (folded,))
        return taken.rowcount > 0


def _is_safe(character: str) -> bool:
    return character.isprintable() and character not in _NEVER


def _hexadecimal(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _folded(path: list[str]) -> str:
    """Return what paths have in common that are one file where capitals are no difference."""
    decomposed = unicodedata.normalize("NFKD", "/".join(path)).casefold()
    return unicodedata.normalize("NFKD", decomposed)


def _shortened(encoded: str, longest: int) -> str:
    """Return the beginning of an encoded name, without half of a character."""
    text = encoded.encode()[:longest].decode(errors="ignore")
    cut = text.rfind("%", len(text) - 2)
    return text if cut < 0 else text[:cut]
