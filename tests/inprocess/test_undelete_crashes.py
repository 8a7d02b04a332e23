"""One network call goes wrong, whichever it is and however, while a version is deleted, taken back
or removed: it is in one place in the end, and whole, or gone if it was due."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mcos.model.deleted import DeletedState
from mcos.model.objects import State
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.network import Manner, NetworkCall
from tests.support.paths import container_path, object_path, undelete_path

ACCOUNT, CONTAINER, NAME = "ada", "photos", "sea.jpg"
CONTENT, OTHER = b"bytes that somebody will miss", b"what came after them"
PATH = object_path(CONTAINER, NAME)
UNDELETE = undelete_path(CONTAINER, NAME)
GRACE = 30 * 24 * 3600  # longer than all stories of a test take: their clock is one
SWEEPERS = ("swift", "ceph")  # of the clusters where it is deleted
READS = ("GetSecretValue", "Scan", "GetItem", "GetObject", "Query", "get")


@dataclass(frozen=True)
class Story:
    """A call, or the sweepers' work once time has passed, that something goes wrong in.

    Attributes
    ----------
    taken
        The object's content was only taken, and is staged.
    deleted
        The object was deleted before.
    again
        It was deleted, taken back and deleted before.
    """

    call: tuple[str, str, dict[str, str]] | None = None
    passes: int = 0
    taken: bool = False
    deleted: bool = True
    again: bool = False

    def prepare(self, cloud: Cloud) -> Callable[[], None]:
        cloud.grant(GRACE)
        with cloud.network.outside():
            token = cloud.token(ACCOUNT)
            cloud.call("s3", "PUT", container_path(CONTAINER), token=token)
            how = ASYNC if self.taken else SYNC
            reply = cloud.call("s3", "POST", PATH, headers=how, body=CONTENT, token=token)
            assert reply.status < 300
            for _ in range(2 if self.again else int(self.deleted)):
                if cloud.deleted(ACCOUNT):
                    assert cloud.call("s3", "POST", UNDELETE, token=token).status == 200
                assert cloud.call("swift", "DELETE", PATH, headers=SYNC, token=token).status == 204
            if self.deleted:
                cloud.settle()
        return cloud.keep()

    def tell(
        self, cloud: Cloud, fault: tuple[int, Manner] | None
    ) -> tuple[Reply | None, list[NetworkCall]]:
        token, reply = cloud.token(ACCOUNT), None
        cloud.clock.advance(self.passes)
        with cloud.network.record(fault) as calls:
            if self.call is not None:
                method, path, headers = self.call
                reply = cloud.call("ceph", method, path, headers=headers, token=token)
            cloud.sweep(*SWEEPERS)
            cloud.settle()
        # What was left on its way is looked at two minutes later.
        cloud.clock.advance(200)
        cloud.sweep_what_is_there(*SWEEPERS)
        cloud.settle()
        return reply, list(calls)


STORIES = {
    "sync delete": Story(("DELETE", PATH, SYNC), deleted=False),
    "async delete": Story(("DELETE", PATH, ASYNC), deleted=False),
    "sync delete of what is staged": Story(("DELETE", PATH, SYNC), deleted=False, taken=True),
    "undelete": Story(("POST", UNDELETE, {})),
    "undelete of what is staged": Story(("POST", UNDELETE, {}), taken=True),
    "undelete after another one": Story(("POST", UNDELETE, {}), again=True),
    "removal": Story(passes=GRACE + 1),
    "removal of what is staged": Story(passes=GRACE + 1, taken=True),
    "removal after an undelete": Story(passes=GRACE + 1, again=True),
}


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name.lower())
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_whatever_goes_wrong_once_a_version_is_whole_in_one_place(
    cloud: Cloud, story: Story, manner: Manner
) -> None:
    begin_again = story.prepare(cloud)
    _, calls = story.tell(cloud, None)
    wrong = []
    for number, call in enumerate(calls):
        if not is_worth_it(call, manner):
            continue
        begin_again()
        try:
            check(cloud, story, *story.tell(cloud, (number, manner)))
        except AssertionError as error:
            wrong.append(f"{call}, number {number}: {str(error) or repr(error)}")
    assert calls
    assert not wrong, "\n\n".join(wrong)


def is_worth_it(call: NetworkCall, manner: Manner) -> bool:
    """How replicas are written is told elsewhere, and who only looks for work looks again."""
    if call.function not in ("deleted", "delete_object", "repair_replica", "sweep_pending"):
        return False
    if call.name.startswith("backend:") or "sqs:GetQueueAttributes" in call.name:
        return False
    if call.function == "sweep_pending" and call.name.endswith(("Query", "Scan")):
        return False
    return not call.name.endswith(READS) or manner in (Manner.DIES, Manner.FAILS)


def check(cloud: Cloud, story: Story, reply: Reply | None, calls: list[NetworkCall]) -> None:
    assert reply is None or reply.died or reply.status in (200, 202, 204, 500, 503), reply
    cloud.check_storage(ACCOUNT)
    record = cloud.record(ACCOUNT, CONTAINER, NAME)
    kept = [one for one in cloud.deleted(ACCOUNT) if one.state is DeletedState.KEPT]
    assert record is None or record.state is State.CREATED, record
    if story.call is None:
        assert record is None
        assert not kept
        assert not any(cloud.replicas(ACCOUNT).values())
        assert cloud.staged() == set()
        return
    assert (record is None) == bool(kept), (record, kept)
    assert len(kept) <= 1
    answered = reply is not None and reply.status in (200, 202, 204)
    if answered:
        assert bool(kept) == (story.call[0] == "DELETE")
    token = cloud.token(ACCOUNT)
    if kept:
        assert cloud.call("s3", "POST", UNDELETE, token=token).status == 200
        cloud.settle()
    assert cloud.call("s3", "GET", PATH, token=token).body == CONTENT
    cloud.check_storage(ACCOUNT)
    assert cloud.staged() == set()
    cloud.clock.advance(2 * 3600)
    cloud.sweep_what_is_there(*SWEEPERS)
    assert cloud.call("s3", "GET", PATH, token=cloud.token(ACCOUNT)).body == CONTENT
    cloud.check_storage(ACCOUNT)
    assert cloud.deleted(ACCOUNT) == []
