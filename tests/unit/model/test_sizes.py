"""A record never outgrows an item of DynamoDB, whatever is under way and owed."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from clouds.servers.rules.limits import ITEM_BYTES
from mcos import limits
from mcos.errors import Conflict
from mcos.model import lifecycle
from mcos.model.objects import ObjectKey, ObjectRecord
from mcos.model.versions import Replica, Staged, Version
from tests.support.builders import record, version

LONG = "\x01" * 1024
"""The longest name: in JSON, each of its characters has six bytes."""


def largest(number: int, replicas: int = limits.POLICY_REPLICAS, digested: bool = True) -> Version:
    """A version with as much as the API takes, of a file that was put under the longest key."""
    return replace(
        version(number),
        content_type=f"a/{'b' * 254}",
        metadata={f"{one:02}": '"' * 254 for one in range(16)},
        staged=Staged("c" * 16, LONG, f"{number:032}", '"' * 34),
        storage_policy="p" * limits.POLICY_NAME_LENGTH,
        replicas={
            f"cluster-{one:08}": Replica("swift", "i" * 16, tag="t" * 40, replaces="r" * 16)
            for one in range(replicas)
        },
        digested=digested,
        parts_md5="a" * 32,
        taken_from="t" * 70,
        restored_from="r" * 26,
        retained_until="2026-11-26T07:00:00.000Z",
    )


def size(of: ObjectRecord) -> int:
    return len(json.dumps(of.as_json()))


def updated(record: ObjectRecord, number: int, replicas: int, digested: bool) -> ObjectRecord:
    return lifecycle.accept_update(record, largest(number, replicas, digested), cluster="s3")


def created_and_deleted(
    record: ObjectRecord | None, number: int, replicas: int, digested: bool
) -> ObjectRecord:
    one = largest(number, replicas, digested)
    key = ObjectKey("ada", "photos", LONG)
    created = lifecycle.accept_create(record, one, key=key, cluster="s3")
    return lifecycle.accept_delete(created, cluster="s3", at="2026-11-26T07:00:00.000Z")


@pytest.mark.parametrize("digested", [True, False])
@pytest.mark.parametrize("replicas", [1, 3, limits.POLICY_REPLICAS])
@pytest.mark.parametrize("change", [updated, created_and_deleted])
def test_changes_are_refused_before_a_record_is_too_large(
    change: Callable[..., ObjectRecord], replicas: int, digested: bool
) -> None:
    grown = replace(record(current=largest(1, replicas)), name=LONG)
    if change is created_and_deleted:
        grown = lifecycle.accept_delete(grown, cluster="s3", at="2026-11-26T07:00:00.000Z")
    with suppress(Conflict):
        for number in range(2, 500):
            grown = change(grown, number, replicas, digested)
    assert number < 499
    # What is under way for what was accepted may add to it.
    assert size(grown) + 2 * size(record(current=largest(1))) < ITEM_BYTES
