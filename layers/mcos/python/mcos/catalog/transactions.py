"""Writes of several items that are all done, or none of them."""

from functools import cache

from botocore.exceptions import ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from mcos.catalog.tables import AccountItem

_LOST_RACE = {
    "ConditionalCheckFailed",
    "ConditionalCheckFailedException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}


def transaction() -> TransactWrite:
    """A transaction, done at the end of its ``with``: one network call.

    botocore names it by a token of its own, so that a second try of the driver repeats nothing.
    """
    return TransactWrite(connection=_connection())


def lost_race(error: PynamoDBException) -> bool:
    """Whether a write was refused because things are not, or do not stay, as it expects."""
    if isinstance(error, TransactWriteError):
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        if codes:
            return codes <= _LOST_RACE
    cause = error.cause
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _LOST_RACE


@cache
def _connection() -> Connection:
    """One with the patience that the models have."""
    patience = AccountItem.Meta
    return Connection(
        connect_timeout_seconds=patience.connect_timeout_seconds,
        read_timeout_seconds=patience.read_timeout_seconds,
        max_retry_attempts=patience.max_retry_attempts,
    )
