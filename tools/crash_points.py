"""Print what becomes of work if a function ends at each of its network calls, as tables.

The calls are those of ``tests/inprocess/test_crashes.py``, which checks after each that nothing is
lost and nothing left behind; uploads, dropped files, moves and repairs are those of
``test_uploads.py``, ``test_ingest.py``, ``test_jobs.py`` and ``test_healing.py``. Before a read a
function has done what it had done before, so only writes are told.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "functions", "client/src", "")]

from tests.support import environment  # noqa: E402, F401  (first: it sets the environment)

# isort: split
import pytest  # noqa: E402

from mcos import limits  # noqa: E402
from mcos.catalog import uploads  # noqa: E402
from mcos.model.jobs import JobKind  # noqa: E402
from mcos.model.objects import ObjectKey, ObjectRecord  # noqa: E402
from mcos.model.uploads import UploadState  # noqa: E402
from mcos.replicas.repair_queue import verify_message  # noqa: E402
from mcos.workers import put_parts, run_jobs  # noqa: E402
from tests.inprocess import test_jobs  # noqa: E402
from tests.inprocess.test_crashes import STORIES, check, content_of  # noqa: E402
from tests.support.cloud import SYNC, Cloud, arn, running_cloud  # noqa: E402
from tests.support.environment import CLUSTERS, MORE_CLUSTERS  # noqa: E402
from tests.support.network import Manner, NetworkCall  # noqa: E402
from tests.support.uploads import PART, Sender  # noqa: E402
from tests.support.user import User  # noqa: E402

TOLD = ("sync create", "async create", "sync update", "async update", "sync delete", "async delete")
NAME = "sea.jpg"
CONTENT = b"what is to be there in the end"
LARGE = bytes(range(256)) * 5  # two parts
_FIRST, _SECOND = CLUSTERS[:2]

READS = (
    *("GetSecretValue", "Scan", "GetItem", "GetObject", "HeadObject", "Query", "ListParts"),
    *("ListObjectsV2", "ListMultipartUploads", "ListExecutions", "GetQueueAttributes", "Invoke"),
    *("backend:get", "backend:stat", "backend:list", "backend:list_parts"),
)

Row = tuple[str, ...]


def writes(calls: list[NetworkCall]) -> Iterator[tuple[int, str]]:
    """Number and name of the calls that change something.

    Of clusters that do the same one is enough; what one does again has its number in the name.
    """
    places: dict[str, str] = {}
    times: Counter[str] = Counter()
    for number, call in enumerate(calls):
        step = f"{call.function} -> {call.name}"
        if call.name.endswith(READS) or places.setdefault(step, call.cluster) != call.cluster:
            continue
        times[step] += 1
        yield number, step if times[step] == 1 else f"{step}, {times[step]}"


def rows_of_call(cloud: Cloud, name: str) -> list[Row]:
    """The function and call at which it ends, the reply, and what is there once all is settled."""
    story = STORIES[name]
    cloud.deploy()
    begin_again = story.prepare(cloud)
    story.tell(cloud, None)  # from here on every function is warm
    begin_again()
    found: list[Row] = []
    for number, step in writes(story.tell(cloud, None).calls):
        begin_again()
        told = story.tell(cloud, (number, Manner.DIES))
        check(cloud, story, told)
        record = cloud.record("ada", "photos", "may/sea.jpg")
        after = "no object" if record is None else record.state.value
        if record is not None and record.current is not None:
            is_new = record.current.sha256 == content_of(story.body)
            after += ", the new content" if is_new else ", the old content"
        reply = "none" if told.reply.died else str(told.reply.status)
        found.append((step, reply, after))
    return found


class Work:
    """What functions do without a caller, or go on with after the reply."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.user = User(cloud)

    def do(self) -> None:
        """Do it, until all is settled."""
        raise NotImplementedError

    def end(self) -> str:
        """What is there in the end."""
        record = self.record()
        assert record.current is not None
        assert self.user.download(NAME).body in (CONTENT, LARGE)
        self.cloud.check_storage(self.user.account)
        return f"{record.state}, {len(record.current.stored)} replicas"

    def record(self) -> ObjectRecord:
        record = self.cloud.record(self.user.account, "photos", NAME)
        assert record is not None
        return record


class Completion(Work):
    """A large upload is completed; S3 tells of it too."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.sender = Sender(self.user)
        self.upload = self.sender.begin(NAME, LARGE)
        self.sender.send(self.upload, LARGE)

    def do(self) -> None:
        self.sender.complete(self.upload)
        self.cloud.run_executions()
        if self.cloud.staged():
            event = self.cloud.sqs_event_of(self.sender.event(self.upload))
            self.cloud.try_to_invoke(arn(_FIRST, "ingest_upload"), event)
        self.cloud.settle()

    def end(self) -> str:
        with self.cloud.network.outside():
            found = uploads.get(self.user.account, self.upload["upload"])
        if found is None or found.state is not UploadState.OPEN:
            return super().end()
        assert self.sender.complete(self.upload).status == 202
        self.cloud.settle()
        return f"open; completed again: {super().end()}"


class Drop(Work):
    """A file is put into staging by S3 itself; its event comes until it was taken."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        cloud.add_account(self.user.account, "password")
        key = f"incoming/{self.user.account}/photos/{NAME}"
        self.event = cloud.put_into_staging(_FIRST, key, CONTENT)

    def do(self) -> None:
        event = self.cloud.sqs_event_of(self.event)
        self.cloud.try_to_invoke(arn(_FIRST, "ingest_upload"), event)
        self.cloud.run_executions()
        self.cloud.settle()

    def end(self) -> str:
        assert self.cloud.ingest(_FIRST, self.event) == []
        self.cloud.settle()
        return super().end()


class Drain(Work):
    """A cluster is drained that has a replica of the object; no replica is ever too few."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        for name in MORE_CLUSTERS:
            cloud.register(name)
        assert self.user.create(NAME, CONTENT, SYNC).status == 201
        self.leaving = self.user.stat(NAME)["replicas"][0]["cluster"]
        self.job = test_jobs.begin(cloud, JobKind.DRAIN, self.leaving)

    def do(self) -> None:
        with test_jobs.never_below(self.cloud, self.user, 3):
            self.cloud.try_to_invoke(arn(_FIRST, "run_jobs"), {"seconds": 1})
            self.cloud.settle()

    def end(self) -> str:
        with test_jobs.never_below(self.cloud, self.user, 3):
            job = test_jobs.run_to_its_end(self.cloud, self.job)
        assert not self.cloud.replicas(self.user.account).get(self.leaving)
        return f"{super().end()}, none there; the job is {job.state}"


class Repair(Work):
    """A reader has found a replica with other bytes."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        assert self.user.create(NAME, CONTENT, SYNC).status == 201
        key = cloud.key(self.user.account, "photos", NAME, _SECOND)
        cloud.backends[_SECOND].damage(key, b"?" * len(CONTENT))
        version = self.user.stat(NAME)["version"]
        self.message = verify_message(ObjectKey(self.user.account, "photos", NAME), version)

    def do(self) -> None:
        self.stays = not self.cloud.repair(_SECOND, self.message)
        self.cloud.settle()

    def end(self) -> str:
        if self.stays:
            self.cloud.repair(_SECOND, self.message)  # its message comes again
            self.cloud.settle()
        assert self.user.download(NAME, at=_SECOND).body == CONTENT
        assert self.cloud.queued() == dict.fromkeys(self.cloud.queued(), 0)
        return super().end()


WORK: dict[str, Callable[[Cloud], Work]] = {
    "completion of a large upload": Completion,
    "a dropped file": Drop,
    "a move": Drain,
    "a repair": Repair,
}


def rows_of_work(cloud: Cloud, name: str) -> list[Row]:
    """The function and call at which it ends, and what is there once all is settled."""
    cloud.deploy()
    work = WORK[name](cloud)
    begin_again = cloud.keep()
    work.do()  # from here on every function is warm
    begin_again()
    with cloud.network.record() as calls:
        work.do()
    found: list[Row] = []
    for number, step in writes(list(calls)):
        begin_again()
        with cloud.network.record((number, Manner.DIES)):
            work.do()
        found.append((step, work.end()))
    return found


@contextmanager
def one_by_one() -> Iterator[None]:
    """What has more than a thousand bytes is large, and nothing happens side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "PART_BYTES", PART)
        patch.setattr(limits, "UPLOAD_PART_BYTES_MIN", 1)
        patch.setattr(put_parts, "_SIDE_BY_SIDE", 1)
        patch.setattr(run_jobs, "_SIDE_BY_SIDE", 1)
        yield


def show(name: str, heads: Row, rows: list[Row]) -> None:
    print(f"\n### {name}\n")
    for row in (heads, ("---",) * len(heads), *dict.fromkeys(rows)):
        print(f"| {' | '.join(row)} |")


def main() -> int:
    with running_cloud() as cloud:
        for name in TOLD:
            show(name, ("ends before", "reply", "in the end"), rows_of_call(cloud, name))
        with one_by_one():
            for name in WORK:
                show(name, ("ends before", "in the end"), rows_of_work(cloud, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
