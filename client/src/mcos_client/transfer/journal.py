"""The uploads of files that are under way, so that an interrupted one can go on.

One small file an upload, in ``mcos/uploads`` of the XDG directory of state. It holds the upload's
id only: what is stored of it is asked from the API.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mcos_client.private_files import remove, write_private, xdg_folder
from mcos_client.transfer.source import FileSource

LONGEST_UPLOAD = 7 * 24 * 3600
"""Seconds after which no upload is left that an entry could be about."""


@dataclass(frozen=True)
class Journal:
    """The uploads of one user.

    Attributes
    ----------
    owner
        Profile, name and entry points of the user.
    """

    folder: Path
    owner: tuple[str, ...] = ()

    def entry(
        self, container: str, name: str, source: FileSource, how: Mapping[str, Any]
    ) -> "Entry | None":
        """Make the entry of a file that becomes an object; None if the file has no name.

        Parameters
        ----------
        how
            The upload's options: an upload with other options does not go on.
        """
        if source.path is None:
            return None
        told = {
            "owner": self.owner,
            "container": container,
            "object": name,
            "path": os.path.realpath(source.path),
            "identity": source.identity,
            "how": how,
        }
        key = json.dumps(told, sort_keys=True)
        return Entry(self.folder / f"{sha256(key.encode()).hexdigest()[:32]}.json", told)


@dataclass(frozen=True)
class Entry:
    """What the journal holds of one file and one object."""

    path: Path
    told: Mapping[str, Any]

    def find(self) -> str | None:
        """Read the id of the upload that is under way, if there is one."""
        try:
            found = json.loads(self.path.read_text("utf-8"))["upload"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if isinstance(found, str) else None

    def keep(self, upload: str) -> None:
        """Note an upload."""
        write_private(self.path, json.dumps({**self.told, "upload": upload}, indent=2) + "\n")
        _forget_old(self.path.parent)

    def forget(self) -> None:
        """Remove the entry: the upload is complete, or does not exist any more."""
        remove(self.path)


def state_folder() -> Path:
    """Find the folder of the command's journal."""
    return xdg_folder("XDG_STATE_HOME", ".local/state") / "mcos" / "uploads"


def _forget_old(folder: Path) -> None:
    oldest = time.time() - LONGEST_UPLOAD
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            pass  # another process was first
