"""What the core does not stand yet, as narrowly as it can be named.

Each entry goes when the core's repair makes it pass; nothing else may be added. Where nothing is
left of it, workloads are given no limits and readers see what was acknowledged at once.
"""

from tests.support.faults.register import Visibility

VISIBILITY = Visibility.LATER
"""``AT_ONCE`` when what is acknowledged is readable from staging on."""

SPARED: frozenset[str] = frozenset(
    {
        # The driver repeats a write whose reply was lost, after another call was complete: a
        # version that was disposed of is accepted again, a delete is told that there is nothing.
        "create_object -> dynamodb:PutItem",
        "update_object -> dynamodb:PutItem",
        "delete_object -> dynamodb:PutItem",
        "delete_object -> dynamodb:DeleteItem",
    }
)
"""Calls in which nothing goes wrong, as ``function -> service:operation``."""
