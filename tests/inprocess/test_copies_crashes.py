"""One network call goes wrong, whichever it is and however, while an object is copied and its
source goes: the copy is whole if it was acknowledged, and the source if it was not deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mcos.model.digests import digests_of
from mcos.model.objects import ObjectRecord, State
from tests.support.cloud import ASYNC, SYNC
from tests.support.copying import copy
from tests.support.gateway import Reply
from tests.support.network import Manner, NetworkCall
from tests.support.paths import object_path
from tests.support.user import User

CONTENT, OTHER = b"the content of the source", b"what the target had before"
READS = ("GetSecretValue", "Scan", "GetItem", "GetObject", "Query", "get")
FUNCTIONS = (
    "create_object",
    "update_object",
    "delete_object",
    "replicate_version",
    "commit_version",
    "repair_replica",
    "sweep_pending",
)


@dataclass(frozen=True)
class Story:
    """A copy of ``a`` to ``b``, after which ``a`` is deleted.

    Attributes
    ----------
    headers
        Of the copy.
    over
        Whether there is a ``b``.
    taken
        Whether ``a`` is only staged.
    """

    headers: dict[str, str]
    over: bool = False
    taken: bool = False

    def prepare(self, user: User) -> Callable[[], None]:
        assert user.create("a", CONTENT, ASYNC if self.taken else SYNC).status < 300
        if self.over:
            assert user.create("b", OTHER, SYNC).status == 201
        return user.cloud.keep()

    def tell(
        self, user: User, fault: tuple[int, Manner] | None
    ) -> tuple[Reply, Reply, list[NetworkCall]]:
        cloud = user.cloud
        user.token = cloud.token(user.account)
        with cloud.network.record(fault) as calls:
            method = "PUT" if self.over else "POST"
            copied = copy(user, "a", "b", self.headers, method=method)
            deleted = user.call("DELETE", object_path("photos", "a"), b"", SYNC)
            cloud.pump()  # what is removed goes before anything is written
            cloud.run_executions()
        cloud.settle()
        return copied, deleted, list(calls)


STORIES = {
    "async": Story(ASYNC),
    "sync": Story(SYNC),
    "async, over an object": Story(ASYNC, over=True),
    "async, of what is staged": Story(ASYNC, taken=True),
}


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_whatever_goes_wrong_once_what_was_acknowledged_is_whole(
    user: User, story: Story, manner: Manner
) -> None:
    begin_again = story.prepare(user)
    story.tell(user, None)  # from here on every function is warm
    begin_again()
    _, _, calls = story.tell(user, None)
    wrong = []
    for number, call in worth_it(calls, manner):
        begin_again()
        try:
            check(user, story, *story.tell(user, (number, manner))[:2])
        except AssertionError as error:
            wrong.append(f"{call}, number {number}: {str(error) or repr(error)}")
    assert len(calls) > 10
    assert not wrong, "\n\n".join(wrong)


def worth_it(calls: list[NetworkCall], manner: Manner) -> Iterator[tuple[int, NetworkCall]]:
    """The calls that differ: how replicas are written and removed is told elsewhere."""
    seen: set[NetworkCall] = set()
    for number, call in enumerate(calls):
        if call.function not in FUNCTIONS or call.name.startswith("backend:"):
            continue
        if call.name.endswith(READS) and manner in (Manner.LOST, Manner.UNKNOWN):
            continue
        if call.function in ("repair_replica", "sweep_pending"):
            if call in seen:
                continue
            seen.add(call)
        yield number, call


def check(user: User, story: Story, copied: Reply, deleted: Reply) -> None:
    cloud = user.cloud
    cloud.check_storage(user.account)
    assert cloud.staged() == set() or copied.status >= 500 or copied.died
    source, target = (content_of(cloud.record(user.account, "photos", one)) for one in "ab")
    if deleted.status == 204:
        assert source is None, "the source was deleted"
    elif deleted.status != 503:
        assert source in (None, CONTENT)
    before = OTHER if story.over else None
    if copied.status in (200, 201, 202):
        assert target == CONTENT, f"{copied.status}, and it has {target!r}"
    elif copied.died or copied.status == 500 or copied.code == "outcome_unknown":
        assert target in (before, CONTENT)
    else:
        assert copied.status == 503, copied
        assert target == before


def content_of(record: ObjectRecord | None) -> bytes | None:
    """The content of an object that is settled; its copies were checked before."""
    if record is None or record.state is State.FAILED:
        return None
    assert record.state is State.CREATED, record
    assert record.current is not None
    assert record.current.borrowed_from is None
    known = {digests_of(one).sha256: one for one in (CONTENT, OTHER)}
    return known[record.current.sha256]
