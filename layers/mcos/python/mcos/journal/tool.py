"""The rescue tool and the description of the format, which lie beside the journal."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mcos.journal.files import FOLDER

_NAMES = ("README.txt", "mcos-rescue.pyz")

# The build puts them here; a checkout has them in ``rescue/``.
_HERE = Path(__file__).parent


def tool() -> Mapping[str, bytes]:
    """Return the files by their keys; none in a checkout that was not built."""
    paths = [_HERE / name for name in _NAMES]
    return {f"{FOLDER}{path.name}": path.read_bytes() for path in paths if path.exists()}


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return what tells the files of one release from those of another."""
    return sha256(b"".join(files[key] for key in sorted(files))).hexdigest()
