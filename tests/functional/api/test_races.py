"""Two or more clients at once: what the API promises holds whoever comes first."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest

import mcos_client
from mcos_client import Client, McosError
from tests.functional.api.conftest import CLUSTERS
from tests.support.effort import examples

pytestmark = pytest.mark.explored

ROUNDS = examples(4)
"""The races of which every interleaving is enumerated in process, here as they happen."""
MODES = ["wait=25", "respond-async"]


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make all calls at the same moment; what each answered, refusals included."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except McosError as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))


def refusals(outcomes: Sequence[object]) -> list[McosError]:
    return [one for one in outcomes if isinstance(one, McosError)]


@pytest.mark.parametrize("prefer", MODES)
def test_of_creates_of_one_name_exactly_one_succeeds(
    clients: dict[str, Client], client: Client, container: str, prefer: str
) -> None:
    for number in range(ROUNDS):
        name = f"o{number}"
        contents = {at: at.encode() * 100 for at in CLUSTERS}
        outcomes = at_once(
            [
                partial(clients[at].create_object, container, name, contents[at], prefer=prefer)
                for at in CLUSTERS
            ]
        )
        refused = refusals(outcomes)
        assert len(refused) == len(CLUSTERS) - 1, outcomes
        assert all(isinstance(one, mcos_client.Conflict) for one in refused), refused
        [won] = [one for one in outcomes if isinstance(one, mcos_client.Written)]
        stat = client.wait_until_settled(container, name)
        assert stat is not None
        assert (stat.state, stat.version) == ("CREATED", won.version)
        winner = CLUSTERS[outcomes.index(won)]
        assert client.download_object(container, name).content == contents[winner]


@pytest.mark.parametrize("prefer", MODES)
def test_an_object_never_appears_in_a_deleted_container(
    clients: dict[str, Client], client: Client, container: str, prefer: str
) -> None:
    for number in range(ROUNDS):
        raced = client.create_container(f"{container}-{number}").name
        created, deleted = at_once(
            [
                partial(clients["swift"].create_object, raced, "o", b"content", prefer=prefer),
                partial(clients["ceph"].delete_container, raced),
            ]
        )
        if isinstance(created, mcos_client.Written):
            assert isinstance(deleted, mcos_client.Conflict), "both succeeded"
            stat = client.wait_until_settled(raced, "o")
            assert stat is not None
            assert stat.state == "CREATED"
            assert [one.name for one in client.list_object(raced).objects] == ["o"]
        else:
            assert isinstance(created, mcos_client.ContainerNotFound | mcos_client.Conflict)
            assert client.wait_until_settled(raced, "o") is None
        if deleted is None:
            with pytest.raises(mcos_client.ContainerNotFound):
                client.list_object(raced)
            # The name may be used again, and nothing of before shines through.
            client.create_container(raced)
            assert client.list_object(raced).objects == ()


@pytest.mark.parametrize("size", [1000, 200_000])
def test_of_concurrent_updates_one_content_is_whole_and_readers_never_see_a_mix(
    clients: dict[str, Client], client: Client, container: str, size: int
) -> None:
    first = os.urandom(size)
    client.create_object(container, "o", first, prefer="wait=25")
    known = {first}
    for _ in range(ROUNDS):
        contents = {at: os.urandom(size) for at in CLUSTERS}
        known |= set(contents.values())
        finished = Event()
        with ThreadPoolExecutor(max_workers=2) as readers:
            reading = [
                readers.submit(read_until, finished, clients[at], container)
                for at in ("s3", "swift")
            ]
            try:
                outcomes = at_once(
                    [
                        partial(
                            clients[at].update_object,
                            container,
                            "o",
                            contents[at],
                            prefer="wait=25",
                        )
                        for at in CLUSTERS
                    ]
                )
            finally:
                finished.set()
            seen = set().union(*(one.result() for one in reading))
        assert seen <= known, "a reader saw what nobody had written"
        for one in refusals(outcomes):
            assert isinstance(one, mcos_client.Conflict), one
        stat = client.wait_until_settled(container, "o")
        assert stat is not None
        assert stat.state == "CREATED"
        succeeded = {
            one.version: contents[at]
            for at, one in zip(CLUSTERS, outcomes, strict=True)
            if isinstance(one, mcos_client.Written)
        }
        assert stat.version in succeeded, "what is there was told to have failed"
        for reader in clients.values():
            assert reader.download_object(container, "o").content == succeeded[stat.version]


def read_until(finished: Event, client: Client, container: str) -> set[bytes]:
    """Read again and again; the contents seen. The client checks each against its digest."""
    seen = {client.download_object(container, "o").content}
    while not finished.is_set():
        seen.add(client.download_object(container, "o").content)
    return seen


def test_of_updates_taken_at_once_the_last_accepted_becomes_the_content(
    clients: dict[str, Client], client: Client, container: str
) -> None:
    client.create_object(container, "o", b"first", prefer="wait=25")
    for number in range(ROUNDS):
        contents = {at: f"{at} {number}".encode() for at in CLUSTERS}
        outcomes = at_once(
            [
                partial(
                    clients[at].update_object, container, "o", contents[at], prefer="respond-async"
                )
                for at in CLUSTERS
            ]
        )
        assert refusals(outcomes) == []
        stat = client.wait_until_settled(container, "o")
        assert stat is not None
        assert stat.state == "CREATED"
        taken = {
            one.version: contents[at]
            for at, one in zip(CLUSTERS, outcomes, strict=True)
            if isinstance(one, mcos_client.Written)
        }
        assert client.download_object(container, "o").content == taken[stat.version]


@pytest.mark.parametrize("update", MODES)
@pytest.mark.parametrize("delete", MODES)
def test_a_deleted_object_stays_deleted_whatever_update_comes(
    clients: dict[str, Client], client: Client, container: str, update: str, delete: str
) -> None:
    for number in range(ROUNDS // 2):
        name = f"o{number}"
        client.create_object(container, name, b"old", prefer="wait=25")
        updated, deleted = at_once(
            [
                partial(clients["swift"].update_object, container, name, b"new", prefer=update),
                partial(clients["ceph"].delete_object, container, name, prefer=delete),
            ]
        )
        assert not isinstance(deleted, McosError), deleted
        allowed = mcos_client.Written | mcos_client.ObjectNotFound | mcos_client.Conflict
        assert isinstance(updated, allowed), updated
        assert client.wait_until_settled(container, name) is None
    client.delete_container(container)


def test_of_deletes_at_once_none_fails_but_for_finding_nothing(
    clients: dict[str, Client], client: Client, container: str
) -> None:
    for number in range(ROUNDS):
        name = f"o{number}"
        client.create_object(container, name, b"content", prefer="wait=25")
        outcomes = at_once(
            [
                partial(clients[at].delete_object, container, name, prefer="wait=25")
                for at in CLUSTERS
            ]
        )
        assert True in outcomes
        assert all(isinstance(one, mcos_client.ObjectNotFound) for one in refusals(outcomes))
        assert client.wait_until_settled(container, name) is None


def test_creates_and_deletes_of_one_name_leave_one_whole_object_or_none(
    clients: dict[str, Client], client: Client, container: str
) -> None:
    for number in range(ROUNDS):
        content = {at: f"{at} {number}".encode() for at in CLUSTERS}
        outcomes = at_once(
            [
                partial(
                    clients["s3"].create_object, container, "o", content["s3"], prefer="wait=25"
                ),
                partial(
                    clients["swift"].create_object,
                    container,
                    "o",
                    content["swift"],
                    prefer="respond-async",
                ),
                partial(clients["ceph"].delete_object, container, "o", prefer="wait=25"),
            ]
        )
        for one in refusals(outcomes):
            assert isinstance(one, mcos_client.Conflict | mcos_client.ObjectNotFound), one
        stat = client.wait_until_settled(container, "o")
        if stat is not None:
            assert stat.state == "CREATED"
            assert client.download_object(container, "o").content in content.values()
            client.delete_object(container, "o", prefer="wait=25")


def test_of_creates_of_one_container_all_succeed_and_agree(
    clients: dict[str, Client], container: str
) -> None:
    for number in range(ROUNDS):
        raced = f"{container}-{number}"
        outcomes = at_once([partial(clients[at].create_container, raced) for at in CLUSTERS])
        assert refusals(outcomes) == []
        assert len(set(map(str, outcomes))) == 1


def test_of_deletes_of_one_container_at_least_one_ends_in_its_absence(
    clients: dict[str, Client], client: Client, container: str
) -> None:
    for number in range(ROUNDS):
        raced = client.create_container(f"{container}-{number}").name
        outcomes = at_once([partial(clients[at].delete_container, raced) for at in CLUSTERS])
        allowed = mcos_client.ContainerNotFound | mcos_client.Conflict
        assert all(isinstance(one, allowed) for one in refusals(outcomes)), outcomes
        if None in outcomes:
            with pytest.raises(mcos_client.ContainerNotFound):
                client.list_object(raced)
        else:
            client.delete_container(raced)
