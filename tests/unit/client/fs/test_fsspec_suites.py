"""The suites that fsspec has for all file systems, on one of MCOS."""

import posixpath
from collections.abc import Callable

import pytest
from fsspec.tests import abstract  # type: ignore[import-untyped]

from mcos_client.fs import McosFileSystem


class Mcos(abstract.AbstractFixtures):  # type: ignore[misc]
    """Where the suites work: a container, in which there are no empty folders."""

    @pytest.fixture
    def fs(self, fs: McosFileSystem) -> McosFileSystem:
        return fs

    @pytest.fixture
    def fs_path(self) -> str:
        return "c"

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return posixpath.join

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False


class TestCopy(abstract.AbstractCopyTests, Mcos):  # type: ignore[misc]
    pass


class TestGet(abstract.AbstractGetTests, Mcos):  # type: ignore[misc]
    pass


class TestPut(abstract.AbstractPutTests, Mcos):  # type: ignore[misc]
    pass


class TestOpen(abstract.AbstractOpenTests, Mcos):  # type: ignore[misc]
    pass


class TestPipe(abstract.AbstractPipeTests, Mcos):  # type: ignore[misc]
    pass
