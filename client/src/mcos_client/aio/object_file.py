"""An object that is read like a file, by coroutines."""

from io import SEEK_SET, BufferedReader
from types import TracebackType
from typing import Self

from mcos_client.aio.worker import Worker


class AsyncObjectFile:
    """An object, read like a file; ``Client.open_object`` says more."""

    def __init__(self, worker: Worker, file: BufferedReader) -> None:
        self._worker = worker
        self._file = file

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, all that are left if it is negative."""
        return await self._worker.do(lambda: self._file.read(size))

    async def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a position."""
        return await self._worker.do(lambda: self._file.seek(offset, whence))

    async def close(self) -> None:
        """End reading, and the thread that reads."""
        await self._worker.do(self._file.close)
        self._worker.close()
