"""People at work while operators change clusters."""

import threading
from collections.abc import Callable, Sequence

from mcos_client import Client, McosError
from tests.functional.conftest import Account
from tests.functional.five.conftest import FIVE

OBJECTS = 60


def fill(client: Client, container: str) -> None:
    """Create the objects that are read; the content of each is its name."""
    for number in range(OBJECTS):
        name = f"object-{number}"
        client.create_object(container, name, name.encode(), prefer="wait=25")


class Load:
    """Writers and readers that go on until they are stopped, and what they saw go wrong.

    Parameters
    ----------
    whole
        Whether every object is to have all its replicas all the time.
    prefer
        How writers wait: one that waits for all replicas may be refused while a backend is gone.
    at
        The entry points that they use.
    """

    def __init__(
        self,
        account: Account,
        container: str,
        *,
        whole: bool = True,
        prefer: str = "wait=25",
        at: Sequence[str] = FIVE,
    ) -> None:
        self.account, self.container, self.prefer = account, container, prefer
        self.failures: list[str] = []
        self.calls = 0
        self.samples = 0
        self._over = threading.Event()
        bodies = [self._write, self._read, *([self._sample] if whole else [])]
        self._threads = [
            threading.Thread(target=self._work, args=(body, at[number % len(at)]))
            for number, body in enumerate(bodies)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *of_an_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, body: Callable[[Client, int], None], cluster: str) -> None:
        number = 0
        with self.account.client(cluster) as client:
            while not self._over.is_set():
                try:
                    body(client, number)
                except (McosError, AssertionError) as error:
                    self.failures.append(f"{body.__name__} {number}: {error!r}")
                self.calls += 1
                number += 1

    def _write(self, client: Client, number: int) -> None:
        name = f"written-{number % 20}"
        if number < 20:
            client.create_object(self.container, name, b"0", prefer=self.prefer)
        else:
            client.update_object(self.container, name, b"%d" % number, prefer=self.prefer)

    def _read(self, client: Client, number: int) -> None:
        name = f"object-{number % OBJECTS}"
        assert client.download_object(self.container, name).content == name.encode()

    def _sample(self, client: Client, number: int) -> None:
        stat = client.stat_object(self.container, f"object-{number % OBJECTS}")
        stored = sum(one.state in ("stored", "leaving") for one in stat.replicas)
        self.samples += 1
        assert stored >= 3, stat
        assert stat.state == "CREATED", stat
