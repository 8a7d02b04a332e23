"""Writing what was downloaded into files that are whole or not there."""

import os
from pathlib import Path
from uuid import uuid4


def write_file(path: Path, content: bytes) -> None:
    """Write a file, in the place of the one of its name; nobody sees a part of it.

    Raises
    ------
    OSError
    """
    if path.exists() and not path.is_file():
        # A device, a named pipe: it is written to, not replaced.
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".mcos-{uuid4().hex}")
    try:
        # Opened like any new file, so that it gets the permissions that any new file gets.
        with temporary.open("xb") as file:
            file.write(content)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
