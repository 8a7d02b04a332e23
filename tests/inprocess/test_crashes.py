"""One network call goes wrong, whichever it is and however: what was acknowledged is there, what
was not is whole, unchanged, gone or FAILED, and nothing is left lying about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mcos.model.digests import digests_of
from mcos.model.objects import ObjectKey, ObjectRecord, State
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.environment import MORE_CLUSTERS
from tests.support.gateway import Reply
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path

OLD, NEW, BETWEEN = b"the old content", b"the new content", b"taken in between"
LARGE = b"more than an execution's input carries" * 4000

ACCOUNT, CONTAINER, NAME = "ada", "photos", "may/sea.jpg"


@dataclass(frozen=True)
class Story:
    """A call that something goes wrong in.

    Attributes
    ----------
    before
        The content that the object has had from before, CREATED; None: there is no object.
    taken
        Content that was taken asynchronously after that, and is still on its way.
    down
        A cluster whose backend takes no replicas until the executions that were started have run.
    target_down
        How many of the object's targets take no replicas, while two spares are linked.
    cold
        Whether every function starts cold.
    query
        Of the call, with its question mark.
    """

    method: str
    headers: dict[str, str]
    body: bytes = b""
    before: bytes | None = None
    taken: bytes | None = None
    down: str | None = None
    target_down: int = 0
    cold: bool = False
    query: str = ""

    def prepare(self, cloud: Cloud) -> Callable[[], None]:
        """Bring about what is there before; the way back there."""
        if self.target_down:
            for name in MORE_CLUSTERS:
                cloud.register(name)
        with cloud.network.outside():
            self._prepare(cloud, cloud.token(ACCOUNT))
        return cloud.keep()

    def tell(self, cloud: Cloud, fault: tuple[int, Manner] | None) -> "Told":
        """Make the call, then let the clusters work until nothing is left to do."""
        token = cloud.token(ACCOUNT)
        staged = cloud.staged()
        if self.cold:
            cloud.chill()
        down = [self.down] if self.down else []
        if self.target_down:
            targets = cloud.targets(ObjectKey(ACCOUNT, CONTAINER, NAME))
            down = targets[: self.target_down]
        with cloud.network.record(fault) as calls:
            for name in down:
                cloud.backends[name].refuse("put")
            path = object_path(CONTAINER, NAME) + self.query
            reply = cloud.call(
                "s3", self.method, path, headers=self.headers, body=self.body, token=token
            )
            cloud.run_executions()
            for name in down:
                cloud.backends[name].accept()
            cloud.settle()
        return Told(reply, calls, staged)

    def _prepare(self, cloud: Cloud, token: str) -> None:
        path = object_path(CONTAINER, NAME)
        assert cloud.call("s3", "PUT", container_path(CONTAINER), token=token).status == 201
        if self.before is not None:
            reply = cloud.call("s3", "POST", path, headers=SYNC, body=self.before, token=token)
            assert reply.status == 201
        if self.taken is not None:
            method = "POST" if self.before is None else "PUT"
            reply = cloud.call("swift", method, path, headers=ASYNC, body=self.taken, token=token)
            assert reply.status == 202


@dataclass(frozen=True)
class Told:
    """How a story went. ``staged_before``: what was staged before the call."""

    reply: Reply
    calls: list[NetworkCall]
    staged_before: set[str]


PUT = "?if_missing=create"

STORIES = {
    "sync create": Story("POST", SYNC, NEW, cold=True),
    "sync create of a large content": Story("POST", SYNC, LARGE),
    "async create": Story("POST", ASYNC, NEW, cold=True),
    "sync update": Story("PUT", SYNC, NEW, before=OLD),
    "async update": Story("PUT", ASYNC, NEW, before=OLD),
    "sync update of what is on its way": Story("PUT", SYNC, NEW, taken=BETWEEN),
    "async update of what is on its way": Story("PUT", ASYNC, NEW, before=OLD, taken=BETWEEN),
    "sync put of a new object": Story("PUT", SYNC, NEW, query=PUT),
    "async put of a new object": Story("PUT", ASYNC, NEW, query=PUT),
    "async put of an object": Story("PUT", ASYNC, NEW, before=OLD, query=PUT),
    "sync create while a backend is down": Story("POST", SYNC, NEW, down="ceph"),
    "async create while a backend is down": Story("POST", ASYNC, NEW, down="ceph"),
    "sync update while a backend is down": Story("PUT", SYNC, NEW, before=OLD, down="s3"),
    "sync create with a spare": Story("POST", SYNC, NEW, target_down=1),
    "sync create of a large content with two spares": Story("POST", SYNC, LARGE, target_down=2),
    "sync update with a spare": Story("PUT", SYNC, NEW, before=OLD, target_down=1),
    "async create with a target down": Story("POST", ASYNC, NEW, target_down=1),
    "sync delete": Story("DELETE", SYNC, before=OLD, cold=True),
    "async delete": Story("DELETE", ASYNC, before=OLD),
    "sync delete of what is on its way": Story("DELETE", SYNC, taken=BETWEEN),
    "async delete of what is on its way": Story("DELETE", ASYNC, before=OLD, taken=BETWEEN),
}

READS = ("GetSecretValue", "Scan", "GetItem", "GetObject", "Query", "get")
"""Calls that change nothing: whether they were done when they fail makes no difference."""


def _worth_it(calls: list[NetworkCall], manner: Manner) -> Iterator[tuple[int, NetworkCall]]:
    """The calls to tell the story by: of clusters that do the same one is enough.

    A reply that comes neither to the first try nor to the second is a lost one where there is no
    second try.
    """
    clusters: dict[tuple[str, str], str] = {}
    for number, call in enumerate(calls):
        if call.name.endswith(READS) and manner in (Manner.LOST, Manner.UNKNOWN):
            continue
        if call.name.startswith("backend:") and manner is Manner.UNKNOWN:
            continue
        if call.function in ("put_replica", "repair_replica"):
            step = (call.function, call.name)
            if clusters.setdefault(step, call.cluster) != call.cluster:
                continue
        yield number, call


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_whatever_goes_wrong_once_nothing_is_lost_and_nothing_left(
    cloud: Cloud, story: Story, manner: Manner
) -> None:
    begin_again = story.prepare(cloud)
    story.tell(cloud, None)  # from here on every function is warm
    begin_again()
    calls = story.tell(cloud, None).calls
    wrong = []
    for number, call in _worth_it(calls, manner):
        begin_again()
        try:
            check(cloud, story, story.tell(cloud, (number, manner)))
        except AssertionError as error:
            wrong.append(f"{call}, number {number}: {str(error) or repr(error)}")
    assert not wrong, "\n\n".join(wrong)


def check(cloud: Cloud, story: Story, told: Told) -> None:
    reply = told.reply
    record = cloud.record(ACCOUNT, CONTAINER, NAME)
    cloud.check_storage(ACCOUNT)
    assert reply.died or reply.status in (200, 201, 202, 204, 500, 503), reply
    staged = cloud.staged() - told.staged_before
    assert not staged or reply.status >= 500, "the content is still staged"
    content = _content(record)
    possible: set[str | None]
    if story.method == "DELETE":
        possible = {None}
        if reply.status not in (202, 204):
            possible |= {content_of(one) for one in (story.taken, story.before) if one}
    elif reply.status in (200, 201, 202):
        possible = {content_of(story.body)}
    else:
        unchanged = story.taken if story.taken is not None else story.before
        possible = {content_of(unchanged) if unchanged is not None else None}
        if reply.status != 503 or reply.code == "outcome_unknown":
            possible.add(content_of(story.body))
    assert content in possible, f"holds {content}, not one of {possible}"


def content_of(body: bytes) -> str:
    return digests_of(body).sha256


def _content(record: ObjectRecord | None) -> str | None:
    """SHA-256 of what readers see of a record that is settled."""
    if record is None or record.state is State.FAILED:
        return None
    assert record.state is State.CREATED, record
    assert record.current is not None
    return record.current.sha256


@pytest.mark.parametrize("manner", [Manner.FAILS, Manner.LOST], ids=["fails", "lost"])
@pytest.mark.parametrize("cluster", ["s3", "swift"])
def test_a_read_is_answered_whatever_goes_wrong_once_behind_the_catalog(
    cloud: Cloud, cluster: str, manner: Manner
) -> None:
    token = cloud.token("ada")
    cloud.call("s3", "PUT", container_path(CONTAINER), token=token)
    path = object_path(CONTAINER, NAME)
    cloud.call("s3", "POST", path, headers=SYNC, body=NEW, token=token)
    cloud.backends[cluster].refuse("get")
    number = 0
    while True:
        cloud.chill()
        with cloud.network.record((number, manner)) as calls:
            reply = cloud.call(cluster, "GET", path, token=token)
        if number >= len(calls):
            break
        needed = calls[number].name.startswith(("dynamodb", "secrets"))
        assert reply.status == 200 or (needed and manner is Manner.FAILS), calls[number]
        assert reply.status in (200, 503), calls[number]
        assert reply.status != 200 or reply.body == NEW
        number += 1
    assert number > 4
