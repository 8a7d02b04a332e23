"""The tables, as PynamoDB models. Only this package imports them."""

import os
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

_PREFIX = os.environ["MCOS_TABLE_PREFIX"]


class _Meta:
    # Two tries of at most four seconds each fit into the shortest function's ten.
    connect_timeout_seconds = 1
    read_timeout_seconds = 3
    max_retry_attempts = 1


def condition_failed(error: PynamoDBException) -> bool:
    """Whether a write was refused because its condition does not hold."""
    cause = error.cause
    return (
        isinstance(cause, ClientError)
        and cause.response["Error"]["Code"] == "ConditionalCheckFailedException"
    )


class AccountItem(Model):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-accounts"

    user_name = UnicodeAttribute(hash_key=True)
    password_hash = UnicodeAttribute()
    created_at = UnicodeAttribute()


class ContainerItem(Model):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-containers"

    account = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    created_at = UnicodeAttribute()
    storage_policy = UnicodeAttribute()
    deletion = UnicodeAttribute(null=True)


class UnsettledIndex(GlobalSecondaryIndex["ObjectItem"]):
    """Sparse: holds only objects for which something is still to be done."""

    class Meta(_Meta):
        index_name = "unsettled"
        projection = KeysOnlyProjection()

    sweeper = UnicodeAttribute(hash_key=True)
    unsettled_since = UnicodeAttribute(range_key=True)


class ObjectItem(Model):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-objects"

    container_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    revision = UnicodeAttribute()
    state = UnicodeAttribute()
    document: JSONAttribute = JSONAttribute()
    sweeper = UnicodeAttribute(null=True)
    unsettled_since = UnicodeAttribute(null=True)
    unsettled = UnsettledIndex()


class _LabelsAttribute(JSONAttribute):
    """A map of texts. Terraform writes it as a DynamoDB map."""

    attr_type = "M"

    def serialize(self, value: Any) -> Any:
        return {name: {"S": text} for name, text in value.items()}

    def deserialize(self, value: Any) -> Any:
        return {name: text["S"] for name, text in value.items()}


class ClusterItem(Model):
    class Meta(_Meta):
        table_name = f"{_PREFIX}-clusters"

    cluster = UnicodeAttribute(hash_key=True)
    entry_point = UnicodeAttribute()
    backend = UnicodeAttribute()
    provider = UnicodeAttribute()
    location = UnicodeAttribute()
    labels = _LabelsAttribute(default=dict)
    weight = NumberAttribute(default=1)
    state = UnicodeAttribute()
    put_replica = UnicodeAttribute()
    get_replica = UnicodeAttribute()
    repair_queue_url = UnicodeAttribute()
    staging_bucket = UnicodeAttribute()
