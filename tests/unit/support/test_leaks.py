"""What a test leaves behind in the process is noticed."""

import os
import threading
from collections.abc import Callable

import pytest
from moto.core.botocore_stubber import BotocoreStubber

from mcos import clock
from mcos.catalog import registry
from tests.support import leaks
from tests.support.leaks import nothing_left
from tests.support.stopped_clock import StoppedClock


def change_the_environment(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MCOS_LEFT", "1")


def replace_the_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clock, "_clock", StoppedClock())


def replace_the_network(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BotocoreStubber, "__call__", lambda *given, **more: None)


def read_the_registry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(registry, "_read_at", clock.moment())


@pytest.mark.parametrize(
    ("leave", "what"),
    [
        (change_the_environment, "environment"),
        (replace_the_clock, "clock"),
        (replace_the_network, "network"),
        (read_the_registry, "registry"),
    ],
)
def test_what_is_left_is_told(
    monkeypatch: pytest.MonkeyPatch, leave: Callable[[pytest.MonkeyPatch], None], what: str
) -> None:
    with pytest.raises(AssertionError, match=what), nothing_left():
        leave(monkeypatch)


def test_a_thread_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "END_SECONDS", 0.01)
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="endless")
    try:
        with pytest.raises(AssertionError, match="endless"), nothing_left():
            thread.start()
    finally:
        end.set()
        thread.join()


def test_what_is_put_back_is_not_told() -> None:
    with nothing_left():
        os.environ["MCOS_LEFT"] = "1"
        del os.environ["MCOS_LEFT"]
        thread = threading.Thread(target=lambda: None)
        thread.start()
