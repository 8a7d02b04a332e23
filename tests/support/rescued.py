"""What the rescue reads of a backend in memory, and a new deployment that takes it over."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from json import loads
from types import TracebackType
from typing import Any

from mcos.admin.import_catalog import Report, State, States, import_catalog
from mcos.catalog import registry
from mcos_rescue.catalog import Catalog, open_catalog
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.errors import NotThere
from mcos_rescue.stores.contract import Listed
from tests.support.cloud import CLUSTERS, Cloud, arn
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


def prepare(cloud: Cloud) -> None:
    """Have the health checked, which gives the deployment its id."""
    for cluster in CLUSTERS:
        cloud.invoke(arn(cluster, "check_health"), {})


def journal(cloud: Cloud) -> None:
    """Let all that was done be done, and be in the journal on every backend."""
    cloud.settle()
    cloud.journal()
    cloud.settle()


def lose_aws(cloud: Cloud, *, clusters: tuple[str, ...] = CLUSTERS) -> None:
    """Deploy anew on what the backends have."""
    kept = {name: dict(backend.replicas) for name, backend in cloud.backends.items()}
    cloud.deploy()
    for name, backend in cloud.backends.items():
        backend.replicas = kept[name]
    for name in CLUSTERS:
        if name not in clusters:
            cloud.unregister(name)
    for name in clusters:
        cloud.invoke(arn(name, "check_health"), {})


def take_over(cloud: Cloud, backend: str = "swift", keys: Keys = NO_KEYS, **more: Any) -> Report:
    """Import what a backend has."""
    with rescued(cloud.backends[backend], keys) as catalog:
        return run(cloud, states_of(catalog), catalog.journal.deployment, **more)


def run(cloud: Cloud, states: States, deployment: str, **more: Any) -> Report:
    """Import states."""
    with cloud.network.outside(), cloud.at("s3"):
        report = import_catalog(states, deployment=deployment, generation=7, **more)
        registry.forget()
        return report
