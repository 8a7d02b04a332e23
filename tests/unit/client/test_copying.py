"""Copying objects, and describing them anew, by the library."""

import asyncio
from typing import Any

import httpx
import pytest

from mcos_client import (
    AsyncClient,
    Client,
    ContainerNotFound,
    InvalidHeader,
    InvalidMetadata,
    NotSettled,
    ObjectExists,
    ObjectNotFound,
    ObjectNotReady,
    PreconditionFailed,
)
from tests.unit.client.client_clock import ClientClock
from tests.unit.client.conftest import SMALL
from tests.unit.client.system import ENTRY_POINT, System, problem

LARGE = bytes(range(256)) * (SMALL // 128)


@pytest.fixture(autouse=True)
def stored(user: Client, system: System) -> None:
    """An object ``c/o``."""
    user.create_object(
        "c",
        "o",
        b"1",
        content_type="text/plain",
        metadata={"colour": "green", "size": "small"},
        headers={"Expires": "0"},
        prefer="wait=25",
    )
    system.requests.clear()


def facts(user: Client, name: str, container: str = "c") -> Any:
    stat = user.stat_object(container, name)
    return stat.content_type, stat.metadata, stat.headers


def test_a_copy_is_one_call_and_has_what_the_source_has(user: Client, system: System) -> None:
    user.create_container("d")
    system.requests.clear()
    copied = user.copy_object("c", "o", to_container="d", to_name="a?b/../x", prefer="wait=25")
    [request] = system.requests
    assert request.method == "PUT"
    assert copied.state == "CREATED"
    assert (copied.container, copied.name) == ("d", "a?b/../x")
    assert copied.etag == user.stat_object("c", "o").etag
    assert user.download_object("d", "a?b/../x").content == b"1"
    assert facts(user, "a?b/../x", "d") == facts(user, "o")


def test_in_its_container_or_under_its_name(user: Client, system: System) -> None:
    user.create_container("d")
    user.copy_object("c", "o", to_name="p")
    user.copy_object("c", "o", to_container="d")
    assert sorted(system.stored()) == ["o", "p"]
    assert sorted(system.stored("d")) == ["o"]


def test_what_is_given_is_different_in_the_copy(user: Client) -> None:
    user.copy_object(
        "c",
        "o",
        to_name="p",
        content_type="image/png",
        metadata={"Colour": None, "a": "b"},
        headers={"expires": None, "cache-control": "no-store"},
    )
    expected = ("image/png", {"size": "small", "a": "b"}, {"Cache-Control": "no-store"})
    assert facts(user, "p") == expected


def test_what_is_there_is_replaced_refused_or_required(user: Client) -> None:
    with pytest.raises(ObjectNotFound):
        user.copy_object("c", "o", to_name="p", if_there="require")
    user.copy_object("c", "o", to_name="p", if_there="refuse")
    with pytest.raises((ObjectExists, PreconditionFailed)):
        user.copy_object("c", "o", to_name="p", if_there="refuse")
    user.copy_object("c", "o", to_name="p", if_there="require")
    user.copy_object("c", "o", to_name="p")


def test_the_source_is_as_it_has_to_be(user: Client) -> None:
    stat = user.stat_object("c", "o")
    user.copy_object("c", "o", to_name="p", version=stat.version, if_match=stat.etag)
    with pytest.raises(PreconditionFailed):
        user.copy_object("c", "o", to_name="q", version="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(PreconditionFailed):
        user.copy_object("c", "o", to_name="q", if_match='"e"')
    with pytest.raises(ObjectNotFound):
        user.copy_object("c", "none", to_name="q")
    with pytest.raises(ContainerNotFound):
        user.copy_object("c", "o", to_container="none")


def test_content_of_any_size_is_taken_at_once(user: Client, system: System) -> None:
    user.put_object("c", "large", LARGE)
    user.wait_until_settled("c", "large")
    copied = user.copy_object("c", "large", to_name="copy", prefer="wait=25")
    assert (copied.state, copied.preference_applied) == ("CREATING", "respond-async")
    user.delete_object("c", "large")
    assert b"".join(user.stream_object("c", "copy")) == LARGE
    stat = user.wait_until_settled("c", "copy")
    assert stat is not None
    assert stat.etag == copied.etag
    assert b"".join(user.stream_object("c", "copy")) == LARGE


def test_what_is_still_being_stored_is_waited_for(user: Client, system: System) -> None:
    user.put_object("c", "large", LARGE)
    copied = user.copy_object("c", "large", to_name="copy")
    assert copied.etag == user.stat_object("c", "large").etag
    asked = [one for one in system.requests if "/copy/" in one.url.path]
    assert len(asked) > 1


def test_it_is_not_waited_for_for_ever(user: Client, clock: ClientClock, system: System) -> None:
    system.instead = lambda request: problem(409, "object_not_ready")
    began = clock.now()
    with pytest.raises(ObjectNotReady):
        user.copy_object("c", "o", to_name="p", timeout=30)
    assert 30 <= clock.now() - began < 40


def test_the_asynchronous_client_copies_alike(system: System, clock: ClientClock) -> None:
    async def run() -> Any:
        transport = httpx.MockTransport(system)
        async with AsyncClient(
            ENTRY_POINT, system.token, transport=transport, clock=clock
        ) as client:
            copied = await client.copy_object("c", "o", to_name="p")
            described = await client.update_metadata("c", "p", metadata={"colour": "red"})
            return copied, described

    copied, described = asyncio.run(run())
    assert copied.version == described.version
    assert system.record("p").shown.metadata == {"colour": "red", "size": "small"}


def test_what_describes_an_object_is_changed_by_one_call(user: Client, system: System) -> None:
    before = user.stat_object("c", "o")
    system.requests.clear()
    written = user.update_metadata(
        "c", "o", metadata={"colour": "red", "size": None}, headers={"expires": "1"}
    )
    assert [one.method for one in system.requests] == ["PATCH"]
    assert (written.version, written.etag) == (before.version, before.etag)
    assert written.preference_applied == ""
    assert facts(user, "o") == ("text/plain", {"colour": "red"}, {"Expires": "1"})
    user.update_metadata("c", "o", content_type="image/png", if_match=before.etag)
    assert facts(user, "o")[0] == "image/png"
    assert user.download_object("c", "o").content == b"1"


def test_a_change_that_is_none_of_the_object_is_refused(user: Client, system: System) -> None:
    with pytest.raises(PreconditionFailed):
        user.update_metadata("c", "o", metadata={"a": "b"}, if_match='"e"')
    with pytest.raises(ObjectNotFound):
        user.update_metadata("c", "none", metadata={"a": "b"})
    system.requests.clear()
    for metadata in ({"a b": None}, {"a": " b"}, {"a": "1", "A": None}):
        with pytest.raises(InvalidMetadata):
            user.update_metadata("c", "o", metadata=metadata)
    for headers in ({"Content-Type": None}, {"Expires": "é"}, {"Expires": "0", "expires": None}):
        with pytest.raises(InvalidHeader):
            user.update_metadata("c", "o", headers=headers)
    assert system.requests == []


def test_no_change_is_made_twice_after_a_lost_reply(user: Client, system: System) -> None:
    """Another client's change in between would be undone."""

    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method in ("PATCH", "PUT"):
            system.answer(request)
            raise httpx.ReadError("lost")
        return None

    system.instead = lose
    for call in (
        lambda: user.update_metadata("c", "o", metadata={"a": "b"}),
        lambda: user.copy_object("c", "o", to_name="p"),
    ):
        system.requests.clear()
        with pytest.raises(Exception, match=r".") as told:
            call()
        assert not isinstance(told.value, NotSettled)
        assert len(system.requests) == 1
