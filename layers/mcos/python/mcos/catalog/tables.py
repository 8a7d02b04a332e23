"""The tables, as PynamoDB models. Only this package imports them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from mcos.aws import client
from mcos.catalog.access import current
from mcos.errors import CatalogUnavailable
from mcos.settings import table_prefix

Result = TypeVar("Result")

_PREFIX = table_prefix()


class _Meta:
    # Two tries of at most four seconds each fit into the shortest timeout of a function, 10 s.
    connect_timeout_seconds = 1
    read_timeout_seconds = 3
    max_retry_attempts = 1


ERRORS = (PynamoDBException, ClientError, BotoCoreError)
"""Raised when a table cannot be reached, or refuses."""


def is_condition_failure(error: PynamoDBException) -> bool:
    """Whether a write was refused because its condition did not hold."""
    cause = error.cause
    return (
        isinstance(cause, ClientError)
        and cause.response["Error"]["Code"] == "ConditionalCheckFailedException"
    )


_NOT_DONE = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}


def is_not_done(error: PynamoDBException) -> bool:
    """Whether a request certainly changed nothing and may succeed if it is repeated."""
    cause = error.cause
    if isinstance(cause, ClientError):
        return cause.response["Error"]["Code"] in _NOT_DONE
    return isinstance(cause, ConnectTimeoutError | EndpointConnectionError)


def has_no_reply(error: PynamoDBException) -> bool:
    """Whether the outcome of a request is unknown."""
    cause = error.cause
    if isinstance(cause, ClientError):
        # PynamoDB's error has only the code; botocore's, from which it is raised, has the status.
        told = cause.__cause__ if isinstance(cause.__cause__, ClientError) else cause
        status: int = told.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500
    return isinstance(cause, BotoCoreError) and not is_not_done(error)


def is_unavailable(error: Exception) -> bool:
    """Whether an error says that a table cannot be read or written now."""
    return isinstance(error, PynamoDBException) and (has_no_reply(error) or is_not_done(error))


def read_again(read: Callable[[], Result]) -> Result:
    """Read, and repeat it once if there was no reply: for models whose driver does not repeat."""
    try:
        return read()
    except PynamoDBException as error:
        if not (is_not_done(error) or has_no_reply(error)):
            raise
    return read()


def read(get: Callable[[bool], Result]) -> Result:
    """Read strongly consistent, or otherwise if there is no such read and that will do.

    Parameters
    ----------
    get
        Reads; its argument is whether strongly consistent.

    Raises
    ------
    DoesNotExist, PynamoDBException
    CatalogUnavailable
        Eventually consistent, there is none.
    """
    access = current()
    if not access.is_stale:
        try:
            return get(True)
        except PynamoDBException as error:
            if not (access.may_be_stale and has_no_reply(error)):
                raise
        access.is_stale = True
    try:
        return get(False)
    except DoesNotExist:
        # It may have been made a moment ago: what was acknowledged is never answered with 404.
        raise CatalogUnavailable(
            "The catalog does not answer, and what it last told does not have this. Try again."
        ) from None


def batch_get(asked: Mapping[str, Any]) -> Any:
    """Read items of several tables: one network call, which may not answer all of it.

    Raises
    ------
    CatalogUnavailable
    ClientError
        DynamoDB refused.
    """
    try:
        return client("dynamodb").batch_get_item(RequestItems=asked)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            raise
    except BotoCoreError:
        pass
    raise CatalogUnavailable("The catalog does not answer; nothing was changed. Try again.")


class Item(Model):
    """An item of any table; what is sent is noted of the call that sends it."""

    def save(self, *given: Any, **named: Any) -> dict[str, Any]:
        current().has_written = True
        return super().save(*given, **named)

    def update(self, *given: Any, **named: Any) -> Any:
        current().has_written = True
        return super().update(*given, **named)

    def delete(self, *given: Any, **named: Any) -> Any:
        current().has_written = True
        return super().delete(*given, **named)


class CompactJSONAttribute(JSONAttribute):
    """JSON without spaces, since an item is billed by its bytes. For documents that no condition
    compares: another release may have written them with spaces."""

    def serialize(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))


class AccountItem(Item):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-accounts"

    user_name = UnicodeAttribute(hash_key=True)
    password_hash = UnicodeAttribute()
    created_at = UnicodeAttribute()
    role = UnicodeAttribute()
    enabled = BooleanAttribute()
    # Id of the call by which an enabled admin is about to become none.
    leaving = UnicodeAttribute(null=True)
    # New with each write, for the journal; only items of release 0.1.0 have none.
    revision = UnicodeAttribute(null=True)
    # What operators have given of its quota; None: nothing.
    quota: JSONAttribute = JSONAttribute(null=True)


class ContainerItem(Item):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-containers"

    account = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    created_at = UnicodeAttribute()
    storage_policy = UnicodeAttribute()
    # None: no retention.
    retention_days = NumberAttribute(null=True)
    deletion = UnicodeAttribute(null=True)
    # As that of an account.
    revision = UnicodeAttribute(null=True)


class UnsettledIndex(GlobalSecondaryIndex["ObjectItem"]):
    """Sparse: has only objects that still need work."""

    class Meta(_Meta):
        index_name = "unsettled"
        projection = KeysOnlyProjection()

    sweeper = UnicodeAttribute(hash_key=True)
    unsettled_since = UnicodeAttribute(range_key=True)


class ObjectItem(Item):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-objects"
        # A write that is repeated could be done twice; ``mcos.catalog.objects`` looks first.
        max_retry_attempts = 0

    container_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    revision = UnicodeAttribute()
    state = UnicodeAttribute()
    document: JSONAttribute = CompactJSONAttribute()
    sweeper = UnicodeAttribute(null=True)
    unsettled_since = UnicodeAttribute(null=True)
    unsettled = UnsettledIndex()


class RegistryItem(Item):
    """One fact of the cluster registry, by its kind and the name of what it describes.

    There are a few dozen items at most, so one Scan reads them all. After ``expires`` (Unix time)
    readers ignore an item, and ``registry.tidy`` removes it.
    """

    class Meta(_Meta):
        table_name = f"{_PREFIX}-registry"

    kind = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    document: JSONAttribute = JSONAttribute()
    expires = NumberAttribute(null=True)
    # As that of an account; what Terraform writes has none.
    revision = UnicodeAttribute(null=True)


class RegistryText(Item):
    """A registry item with its document as it was written: Terraform's JSON has another form."""

    class Meta(_Meta):
        table_name = f"{_PREFIX}-registry"

    kind = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    document = UnicodeAttribute()


class JobItem(Item):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-jobs"

    job = UnicodeAttribute(hash_key=True)
    revision = UnicodeAttribute()
    document: JSONAttribute = JSONAttribute()


class ExpiringIndex(GlobalSecondaryIndex["UploadItem"]):
    """Has the uploads by the time after which the sweeper must look at them."""

    class Meta(_Meta):
        index_name = "expiring"
        projection = KeysOnlyProjection()

    cluster = UnicodeAttribute(hash_key=True)
    expires_at = UnicodeAttribute(range_key=True)


class UploadItem(Item):
    """An upload, or an event whose content was taken.

    The sweeper of ``cluster`` looks at it after ``expires_at``. ``state`` and ``version`` are those
    of the upload, and are right where the document is behind. ``expires`` (Unix time) is only in
    items of release 0.1.0.
    """

    class Meta(_Meta):
        table_name = f"{_PREFIX}-uploads"

    account = UnicodeAttribute(hash_key=True)
    upload = UnicodeAttribute(range_key=True)
    state = UnicodeAttribute()
    version = UnicodeAttribute(null=True)
    document: JSONAttribute = JSONAttribute()
    cluster = UnicodeAttribute(null=True)
    expires_at = UnicodeAttribute(null=True)
    expires = NumberAttribute(null=True)
    sequencer = UnicodeAttribute(null=True)
    expiring = ExpiringIndex()


class DueIndex(GlobalSecondaryIndex["DeletedItem"]):
    """Has the deleted versions by the time at which the sweeper must look at them."""

    class Meta(_Meta):
        index_name = "due"
        projection = KeysOnlyProjection()

    cluster = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class DeletedItem(Item):
    """A deleted version. ``state`` and ``due_at`` are right where the document is behind.

    ``claim`` is the id of the call that is taking it back.
    """

    class Meta(_Meta):
        table_name = f"{_PREFIX}-deleted"

    container_key = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    state = UnicodeAttribute()
    deletion = UnicodeAttribute()
    cluster = UnicodeAttribute()
    due_at = UnicodeAttribute()
    claim = UnicodeAttribute(null=True)
    document: JSONAttribute = CompactJSONAttribute()
    due = DueIndex()


class LoginItem(Item):
    """What is remembered of logins, by a key that says what it is; see ``mcos.model.attempts``.

    After ``expires`` (Unix time) readers ignore an item.
    """

    class Meta(_Meta):
        table_name = f"{_PREFIX}-logins"

    key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute()
    expires = NumberAttribute()
    failures = NumberAttribute(null=True)


class UsageItem(Item):
    """What an account uses (``entry`` is ``now``), and what a scrub has seen of it meanwhile."""

    class Meta(_Meta):
        table_name = f"{_PREFIX}-usage"

    account = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    revision = UnicodeAttribute()
    document: JSONAttribute = JSONAttribute()


class OfAccountIndex(GlobalSecondaryIndex["ShareItem"]):
    """Has the shares by their accounts."""

    class Meta(_Meta):
        index_name = "of_account"
        projection = AllProjection()

    account = UnicodeAttribute(hash_key=True)
    share = UnicodeAttribute(range_key=True)


class ShareItem(Item):
    """A share. After ``expires_at`` readers ignore it."""

    class Meta(_Meta):
        table_name = f"{_PREFIX}-shares"

    share = UnicodeAttribute(hash_key=True)
    account = UnicodeAttribute()
    container = UnicodeAttribute()
    name = UnicodeAttribute()
    object_created_at = UnicodeAttribute()
    created_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    of_account = OfAccountIndex()


ALL_TABLES: tuple[type[Model], ...] = (
    AccountItem,
    ContainerItem,
    ObjectItem,
    RegistryItem,
    JobItem,
    UploadItem,
    DeletedItem,
    LoginItem,
    UsageItem,
    ShareItem,
)
