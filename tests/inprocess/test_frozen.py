"""A function is frozen for hours between two calls: its caller notices nothing."""

from collections.abc import Callable

import pytest

from tests.inprocess.test_throttled import CHANGES, READS
from tests.support.cloud import SYNC, arn
from tests.support.gateway import Reply
from tests.support.user import User

HOURS = 5


@pytest.mark.parametrize("one", [*CHANGES.values(), *READS.values()], ids=[*CHANGES, *READS])
def test_a_call_after_hours_is_answered_as_any_other(
    user: User, one: Callable[[User], Reply]
) -> None:
    user.create("a", b"content", SYNC)
    cloud = user.cloud
    back = cloud.keep()
    whole = one(user)
    back()
    cloud.freeze(hours=HOURS)
    user.token = cloud.token(user.account)
    for cluster in ("s3", "swift", "ceph"):
        cloud.try_to_invoke(arn(cluster, "check_health"), {})
    cloud.freeze(hours=0)
    assert one(user).status == whole.status
