"""MCOS as a file system of fsspec; needs the extra ``mcos[fsspec]``."""

from mcos_client.fs.filesystem import McosFileSystem

__all__ = ["McosFileSystem"]
