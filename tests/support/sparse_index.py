"""The index of unsettled objects, answered as quickly as DynamoDB does.

Moto sorts the whole table for each Query of an index. With a hundred thousand objects that takes a
second, and each sweep makes several.
"""

import json
from heapq import nsmallest
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from mcos.catalog.tables import UnsettledIndex
from tests.support.cloud import Cloud
from tests.support.network import Answer

_INDEX = UnsettledIndex.Meta.index_name
_CONDITION = "(#0 = :0 AND #1 < :1)"
_KEYS = ("container_key", "name", "sweeper", "unsettled_since")
_HEADERS = {"content-type": "application/x-amz-json-1.0"}


def quick_index(cloud: Cloud) -> Answer:
    """Answers its Queries without moto: ``cloud.network.answers["dynamodb:Query"]``."""

    def answer(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes] | None:
        asked = json.loads(request.body)
        if asked.get("IndexName") != _INDEX:
            return None
        items = _page(cloud, asked)
        reply = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        return 200, _HEADERS, json.dumps(reply).encode()

    return answer


def _page(cloud: Cloud, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys of the oldest items of a partition that are older than a time."""
    assert asked["KeyConditionExpression"] == _CONDITION, asked
    given = asked["ExpressionAttributeValues"]
    partition, before = given[":0"]["S"], given[":1"]["S"]
    found = (
        attributes
        for attributes in cloud.unsettled_items()
        if attributes["sweeper"].value == partition and attributes["unsettled_since"].value < before
    )
    oldest = nsmallest(asked["Limit"], found, key=lambda one: one["unsettled_since"].value)
    return [{name: one[name].to_json() for name in _KEYS} for one in oldest]
