"""The tool as one file: ``python -m mcos_rescue.build FILE``.

The same sources make the same bytes, whenever and wherever it is made.
"""

import sys
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_PACKAGE = Path(__file__).parent
_FIRST_LINE = b"#!/usr/bin/env python3\n"
_MAIN = b"import sys\n\nfrom mcos_rescue.commands.main import main\n\nsys.exit(main())\n"
_SUFFIXES = (".py", ".txt", ".typed")


def archive() -> bytes:
    """Return ``mcos-rescue.pyz``, as ``zipapp`` makes it but for the time and the machine."""
    contents = {
        f"{_PACKAGE.name}/{path.relative_to(_PACKAGE).as_posix()}": path.read_bytes()
        for path in _PACKAGE.rglob("*")
        if path.suffix in _SUFFIXES
    }
    contents["__main__.py"] = _MAIN
    made = BytesIO()
    made.write(_FIRST_LINE)
    with ZipFile(made, "a", ZIP_STORED) as packed:
        for name in sorted(contents):
            entry = ZipInfo(name)  # of 1980
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, contents[name])
    return made.getvalue()


def readme() -> bytes:
    """Return ``README.txt``, the description of the format."""
    return files("mcos_rescue").joinpath("README.txt").read_bytes()


def main() -> int:
    """Write the file that the command line names."""
    if len(sys.argv) != 2:
        print("usage: python -m mcos_rescue.build FILE", file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    path.write_bytes(archive())
    path.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main())
