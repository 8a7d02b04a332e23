"""Start the functions that the first minute needs, while the rest is still being deployed.

A function that was never called takes half a second of processor time to answer. These calls change
nothing: nobody is logged in, content does not have its digest, the object that is to be committed
is not there. A function that a burst calls often is started as often as it may be at work then.
"""

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tools.local import ROOT

AT_ONCE = 4
TIMES = {
    "create_object": 4,
    "replicate_version": 2,
    "put_replica": 2,
    "commit_version": 2,
}
"""How often a function is started: ``clouds/servers/turns.py`` and ``tools/deploy.py`` say how many
calls come at once. All others once."""

SECONDS = 60.0
"""How long is waited for the functions in the end; they go on starting by themselves."""

Invoke = Callable[[str, Mapping[str, Any]], object]
"""Calls a function by its name."""


def _sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def events() -> dict[str, dict[str, Any]]:
    """What each function that is started in advance is called with."""
    request, replica, commit = (
        _sample("http_request"),
        _sample("put_replica"),
        _sample("commit_version"),
    )
    message = _sample("replicate_queue")
    replica["replica"]["md5"] = "0" * 32
    commit["record"]["current"].update(replicas={}, staged=None)
    commit["results"] = []
    api = ["create_container", "create_object", "stat_object", "download_object", "list_object"]
    return {
        "login": {**request, "body": "{}", "isBase64Encoded": False},
        **dict.fromkeys(api, request),
        "replicate_version": message,
        "put_replica": replica,
        "commit_version": commit,
    }


class Warmer:
    """Calls functions as they are told of, a few at a time.

    Parameters
    ----------
    invoke
        Calls a function; what it raises is of no consequence.
    prefix
        First part of the functions' names.
    """

    def __init__(self, invoke: Invoke, prefix: str = "mcos") -> None:
        self._invoke = invoke
        self._prefix = prefix
        self._events = events()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._calls: list[Future[object]] = []

    def add(self, cluster: str, function: str) -> None:
        """Take a function that is deployed."""
        if (event := self._events.get(function)) is not None:
            name = f"{self._prefix}-{cluster}-{function}"
            for _ in range(TIMES.get(function, 1)):
                self._calls.append(self._pool.submit(self._invoke, name, event))

    def finish(self) -> None:
        """Wait until all have answered."""
        waiting = wait(self._calls, SECONDS).not_done
        self._pool.shutdown(wait=False, cancel_futures=True)
        failed = [
            call
            for call in self._calls
            if call.done() and not call.cancelled() and call.exception()
        ]
        if waiting or failed:
            count = len(waiting) + len(failed)
            print(f"{count} calls that start functions in advance failed", file=sys.stderr)
