"""Print what becomes of a call if a function ends at each of its network calls, as a table.

The stories are those of ``tests/inprocess/test_crashes.py``, which checks after each that nothing
is lost and nothing left behind. Before a read a function has done what it had done before, so only
writes are told.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "functions", "client/src", "")]

from tests.support import environment  # noqa: E402, F401  (first: it sets the environment)

# isort: split
from tests.inprocess.test_crashes import (  # noqa: E402
    ACCOUNT,
    CONTAINER,
    NAME,
    READS,
    STORIES,
    check,
    content_of,
)
from tests.support.cloud import Cloud, running_cloud  # noqa: E402
from tests.support.network import Manner  # noqa: E402

TOLD = ("sync create", "async create", "sync update", "async update", "sync delete", "async delete")


def rows(cloud: Cloud, name: str) -> list[tuple[str, str, str]]:
    """The function and call at which it ends, the reply, and what is there once all is settled."""
    story = STORIES[name]
    cloud.deploy()
    begin_again = story.prepare(cloud)
    story.tell(cloud, None)  # from here on every function is warm
    begin_again()
    calls = story.tell(cloud, None).calls
    found = []
    for number, call in enumerate(calls):
        if call.name.endswith(READS):
            continue
        begin_again()
        told = story.tell(cloud, (number, Manner.DIES))
        check(cloud, story, told)
        record = cloud.record(ACCOUNT, CONTAINER, NAME)
        after = "no object" if record is None else record.state.value
        if record is not None and record.current is not None:
            is_new = record.current.sha256 == content_of(story.body)
            after += ", the new content" if is_new else ", the old content"
        reply = "none" if told.reply.died else str(told.reply.status)
        found.append((f"{call.function} -> {call.name}", reply, after))
    return found


def main() -> int:
    with running_cloud() as cloud:
        for name in TOLD:
            print(f"\n### {name}\n\n| ends before | reply | in the end |\n| --- | --- | --- |")
            for row in dict.fromkeys(rows(cloud, name)):
                print(f"| {' | '.join(row)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
