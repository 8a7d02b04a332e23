"""One account's whole life: all ten calls, both modes, every entry point, against a model.

The machine knows the system only through a ``Driver``, so it drives a running cluster as well as
the handlers in process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import mcos_client
from mcos_client import Client, McosError
from tests.support.stateful.listing import expected_listing, in_order
from tests.support.stateful.model import ModelAccount, ModelObject, etag_of
from tests.support.stateful.strategies import Content, container_names, contents, object_names

Result = TypeVar("Result")

REPLICAS = 3

CONTAINERS = st.sampled_from(["photos", "ünï.cödé", "..."]) | container_names()
OBJECTS = (
    st.sampled_from(["sea.jpg", "2026/may/sea.jpg", "2026/may/", "2026//", "..", "%2F", "日本"])
    | object_names()
)
PREFERENCES = st.sampled_from(["respond-async", "wait=25"])
ENTRY_POINTS = st.integers(min_value=0, max_value=2)
GUARDS = st.sampled_from([None, None, "right", "wrong"])
MOSTLY = st.sampled_from([True] * 9 + [False])
WRONG_ETAG = f'"{"0" * 32}"'


@dataclass(frozen=True)
class User:
    """A new user, with a client at every entry point."""

    user_name: str
    password: str
    clients: Sequence[Client]


class Driver(Protocol):
    """How the machine reaches a system."""

    def new_user(self) -> User:
        """Make an account; its clients have a token already."""
        ...

    def settle(self, settled: Callable[[], bool]) -> None:
        """Let the system work until ``settled()``; raise if it never comes true."""
        ...


class AccountLife(RuleBasedStateMachine):
    """The rules; ``driven_by`` makes a machine of them that can be run."""

    driver: ClassVar[Driver]

    def __init__(self) -> None:
        super().__init__()
        self.model = ModelAccount()

    @classmethod
    def driven_by(cls, driver: Driver) -> "type[AccountLife]":
        """The machine for ``run_state_machine_as_test``."""
        return type(cls.__name__, (cls,), {"driver": driver})

    @initialize()
    def begin(self) -> None:
        self.user = self.driver.new_user()
        self.client = self.user.clients[0]
        # An account that has nothing has a dull life, and not every run creates much.
        self.client.create_container("photos")
        self.model.containers["photos"] = {}
        for name, prefer in (("sea.jpg", "wait=25"), ("2026/may/sea.jpg", "respond-async")):
            content = Content(name.encode("utf-8"))
            self.client.create_object("photos", name, content.body, prefer=prefer)
            self.model.create("photos", name, content, done=prefer != "respond-async")

    @rule(at=ENTRY_POINTS, right=st.booleans())
    def login(self, at: int, right: bool) -> None:
        client = self._at(at)
        password = self.user.password if right else self.user.password + "x"
        outcome = attempt(lambda: client.login(self.user.user_name, password))
        check(outcome, mcos_client.Token if right else mcos_client.InvalidCredentials)

    @rule(at=ENTRY_POINTS, container=CONTAINERS)
    def create_container(self, at: int, container: str) -> None:
        assert self._at(at).create_container(container).name == container
        self.model.containers.setdefault(container, {})

    @rule(at=ENTRY_POINTS, data=st.data())
    def delete_container(self, at: int, data: st.DataObject) -> None:
        container = self._a_container(data)
        outcome = attempt(lambda: self._at(at).delete_container(container))
        objects = self.model.containers.get(container)
        if objects is None:
            check(outcome, mcos_client.ContainerNotFound)
        elif not objects:
            check(outcome, type(None))
        elif all(one.deleting for one in objects.values()):
            check(outcome, type(None), mcos_client.ContainerNotEmpty)
        else:
            check(outcome, mcos_client.ContainerNotEmpty)
        if outcome is None:
            del self.model.containers[container]

    @rule(at=ENTRY_POINTS, prefix=st.sampled_from(["", "p", "ü", "."]), limit=st.integers(1, 3))
    def list_container(self, at: int, prefix: str, limit: int) -> None:
        listed: list[str] = []
        marker: str | None = None
        for _ in range(2 * len(self.model.containers) + 2):
            page = self._at(at).list_container(prefix=prefix, marker=marker, limit=limit)
            assert len(page.containers) <= limit
            listed += [one.name for one in page.containers]
            marker = page.next_marker
            if marker is None:
                break
        assert listed == expected_listing(self.model.containers, prefix=prefix).names

    @rule(
        at=ENTRY_POINTS,
        data=st.data(),
        prefix=st.sampled_from(["", "2026/", "."]),
        delimiter=st.sampled_from(["", "/", "a"]),
        limit=st.integers(1, 4),
    )
    def list_object(
        self, at: int, data: st.DataObject, prefix: str, delimiter: str, limit: int
    ) -> None:
        container = self._a_container(data)
        objects = self.model.containers.get(container)
        if objects is None:
            outcome = attempt(lambda: self._at(at).list_object(container))
            check(outcome, mcos_client.ContainerNotFound)
            return
        names: list[str] = []
        prefixes: list[str] = []
        marker: str | None = None
        for _ in range(2 * len(objects) + 2):
            page = self._at(at).list_object(
                container, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
            )
            assert len(page.objects) + len(page.common_prefixes) <= limit
            names += [one.name for one in page.objects]
            prefixes += page.common_prefixes
            for one in page.objects:
                assert objects[one.name].could_be(one.etag)
            marker = page.next_marker
            if marker is None:
                break
        # An object that is being deleted may show or not: all, and only those that are to stay.
        most = expected_listing(objects, prefix=prefix, delimiter=delimiter)
        staying = [name for name, one in objects.items() if not one.deleting]
        least = expected_listing(staying, prefix=prefix, delimiter=delimiter)
        assert set(least.names) <= set(names) <= set(most.names)
        assert set(least.common_prefixes) <= set(prefixes) <= set(most.common_prefixes)
        assert names == in_order(set(names))
        assert prefixes == in_order(set(prefixes))

    @rule(at=ENTRY_POINTS, data=st.data(), content=contents(), prefer=PREFERENCES)
    def create_object(self, at: int, data: st.DataObject, content: Content, prefer: str) -> None:
        container = self._a_container(data)
        taken = list(self.model.containers.get(container, {}))
        name = data.draw(st.sampled_from(taken) | OBJECTS if taken else OBJECTS)
        outcome = attempt(
            lambda: self._at(at).create_object(
                container,
                name,
                content.body,
                content_type=content.content_type,
                metadata=content.metadata,
                prefer=prefer,
            )
        )
        known = self.model.find(container, name)
        if container not in self.model.containers:
            check(outcome, mcos_client.ContainerNotFound)
        elif known is None or known.deleting:
            check(outcome, mcos_client.Written)
        else:
            check(outcome, mcos_client.ObjectExists)
        if isinstance(outcome, mcos_client.Written):
            done = prefer != "respond-async"
            assert outcome.state == ("CREATED" if done else "CREATING")
            self.model.create(container, name, content, done=done)

    @rule(at=ENTRY_POINTS, data=st.data(), content=contents(), prefer=PREFERENCES, guard=GUARDS)
    def update_object(
        self, at: int, data: st.DataObject, content: Content, prefer: str, guard: str | None
    ) -> None:
        container, name = self._an_object(data)
        known = self.model.find(container, name)
        outcome = attempt(
            lambda: self._at(at).update_object(
                container,
                name,
                content.body,
                content_type=content.content_type,
                metadata=content.metadata,
                prefer=prefer,
                if_match=self._etag_for(guard, known),
            )
        )
        if known is None or known.deleting:
            check(outcome, mcos_client.NotFound)
        elif guard == "wrong":
            check(outcome, mcos_client.PreconditionFailed)
        else:
            check(outcome, mcos_client.Written)
            done = prefer != "respond-async"
            assert isinstance(outcome, mcos_client.Written)
            assert outcome.state == ("CREATED" if done else "UPDATING")
            known.write(content, done=done)

    @rule(at=ENTRY_POINTS, data=st.data())
    def stat_object(self, at: int, data: st.DataObject) -> None:
        container, name = self._an_object(data)
        known = self.model.find(container, name)
        outcome = attempt(lambda: self._at(at).stat_object(container, name))
        if known is None:
            check(outcome, mcos_client.ObjectNotFound)
        elif known.deleting:
            check(outcome, mcos_client.ObjectNotFound, mcos_client.ObjectStat)
            assert not isinstance(outcome, mcos_client.ObjectStat) or outcome.state == "DELETING"
        else:
            check(outcome, mcos_client.ObjectStat)
            assert isinstance(outcome, mcos_client.ObjectStat)
            assert outcome.state in ("CREATING", "UPDATING", "CREATED")
            assert known.could_be(outcome.etag)
            if outcome.settled:
                known.settle()
                check_complete(outcome, known.last)

    @rule(at=ENTRY_POINTS, data=st.data())
    def download_object(self, at: int, data: st.DataObject) -> None:
        container, name = self._an_object(data)
        known = self.model.find(container, name)
        outcome = attempt(lambda: self._at(at).download_object(container, name))
        if known is None or known.deleting:
            check(outcome, mcos_client.ObjectNotFound)
        elif isinstance(outcome, mcos_client.ObjectNotReady):
            assert known.shown(None)
        else:
            check(outcome, mcos_client.Download)
            assert isinstance(outcome, mcos_client.Download)
            assert known.shown(Content(outcome.content, outcome.content_type, outcome.metadata)), (
                "shown what no reader may be shown"
            )

    @rule(at=ENTRY_POINTS, data=st.data(), prefer=PREFERENCES, guard=GUARDS)
    def delete_object(self, at: int, data: st.DataObject, prefer: str, guard: str | None) -> None:
        container, name = self._an_object(data)
        known = self.model.find(container, name)
        if known is not None and known.deleting:
            guard = None
        outcome = attempt(
            lambda: self._at(at).delete_object(
                container, name, prefer=prefer, if_match=self._etag_for(guard, known)
            )
        )
        if known is None:
            check(outcome, mcos_client.ObjectNotFound)
        elif known.deleting:
            check(outcome, bool, mcos_client.ObjectNotFound)
            if outcome is True:
                self.model.delete(container, name, done=True)
        elif guard == "wrong":
            check(outcome, mcos_client.PreconditionFailed)
        else:
            done = prefer != "respond-async"
            assert outcome is done, outcome
            self.model.delete(container, name, done=done)

    @rule()
    def settle(self) -> None:
        self.driver.settle(self._settled)
        self.model.settle()
        for container, objects in self.model.containers.items():
            listed = [one.name for one in self.client.all_objects(container)]
            assert listed == in_order(objects)
            for name, known in objects.items():
                check_complete(self.client.stat_object(container, name), known.last)
                for client in self.user.clients:
                    found = client.download_object(container, name)
                    whole = Content(found.content, found.content_type, found.metadata)
                    assert whole == known.last

    def teardown(self) -> None:
        if hasattr(self, "user"):
            self.settle()
            for client in self.user.clients:
                client.close()

    def _settled(self) -> bool:
        for container, objects in self.model.containers.items():
            for name, known in objects.items():
                try:
                    stat = self.client.stat_object(container, name)
                except mcos_client.ObjectNotFound:
                    assert known.deleting, f"{name!r} is gone and was not deleted"
                    continue
                if not stat.settled:
                    return False
        return True

    def _at(self, index: int) -> Client:
        return self.user.clients[index % len(self.user.clients)]

    def _a_container(self, data: st.DataObject) -> str:
        """Mostly one that exists."""
        known = list(self.model.containers)
        if data.draw(MOSTLY) and known:
            return data.draw(st.sampled_from(known))
        return data.draw(CONTAINERS)

    def _an_object(self, data: st.DataObject) -> tuple[str, str]:
        """Mostly one that exists."""
        known = [(c, name) for c, objects in self.model.containers.items() for name in objects]
        if data.draw(MOSTLY) and known:
            return data.draw(st.sampled_from(known))
        return data.draw(CONTAINERS), data.draw(OBJECTS)

    def _etag_for(self, guard: str | None, known: ModelObject | None) -> str | None:
        if guard == "right" and known is not None:
            return etag_of(known.last)
        return WRONG_ETAG if guard == "wrong" else None


def attempt(call: Callable[[], Result]) -> Result | McosError:
    """What a call answers, a refusal like any other answer."""
    try:
        return call()
    except McosError as error:
        return error


def check(outcome: Any, *allowed: type) -> None:
    """Fail unless the outcome is of an allowed type; unforeseen errors keep their traceback."""
    if isinstance(outcome, allowed):
        return
    if isinstance(outcome, BaseException):
        raise outcome
    raise AssertionError(f"{outcome!r} is none of {[one.__name__ for one in allowed]}")


def check_complete(stat: mcos_client.ObjectStat, content: Content) -> None:
    """An object is CREATED: all replicas on clusters and backends of their own, as it was sent."""
    assert stat.state == "CREATED"
    assert stat.pending == ()
    assert (stat.size, stat.etag) == (len(content.body), etag_of(content))
    assert (stat.content_type, stat.metadata) == (content.content_type, content.metadata)
    assert len({one.cluster for one in stat.replicas}) == REPLICAS
    assert len({one.backend for one in stat.replicas}) == REPLICAS
    for one in stat.replicas:
        assert (one.state, one.size, one.sha256) == ("stored", stat.size, stat.sha256)
