"""Transactions: writes of several items, all or none."""

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
    """Return a transaction, which is written at the end of its ``with``: one network call.

    botocore adds an idempotency token, so a retry of the driver has no further effect.
    """
    return TransactWrite(connection=_connection())


def is_lost_race(error: PynamoDBException) -> bool:
    """Whether a write was refused because a condition did not hold or another write interfered."""
    if isinstance(error, TransactWriteError):
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        if codes:
            return codes <= _LOST_RACE
    cause = error.cause
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _LOST_RACE


@cache
def _connection() -> Connection:
    """Return a connection with the timeouts of the models."""
    meta = AccountItem.Meta
    return Connection(
        connect_timeout_seconds=meta.connect_timeout_seconds,
        read_timeout_seconds=meta.read_timeout_seconds,
        max_retry_attempts=meta.max_retry_attempts,
    )
