"""A reply belongs to its question: connections are not shared with processes that are forked."""

import asyncio
import os
from collections.abc import Callable, Iterator
from threading import Barrier, Thread

import httpx
import pytest

from mcos_client import AsyncClient, Client, McosError, ReplyMixedUp
from mcos_client.fs.writer import ObjectWriter, WriteDiscarded
from tests.support.small_mcos import Served, SmallMcos
from tests.unit.client.conftest import Gateway
from tests.unit.client.system import System

CHILDREN = 4
READS = 15


@pytest.fixture
def served() -> Iterator[Served]:
    objects = {f"o{number}": f"content {number}".encode() * 400 for number in range(CHILDREN + 1)}
    with Served(SmallMcos({"c": objects})) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def in_children(work: Callable[[int], bool]) -> list[int]:
    """Run ``work`` with a number in each of some forked processes; give how they ended."""
    children = []
    for number in range(1, CHILDREN + 1):
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if work(number) else 1)
            finally:
                os._exit(2)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def reads_its_own(client: Client, number: int) -> bool:
    expected = f"content {number}".encode() * 400
    return all(client.download_object("c", f"o{number}").content == expected for _ in range(READS))


def assert_connections_are_not_shared(served: Served) -> None:
    """Each process asks for one object; a slow one may have to make its connection again."""
    assert [len(paths) for paths in served.asked.values()] == [1] * len(served.asked)
    assert len({path for paths in served.asked.values() for path in paths}) == CHILDREN + 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_who_inherits_a_client_reads_what_it_asks_for(served: Served) -> None:
    with Client(served.url, "t") as client:
        assert reads_its_own(client, 0)
        assert in_children(lambda number: reads_its_own(client, number)) == [0] * CHILDREN
        assert reads_its_own(client, 0)
    assert_connections_are_not_shared(served)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_who_inherits_an_asynchronous_client_reads_what_it_asks_for(served: Served) -> None:
    client = AsyncClient(served.url, "t")

    async def read(number: int) -> bool:
        found = await client.download_object("c", f"o{number}")
        return found.content == f"content {number}".encode() * 400

    with asyncio.Runner() as runner:
        assert runner.run(read(0))
        assert in_children(lambda number: asyncio.run(read(number))) == [0] * CHILDREN
        runner.run(client.close())
    assert_connections_are_not_shared(served)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_file_is_not_written_by_a_process_that_inherits_it(small_client: Client) -> None:
    writer = ObjectWriter(small_client, "c", "o")
    writer.write(b"of the parent")

    def write(number: int) -> bool:
        try:
            writer.write(b"of a child")
        except WriteDiscarded:
            with pytest.raises(WriteDiscarded):
                writer.close()
            return True
        return False

    assert in_children(write) == [0] * CHILDREN
    writer.close()
    assert small_client.download_object("c", "o").content == b"of the parent"


@pytest.fixture
def small_client() -> Client:
    return Client("http://mcos.test", "t", transport=SmallMcos({"c": {}}))


def test_the_reply_to_another_request_is_not_handed_on(system: System) -> None:
    client = system.another
    client.create_container("c")
    for name in ("a", "b"):
        client.create_object("c", name, name.encode())
    held: list[httpx.Response] = []

    def swap(request: httpx.Request) -> httpx.Response:
        """Each gets the reply to the request before it."""
        held.append(system.answer(request))
        return held[-2] if len(held) > 1 else held[-1]

    swapped = Client("http://mcos.test", system.token, transport=httpx.MockTransport(swap))
    assert swapped.download_object("c", "a").content == b"a"
    asks: list[Callable[[], object]] = [
        lambda: swapped.download_object("c", "b"),
        lambda: swapped.stat_object("c", "a"),
        lambda: swapped.list_object("c"),
        lambda: swapped.list_container(),
        lambda: swapped.delete_object("c", "b"),
        lambda: swapped.stat_object("c", "none"),
    ]
    for ask in asks:
        with pytest.raises(ReplyMixedUp):
            ask()


def test_a_reply_that_names_another_object_is_not_handed_on(
    client: Client, gateway: Gateway
) -> None:
    small = SmallMcos({"c": {"b": b"1"}})
    other = Client("http://mcos.test", transport=small)
    assert other.stat_object("c", "b").name == "b"

    def answer(request: httpx.Request) -> httpx.Response:
        url = str(request.url).replace("/YQ", "/Yg")[len("http://gateway.test") :]
        url = url[url.index("/v1/") :]
        headers = {name: one for name, one in request.headers.items() if "mcos-" not in name}
        asked = httpx.Request(
            request.method, f"http://x{url}", headers=headers, content=request.content
        )
        return small.handle_request(asked)

    gateway.reply = answer
    for ask in (
        lambda: client.stat_object("c", "a"),
        lambda: client.update_object("c", "a", b"2"),
    ):
        with pytest.raises(ReplyMixedUp):
            ask()


def test_a_client_that_is_closed_says_so(small_client: Client) -> None:
    small_client.list_container()
    small_client.close()
    with pytest.raises(McosError, match="closed"):
        small_client.list_container()


def test_threads_that_come_first_together_have_one_pool() -> None:
    client = Client("http://mcos.test", "t", transport=SmallMcos({"c": {}}))
    barrier = Barrier(4)
    found = []

    def look() -> None:
        barrier.wait(60)
        found.append(client._http)

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(map(id, found))) == 1
