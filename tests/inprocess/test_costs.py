"""What a call is billed for, by unit: a call that gets dearer fails, and says by what.

The units are counted as ``make cost`` counts them; docs/cost.md says what they cost.
"""

import pytest

from bench.cost import calls
from bench.cost.calls import Bench
from bench.cost.meter import metered
from bench.cost.units import (
    BACKEND_BYTES,
    BACKEND_GETS,
    BACKEND_PUTS,
    EGRESS_BYTES,
    EVENTS,
    EXPRESS_GB_SECONDS,
    EXPRESS_REQUESTS,
    HTTP_REQUESTS,
    INDEX_WRITE_UNITS,
    LAMBDA_GB_SECONDS,
    LAMBDA_REQUESTS,
    LOG_BYTES,
    OTHER_REQUESTS,
    READ_UNITS,
    REPLY_BYTES,
    S3_GETS,
    S3_PUTS,
    SECRET_READS,
    SQS_REQUESTS,
    WRITE_UNITS,
    Units,
)
from tests.support.cloud import Cloud

NOT_HELD = {BACKEND_PUTS, BACKEND_GETS, BACKEND_BYTES, OTHER_REQUESTS, SECRET_READS}
"""What the storage services themselves cost, and what comes once in minutes, whatever is called."""

HELD: dict[str, dict[str, float]] = {
    "login": {
        READ_UNITS: 5,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.8651,
        LAMBDA_REQUESTS: 1,
        LOG_BYTES: 1175,
        REPLY_BYTES: 908,
    },
    "create, sync, 1 KiB": {
        READ_UNITS: 1,
        WRITE_UNITS: 2,
        INDEX_WRITE_UNITS: 2,
        EVENTS: 2,
        EXPRESS_GB_SECONDS: 0.0187,
        EXPRESS_REQUESTS: 1,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.5111,
        LAMBDA_REQUESTS: 6.14,
        EGRESS_BYTES: 3848,
        LOG_BYTES: 2508.6,
        REPLY_BYTES: 731,
    },
    "create, async, 1 KiB": {
        READ_UNITS: 2,
        WRITE_UNITS: 2,
        INDEX_WRITE_UNITS: 2,
        EVENTS: 2,
        EXPRESS_GB_SECONDS: 0.0187,
        EXPRESS_REQUESTS: 1,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.6496,
        LAMBDA_REQUESTS: 7.14,
        S3_GETS: 3,
        S3_PUTS: 1,
        SQS_REQUESTS: 3,
        EGRESS_BYTES: 3848,
        LOG_BYTES: 2812.6,
        REPLY_BYTES: 732,
    },
    "update, sync, 1 KiB": {
        READ_UNITS: 2,
        WRITE_UNITS: 6,
        INDEX_WRITE_UNITS: 4,
        EVENTS: 2,
        EXPRESS_GB_SECONDS: 0.0187,
        EXPRESS_REQUESTS: 1,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.6993,
        LAMBDA_REQUESTS: 9.71,
        SQS_REQUESTS: 9,
        EGRESS_BYTES: 3846,
        LOG_BYTES: 3632.9,
        REPLY_BYTES: 731,
    },
    "stat": {
        READ_UNITS: 1,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.0099,
        LAMBDA_REQUESTS: 1,
        LOG_BYTES: 847,
        REPLY_BYTES: 1408,
    },
    "download, 1 KiB": {
        READ_UNITS: 1,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.087,
        LAMBDA_REQUESTS: 1,
        LOG_BYTES: 852.667,
        REPLY_BYTES: 1524,
    },
    "list, a page of 48": {
        READ_UNITS: 10,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.0099,
        LAMBDA_REQUESTS: 1,
        LOG_BYTES: 847,
        REPLY_BYTES: 14984,
    },
    "delete, with its removal": {
        READ_UNITS: 3.5,
        WRITE_UNITS: 7,
        INDEX_WRITE_UNITS: 4,
        EVENTS: 2,
        HTTP_REQUESTS: 1,
        LAMBDA_GB_SECONDS: 0.2081,
        LAMBDA_REQUESTS: 5.14,
        SQS_REQUESTS: 9,
        LOG_BYTES: 2139.6,
        REPLY_BYTES: 500,
    },
}
"""Units of one call of each kind, with all that comes of it."""

APART: dict[str, dict[str, float]] = {
    "journal, for each small create": {
        READ_UNITS: 0.04,
        WRITE_UNITS: 0.02,
        LAMBDA_GB_SECONDS: 0.0105,
        LAMBDA_REQUESTS: 0.08,
        EGRESS_BYTES: 336.4,
        LOG_BYTES: 28.22,
    },
    "a run of the scrub of three clusters, for each object": {
        READ_UNITS: 0.625,
        LAMBDA_GB_SECONDS: 0.0152,
    },
}
"""What is done for an object beside the calls."""

SLACK = 0.02
"""By how much a figure may differ that depends on the length of names and numbers."""


def found_dearer(kind: str, held: dict[str, float], counted: Units) -> list[str]:
    """What has become dearer or cheaper than it is held to be, unit by unit."""
    units = {name for name, number in counted.items() if number > 0.001} | set(held)
    return [
        f"{kind}: {name}: {counted[name]:.4f}, held at {held.get(name, 0)}"
        for name in sorted(units - NOT_HELD)
        if abs(counted[name] - held.get(name, 0)) > SLACK * held.get(name, 0)
    ]


def test_no_call_is_billed_for_more_than_it_is_held_to(cloud: Cloud) -> None:
    """What has become cheaper is to be held at that."""
    found = []
    with metered(cloud) as meter:
        bench = Bench(cloud, meter, times=2)
        for kind, held in HELD.items():
            parts = calls.KINDS[kind](bench)
            found += found_dearer(kind, held, parts["call"])
            # What three replicas say of themselves is short.
            assert sum(parts.get("headers", Units()).values()) <= 450, kind
    assert not found, "\n".join(found)


@pytest.mark.parametrize("what", APART)
def test_what_is_done_beside_the_calls_is_billed_for_no_more(cloud: Cloud, what: str) -> None:
    with metered(cloud) as meter:
        counted = calls.APART[what](Bench(cloud, meter, times=2))
    found = found_dearer(what, APART[what], counted)
    assert not found, "\n".join(found)


def test_a_call_that_gets_dearer_is_found_by_its_unit() -> None:
    held = {WRITE_UNITS: 2.0, LOG_BYTES: 1000.0}
    assert not found_dearer("a call", held, Units({WRITE_UNITS: 2, LOG_BYTES: 1010}))
    dearer = Units({WRITE_UNITS: 3, LOG_BYTES: 1000, EVENTS: 1})
    assert found_dearer("a call", held, dearer) == [
        "a call: DynamoDB write units: 3.0000, held at 2.0",
        "a call: EventBridge events: 1.0000, held at 0",
    ]
    assert found_dearer("a call", held, Units({WRITE_UNITS: 1, LOG_BYTES: 1000}))
