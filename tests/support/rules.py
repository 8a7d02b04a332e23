"""AWS's rules for the calls of functions that run in this process: limits, and what a role may do.

What a role may do is the table that the deployed roles are compared with. A call that AWS would
refuse is refused here with AWS's answer, and is written down: a test that did not mean it fails.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest

from clouds.servers.rules import Asked, is_regional, refusal_of
from tests.infrastructure.test_iam import FOR_ALL, FUNCTIONS
from tests.support.environment import ACCOUNT_ID, ALL_CLUSTERS, PREFIX, REGION, region_of
from tests.support.gateway import Reply

__all__ = ["refusal_of"]

_MAY = {**FUNCTIONS, **FOR_ALL}

_OBJECT_ACTIONS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListParts": "s3:ListMultipartUploadParts",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObject": "s3:DeleteObject",
}
_OF_A_VERSION = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}
_BUCKET_ACTIONS = {
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjectsV2": "s3:ListBucket",
}
_SERVICES = {"sfn": "states"}
_SIGNED = re.compile(r'https://[^"\s]*X-Amz-Credential')


def asked_of(request: AWSPreparedRequest) -> Asked:
    """A request of botocore's."""
    headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    body = request.body
    if isinstance(body, str):
        body = body.encode()
    return Asked(request.method, request.url, headers, body if isinstance(body, bytes) else b"")


def is_granted(cluster: str, function: str, service: str, operation: str, asked: Asked) -> bool:
    """Whether a function's role may make a call; who is no function may do everything."""
    may = _MAY.get(function)
    if may is None:
        return True
    return all(
        any(action in may.get(word, ()) for word in words)
        for action, words in _needed(cluster, service, operation, asked)
    )


def may_list(cluster: str, function: str, bucket: str) -> bool:
    """Whether a function's role may list a bucket: else S3 does not tell that a key is missing."""
    may = _MAY.get(function)
    if may is None:
        return True
    return any("s3:ListBucket" in may.get(word, ()) for word in _bucket_words(cluster, bucket))


def _needed(
    cluster: str, service: str, operation: str, asked: Asked
) -> Iterator[tuple[str, list[str]]]:
    """The actions that a call needs, each with the words of the table for its resource."""
    action = f"{_SERVICES.get(service, service)}:{operation}"
    if service == "dynamodb":
        for table in asked.document.get("RequestItems") or [asked.document["TableName"]]:
            index = asked.document.get("IndexName")
            yield action, [index or table.removeprefix(f"{PREFIX}-")]
    elif service == "s3":
        yield from _of_s3(cluster, operation, asked)
    elif service == "sqs":
        name = asked.document["QueueUrl"].rpartition("/")[2]
        yield action, _queue_words(cluster, name)
    elif service == "lambda":
        arn = unquote(asked.path).rpartition("/functions/")[2].removesuffix("/invocations")
        owner, _, function = arn.rpartition(":")[2].removeprefix(f"{PREFIX}-").rpartition("-")
        own = [f"own {function}"] if owner == cluster else []
        yield "lambda:InvokeFunction", [f"all {function}", *own]
    elif service == "sfn":
        large = asked.document["stateMachineArn"].endswith("-replicate-large")
        is_own = f":{PREFIX}-{cluster}-replicate-" in asked.document["stateMachineArn"]
        yield action, [f"own {'large ' if large else ''}state machine"] if is_own else []
    elif service == "secretsmanager":
        is_own = asked.document["SecretId"] == f"{PREFIX}/{cluster}/backend"
        yield action, ["own backend secret" if is_own else "token key"]
    elif service == "ssm":
        yield action, ["signing keys"]
    elif service == "events":
        yield action, ["event bus"]


def _of_s3(cluster: str, operation: str, asked: Asked) -> Iterator[tuple[str, list[str]]]:
    bucket, key = bucket_and_key(asked)
    if operation in _BUCKET_ACTIONS:
        yield _BUCKET_ACTIONS[operation], _bucket_words(cluster, bucket)
        return
    action = _OBJECT_ACTIONS[operation]
    if "versionId" in asked.query:
        action = _OF_A_VERSION[action]
    words = ["all staging"]
    if bucket == f"{PREFIX}-{cluster}-staging-{ACCOUNT_ID}":
        words.append("own staging")
    if key.startswith("uploads/"):
        words.append("all staged uploads")
    yield action, words


def bucket_and_key(asked: Asked) -> tuple[str, str]:
    """The bucket and the key that a request of S3 names, by path or by host."""
    host = urlsplit(asked.target).netloc
    first, _, rest = asked.path.lstrip("/").partition("/")
    if host.startswith("s3."):
        return first, rest
    return host.partition(".")[0], asked.path.lstrip("/")


def _bucket_words(cluster: str, bucket: str) -> list[str]:
    own = bucket == f"{PREFIX}-{cluster}-staging-{ACCOUNT_ID}"
    return ["all staging buckets", *(["own staging bucket"] if own else [])]


def _queue_words(cluster: str, name: str) -> list[str]:
    words = ["all repair queues"] if name.endswith("-repair") else []
    if name == f"{PREFIX}-unpublished-events":
        words.append("unpublished queue")
    own = name.removeprefix(f"{PREFIX}-{cluster}-")
    if own != name:
        words += ["own queues", {"inbound-dlq": "own inbound dlq"}.get(own, f"own {own} queue")]
    return words


def other_hosts(reply: Reply) -> list[str]:
    """Hosts of signed URLs in a reply that are not those of a bucket in its region."""
    text = reply.headers.get("location", "") + reply.body.decode("utf-8", "replace")
    hosts = [urlsplit(url).netloc for url in _SIGNED.findall(text)]
    return [host for host in hosts if not is_regional(host, _region_of_bucket(host))]


def _region_of_bucket(host: str) -> str:
    for cluster in ALL_CLUSTERS:
        if f"{PREFIX}-{cluster}-staging-{ACCOUNT_ID}" in host:
            return region_of(cluster)
    return REGION


def connection_of(service: str, request: AWSPreparedRequest) -> str:
    """Which of a function's connections a request goes over: each table has its own."""
    if service != "dynamodb":
        return service
    asked = asked_of(request).document
    tables: list[str] = list(asked.get("RequestItems") or [asked.get("TableName", "")])
    return tables[0]


def throttled(service: str) -> tuple[int, dict[str, str], bytes]:
    """What AWS answers while there are too many calls: status, headers, body."""
    if service == "s3":
        text = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
        return 503, {"content-type": "application/xml"}, text
    codes = {"dynamodb": "ProvisionedThroughputExceededException", "sqs": "RequestThrottled"}
    code = codes.get(service, "ThrottlingException")
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": code}
    return 400, headers, json.dumps({"__type": code, "message": "Rate exceeded"}).encode()


def denied(service: str, head: bool) -> tuple[int, dict[str, str], bytes]:
    """What AWS answers to who may not: status, headers, body."""
    if service == "s3":
        text = (
            b""
            if head
            else b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        )
        return 403, {"content-type": "application/xml"}, text
    told: dict[str, Any] = {"__type": "AccessDeniedException", "message": "not authorized"}
    return 400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(told).encode()
