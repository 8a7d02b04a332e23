"""A burst of creates against an entry point that answers at once."""

import json
from threading import Event, Lock

import httpx

from tools.burst import Burst, User, burst

_END = 30  # seconds, if it does not work


class EntryPoint(User):
    """A user of an entry point that has objects by name; all are CREATED once one was looked at."""

    def __init__(self) -> None:
        self.container = "letters"
        self.names: set[str] = set()
        self.looked = Event()
        self._lock = Lock()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://mcos.test", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        _, _, _, container, kind, *rest = request.url.path.split("/")
        name = "/".join(rest)
        assert container == self.container
        if request.method == "POST" and kind == "objects":
            with self._lock:
                self.names.add(name)
            return httpx.Response(202)
        if kind == "objects" and not name:
            self.looked.wait(_END)
            objects = [{"name": one, "state": "CREATED"} for one in sorted(self.names)]
            return httpx.Response(200, content=json.dumps({"objects": objects}))
        if kind != "stat" or name not in self.names:
            return httpx.Response(404)
        self.looked.set()
        return httpx.Response(200)


def test_what_is_looked_at_meanwhile_is_an_object_that_was_created() -> None:
    user = EntryPoint()
    seen: Burst = burst(user, clients=4, objects=20)
    assert user.looked.is_set()
    assert len(seen.acks) == 20
    assert seen.refused == []
    assert seen.created is not None
    assert seen.stats
