"""Objects as open files."""

import sys
import warnings
from errno import EISDIR
from typing import Any, cast

from fsspec.spec import AbstractBufferedFile  # type: ignore[import-untyped]

from mcos_client.api.writing import OCTET_STREAM
from mcos_client.fs.looking import Looking
from mcos_client.fs.paths import split
from mcos_client.fs.tree import file_errors
from mcos_client.fs.writer import ObjectWriter


class McosFile(AbstractBufferedFile):
    """One version of an object, read in ranges that are cached."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.details["type"] == "directory":
            raise IsADirectoryError(EISDIR, "It is a folder", self.path)

    def _fetch_range(self, start: int, end: int) -> bytes:
        found = self.details
        with file_errors(self.path):
            return cast(Looking, self.fs).client.read_range(
                *split(self.path), start, end, etag=found["ETag"], version=found["version"]
            )


class WrittenFile(ObjectWriter):
    """An object that is being written; a transaction of fsspec stores it by ``commit``.

    fsspec's own ``with fsspec.open(...)``, and pandas, close a file whose writing failed like one
    that is complete. So a close during an exception that began after the file was opened discards
    it, with a warning.
    """

    mode = "wb"

    def __init__(
        self,
        fs: Looking,
        path: str,
        *,
        only_new: bool,
        autocommit: bool,
        content_type: str = OCTET_STREAM,
        metadata: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.fs = fs
        self.path = path
        self.autocommit = autocommit
        self._passing = sys.exc_info()[1]
        super().__init__(
            fs.client,
            *split(path),
            content_type=content_type,
            metadata=metadata,
            headers=headers,
            only_new=only_new,
            timeout=fs.timeout,
        )

    def close(self) -> None:
        if self.closed:
            return
        passing = sys.exc_info()[1]
        if passing is not None and passing is not self._passing:
            self.discard()
            message = f"{self.path} was not stored: it was closed because of {passing!r}"
            warnings.warn(message, stacklevel=2)
        elif self.autocommit:
            self.commit()

    def commit(self) -> None:
        """Store it."""
        with file_errors(self.path):
            super().close()
