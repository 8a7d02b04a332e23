"""What is declared once is a method of one client and a coroutine of the other."""

import asyncio
import inspect
import pydoc
from collections.abc import AsyncIterator, Iterator
from io import BufferedReader
from typing import Any, assert_type

import httpx
import pytest

from mcos_client import (
    AsyncClient,
    Client,
    Container,
    Job,
    McosError,
    NotFound,
    ObjectStat,
    Token,
    Upload,
    Written,
)
from mcos_client.admin import Admin
from mcos_client.aio.client import AsyncAdmin
from mcos_client.aio.object_file import AsyncObjectFile
from mcos_client.api.call import Call, Result
from mcos_client.api.method import (
    Procedure,
    Sends,
    SendsAsync,
    Series,
    Show,
    ask,
    method,
    pause,
    procedure,
    series,
)

PAIRS = [(Client, AsyncClient), (Admin, AsyncAdmin)]

ASYNC_RESULTS: dict[Any, Any] = {
    Iterator: AsyncIterator,
    BufferedReader: AsyncObjectFile,
}


# For a gateway, which has neither files nor threads for what goes through it.
ONLY_ASYNC: dict[type, set[str]] = {AsyncClient: {"find_content", "read_elsewhere", "send_part"}}


def public(kind: type) -> dict[str, Any]:
    members = inspect.getmembers(kind, inspect.isfunction)
    return {name: member for name, member in members if not name.startswith("_")}


def result_of_coroutine(result: Any) -> Any:
    """What a coroutine answers where the method answers ``result``."""
    origin = ASYNC_RESULTS.get(getattr(result, "__origin__", result))
    arguments = getattr(result, "__args__", ())
    return result if origin is None else origin[arguments] if arguments else origin


@pytest.mark.parametrize(("kind", "async_kind"), PAIRS)
def test_both_clients_have_the_same_calls_with_one_docstring_and_signature(
    kind: type, async_kind: type
) -> None:
    methods, coroutines = public(kind), public(async_kind)
    assert sorted([*methods, *ONLY_ASYNC.get(async_kind, ())]) == sorted(coroutines)
    for name, one in methods.items():
        coroutine = coroutines[name]
        assert inspect.getdoc(one), f"{name} has no docstring"
        assert one.__doc__ == coroutine.__doc__, name
        expected, found = inspect.signature(one), inspect.signature(coroutine)
        assert found.parameters == expected.parameters, name
        assert found.return_annotation == result_of_coroutine(expected.return_annotation), name
        assert inspect.iscoroutinefunction(coroutine) or inspect.isasyncgenfunction(coroutine)


def test_help_shows_a_call_as_people_write_it() -> None:
    shown = pydoc.plain(pydoc.render_doc(Client.stat_object))
    assert "stat_object(self, container: str, name: str, *, wait: int | None = None)" in shown
    assert "-> mcos_client.api.models.ObjectStat" in shown
    assert "every replica" in shown
    assert "async stat_object(self, " in pydoc.plain(pydoc.render_doc(AsyncClient.stat_object))
    client = Client("http://mcos.test")
    assert [*inspect.signature(client.stat_object).parameters] == ["container", "name", "wait"]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        client.stat_object("c")  # type: ignore[call-arg]


def types_of_methods(client: Client) -> None:
    """Checked by mypy, never run."""
    assert_type(client.login("demo", "secret"), Token)
    assert_type(client.stat_object("c", "o", wait=5), ObjectStat)
    assert_type(client.delete_object("c", "o"), bool)
    assert_type(client.all_containers(prefix="x"), Iterator[Container])
    assert_type(client.watch_object("c", "o"), Iterator[ObjectStat])
    assert_type(client.wait_until_settled("c", "o"), ObjectStat | None)
    assert_type(client.all_uploads(), Iterator[Upload])
    assert_type(client.create_object("c", "o", b""), Written)
    assert_type(client.admin.drain_cluster("s3", rate=1.0), Job)
    client.stat_object("c", 5)  # type: ignore[arg-type]
    client.stat_object("c", "o", limit=5)  # type: ignore[call-arg]


async def types_of_coroutines(client: AsyncClient) -> None:
    """Checked by mypy, never run."""
    assert_type(await client.login("demo", "secret"), Token)
    assert_type(await client.stat_object("c", "o", wait=5), ObjectStat)
    assert_type(await client.delete_object("c", "o"), bool)
    assert_type(client.all_containers(prefix="x"), AsyncIterator[Container])
    assert_type(client.watch_object("c", "o"), AsyncIterator[ObjectStat])
    assert_type(await client.wait_until_settled("c", "o"), ObjectStat | None)
    assert_type(client.all_uploads(), AsyncIterator[Upload])
    assert_type(await client.create_object("c", "o", b"", metadata={"a": "b"}), Written)
    assert_type(await client.upload("c", "o", b"", parallel=2), Written)
    assert_type(await client.admin.drain_cluster("s3", rate=1.0), Job)
    await client.stat_object("c", 5)  # type: ignore[arg-type]
    await client.create_object("c", "o", 5)  # type: ignore[arg-type]
    await client.upload("c", "o", b"", parallel="two")  # type: ignore[arg-type]


def say(text: str) -> Call[str]:
    """Say something."""
    return Call("GET", text, lambda response: text)


def talk(*texts: str) -> Series[str]:
    """Say several things, each twice as late as the one before."""
    seconds = 1.0
    for text in texts:
        try:
            answer = yield from ask(say(text))
        except NotFound:
            yield Show("nothing")
            continue
        yield Show(answer)
        seconds = (yield from pause(seconds)) * 2


def count(*texts: str) -> Procedure[int]:
    """Say several things, and count them."""
    yield from talk(*texts)
    return len(texts)


class Calls:
    say = method(say, then=lambda self, result: self.said.append(result))
    talk = series(talk)
    count = procedure(count)


class Speaker(Calls, Sends):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.time = 0.0

    def _send(self, call: Call[Result], /) -> Result:
        self.asked.append(call.path)
        if call.path == "not found":
            raise NotFound("no")
        if call.path == "refused":
            raise McosError("no")
        return call.result(httpx.Response(200))

    def _pause(self, seconds: float, /) -> float:
        self.time += seconds
        return self.time


class AsyncSpeaker(Calls, SendsAsync):
    def __init__(self) -> None:
        self.speaker = Speaker()
        self.said = self.speaker.said

    async def _send(self, call: Call[Result], /) -> Result:
        return self.speaker._send(call)

    async def _pause(self, seconds: float, /) -> float:
        return self.speaker._pause(seconds)


def test_a_call_is_sent_and_its_result_is_used_before_it_is_given() -> None:
    one, other = Speaker(), AsyncSpeaker()
    assert one.say("a") == "a"
    assert asyncio.run(other.say("b")) == "b"
    assert (one.said, other.said) == (["a"], ["b"])


TEXTS = ["a", "not found", "b", "c"]


def test_steps_are_answered_by_calls_errors_and_times() -> None:
    async def all_of(speaker: AsyncSpeaker) -> list[str]:
        return [one async for one in speaker.talk(*TEXTS)]

    one, other = Speaker(), AsyncSpeaker()
    assert list(one.talk(*TEXTS)) == ["a", "nothing", "b", "c"]
    assert asyncio.run(all_of(other)) == ["a", "nothing", "b", "c"]
    assert one.asked == other.speaker.asked == TEXTS
    assert one.time == other.speaker.time == 1 + 2 + 6


def test_steps_lead_to_a_result_and_errors_come_through() -> None:
    one, other = Speaker(), AsyncSpeaker()
    assert one.count(*TEXTS) == asyncio.run(other.count(*TEXTS)) == 4
    with pytest.raises(McosError):
        one.count("a", "refused", "b")
    with pytest.raises(McosError):
        asyncio.run(other.count("a", "refused", "b"))
    assert one.asked == other.speaker.asked == [*TEXTS, "a", "refused"]


def test_nothing_more_is_asked_for_when_reading_stops() -> None:
    one = Speaker()
    assert next(one.talk(*TEXTS)) == "a"
    assert one.asked == ["a"]
