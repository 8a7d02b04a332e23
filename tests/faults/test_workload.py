"""Workloads are drawn from a seed, and can be driven on anything that is an object store."""

from threading import Lock

import pytest

import mcos_client
from mcos_client import Client
from tests.support.faults.history import WRITES, Kind, Outcome, Recorder, Result, value_of
from tests.support.faults.linearizability import violations
from tests.support.faults.object_store import ClientStore
from tests.support.faults.register import Visibility
from tests.support.faults.workload import Mix, drive, perform, plan


class Shelf:
    """An object store of a dictionary."""

    def __init__(self, *, forgetful: bool = False) -> None:
        self._lock = Lock()
        self._contents: dict[str, bytes] = {}
        self._forgetful = forgetful
        self._updates = 0

    def create(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        with self._lock:
            if name in self._contents:
                return Outcome(Result.EXISTS)
            self._contents[name] = content
        return Outcome(Result.DONE)

    def update(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        with self._lock:
            if name not in self._contents:
                return Outcome(Result.ABSENT)
            self._updates += 1
            if not self._forgetful or self._updates % 7:
                self._contents[name] = content
        return Outcome(Result.DONE)

    def delete(self, name: str, *, asynchronous: bool) -> Outcome:
        with self._lock:
            found = self._contents.pop(name, None)
        return Outcome(Result.ABSENT if found is None else Result.DONE)

    def read(self, name: str) -> Outcome:
        with self._lock:
            content = self._contents.get(name)
        if content is None:
            return Outcome(Result.ABSENT)
        return Outcome(Result.DONE, value_of(content))

    def stat(self, name: str) -> Outcome:
        read = self.read(name)
        return read if read.seen is None else Outcome(Result.DONE, read.seen, settled=True)


def test_a_seed_gives_the_same_workload_again() -> None:
    one, same, other = (plan(seed, clients=3, names=2, steps=50, ways=3) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_workload_is_what_its_mix_says() -> None:
    mix = Mix(weights=((Kind.CREATE, 1), (Kind.READ, 3)), asynchronous=1.0, large=0.5)
    steps = [
        step for one in plan(3, clients=4, names=5, steps=250, ways=2, mix=mix) for step in one
    ]
    creates = [step for step in steps if step.kind is Kind.CREATE]
    assert {step.kind for step in steps} == {Kind.CREATE, Kind.READ}
    assert 180 < len(creates) < 320
    assert all(step.asynchronous for step in creates)
    assert not any(step.asynchronous for step in steps if step.kind not in WRITES)
    assert {step.name for step in steps} == {f"object-{number}" for number in range(5)}
    assert {step.at for step in steps} == {0, 1}
    large = [step for step in creates if len(step.content or b"") > mix.large_bytes]
    assert len(creates) / 3 < len(large) < 2 * len(creates) / 3


def test_no_two_contents_are_the_same() -> None:
    plans = [plan(seed, clients=4, names=2, steps=100, ways=1) for seed in range(3)]
    contents = [step.content for some in plans for one in some for step in one if step.content]
    assert len(contents) == len(set(contents))


def test_clients_in_threads_leave_a_history_that_can_be_judged() -> None:
    plans = plan(1, clients=4, names=3, steps=200, ways=2)
    shelf = Shelf()
    history = drive(plans, [shelf, shelf]).history()
    assert len(history.operations) == 800
    assert violations(history, Visibility.AT_ONCE) == []


def test_a_store_that_loses_updates_is_caught() -> None:
    shelf = Shelf(forgetful=True)
    history = drive(plan(1, clients=4, names=3, steps=200, ways=1), [shelf]).history()
    assert violations(history, Visibility.AT_ONCE)


def test_what_a_client_raises_that_no_store_may_answer_comes_through() -> None:
    class Broken(Shelf):
        def read(self, name: str) -> Outcome:
            raise ValueError("a fault of the test itself")

    with pytest.raises(ValueError, match="of the test itself"):
        drive(plan(1, clients=2, names=1, steps=50, ways=1), [Broken()])


REFUSALS = [
    (mcos_client.ObjectExists("x"), Result.EXISTS),
    (mcos_client.ObjectNotFound("x"), Result.ABSENT),
    (mcos_client.ObjectNotReady("x"), Result.NOT_READY),
    (mcos_client.Superseded("x"), Result.SUPERSEDED),
    (mcos_client.ReplicationFailed("x", status=503), Result.NOTHING),
    (mcos_client.Conflict("x", status=409), Result.NOTHING),
    (mcos_client.NotSent("x"), Result.NOTHING),
    (mcos_client.Unreachable("x"), Result.UNKNOWN),
    (mcos_client.UnexpectedReply("x", status=502), Result.UNKNOWN),
    (mcos_client.McosError("x", status=500), Result.UNKNOWN),
]


@pytest.mark.parametrize(
    ("error", "result"), REFUSALS, ids=[type(error).__name__ for error, _ in REFUSALS]
)
def test_what_a_client_raises_is_told_as_what_is_known(
    monkeypatch: pytest.MonkeyPatch, error: mcos_client.McosError, result: Result
) -> None:
    with Client("https://mcos.test", token="t") as client:

        def refuse(*arguments: object, **more: object) -> None:
            raise error

        monkeypatch.setattr(client, "update_object", refuse)
        outcome = ClientStore(client, "photos").update("a", b"content", asynchronous=True)
    assert outcome.result is result


def test_a_request_that_is_wrong_is_a_fault_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    with Client("https://mcos.test", token="t") as client:

        def refuse(*arguments: object, **more: object) -> None:
            raise mcos_client.InvalidName("x", status=400)

        monkeypatch.setattr(client, "delete_object", refuse)
        with pytest.raises(mcos_client.InvalidName):
            ClientStore(client, "photos").delete("a", asynchronous=False)


def test_content_that_does_not_agree_with_its_digest_is_a_wrong_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Client("https://mcos.test", token="t") as client:

        def corrupt(*arguments: object, **more: object) -> None:
            raise mcos_client.ContentCorrupted("x")

        monkeypatch.setattr(client, "download_object", corrupt)
        recorder = Recorder()
        [[step]] = plan(1, clients=1, names=1, steps=1, ways=1, mix=Mix(weights=((Kind.READ, 1),)))
        perform(step, [ClientStore(client, "photos")], recorder, "ada")
    [found] = violations(recorder.history(), Visibility.LATER)
    assert "nobody had written what was seen" in found.reason
