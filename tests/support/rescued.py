"""What the rescue reads of a backend in memory: the journal that the functions wrote there."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from json import loads
from types import TracebackType

from mcos.admin.import_catalog import State, States
from mcos_rescue.catalog import Catalog, open_catalog
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.errors import NotThere
from mcos_rescue.stores.contract import Listed
from tests.support.fake_backend import FakeBackend


class RescuedStore:
    """A ``FakeBackend`` as a store of the rescue, without the network before it."""

    kind = "s3"

    def __init__(self, backend: FakeBackend) -> None:
        self._backend = backend

    def page(self, prefix: str, after: str) -> list[Listed]:
        keys = sorted(self._backend.replicas)
        found = [key for key in keys[bisect_right(keys, after) :] if key.startswith(prefix)][:100]
        stats = [self._backend.replicas[key][1] for key in found]
        return [Listed(one.key, one.size, one.stored_at) for one in stats]

    def open(self, key: str, first: int = 0) -> "_Opened":
        if key not in self._backend.replicas:
            raise NotThere(f"{key} is not there")
        body, stat = self._backend.replicas[key]
        text = stat.identity or ""
        pieces = [text[begin : begin + 900] for begin in range(0, len(text), 900)]
        headers = {f"x-amz-meta-mcos-id-{number}": one for number, one in enumerate(pieces)}
        return _Opened({"etag": f'"{stat.md5}"', **headers}, body[first:])


class _Opened:
    def __init__(self, headers: Mapping[str, str], content: bytes) -> None:
        self.headers = headers
        self._stream = BytesIO(content)

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def __enter__(self) -> "_Opened":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@contextmanager
def rescued(backend: FakeBackend, keys: Keys = NO_KEYS) -> Iterator[Catalog]:
    """The catalog as a backend alone tells it, without a doubt."""
    with open_catalog(RescuedStore(backend), keys=keys) as catalog:
        assert catalog.problems == []
        yield catalog


def states_of(catalog: Catalog) -> States:
    """What is to be imported of a rescued catalog."""

    def states(table: str) -> Iterator[State]:
        for one in catalog.fold.states(table):
            record = None if one.record is None else loads(one.record)
            yield State(one.table, one.key, one.revision, record, one.is_doubtful)

    return states
