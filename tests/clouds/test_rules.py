"""AWS's rules before the emulator: what AWS would refuse is refused, and all else goes through."""

import asyncio
import json
from typing import Any

import pytest

from clouds.servers.rules import Asked, InRules, refusal_of, refusal_of_reply
from clouds.servers.rules.limits import size_of_item

CREDENTIAL = (
    "AWS4-HMAC-SHA256 Credential=key/20261126/us-east-1/{}/aws4_request, SignedHeaders=host"
)


def asked(service: str, target: str, document: Any, **headers: str) -> Asked:
    """A signed request."""
    given = {"authorization": CREDENTIAL.format(service), **headers}
    path = "/"
    if service == "lambda":
        path = f"/2015-03-31/functions/{target}/invocations"
    elif target:
        given["x-amz-target"] = f"Service.{target}"
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Asked("POST", path, given, body)


def send(text: str, **more: Any) -> Asked:
    return asked("sqs", "SendMessage", {"MessageBody": text, **more})


def put(item: dict[str, Any]) -> Asked:
    return asked("dynamodb", "PutItem", {"TableName": "one", "Item": item})


def start(**given: Any) -> Asked:
    return asked("states", "StartSyncExecution", given)


TEXT = {"DataType": "String", "StringValue": "x"}

ALLOWED = {
    "input": start(input="x" * 262_144),
    "name": start(name="01J-" * 20, input="{}"),
    "message": send("x" * 262_144),
    "tab": send("a\tb\u00e9\U0001f600"),
    "delay": send("x", DelaySeconds=900),
    "attributes": send("x", MessageAttributes={f"n{n}": TEXT for n in range(10)}),
    "visibility": asked("sqs", "ChangeMessageVisibility", {"VisibilityTimeout": 43_200}),
    "item": put({"a": {"S": "x" * 409_599}}),
    "keys": asked(
        "dynamodb", "BatchGetItem", {"RequestItems": {"t": {"Keys": [{"a": {"S": "x"}}] * 100}}}
    ),
    "invocation": asked("lambda", "one", b"x" * 6_291_456),
    "event": asked("lambda", "one", b"x" * 262_144, **{"x-amz-invocation-type": "Event"}),
    "metadata": asked("s3", "", b"", **{"x-amz-meta-a": "x" * 1_999}),
    "entries": asked("events", "PutEvents", {"Entries": [{"Detail": "{}"}] * 10}),
    "not signed": Asked("POST", "/", {"x-amz-target": "AmazonSQS.SendMessage"}, b"x" * 300_000),
    "other": asked("sqs", "GetQueueAttributes", {"QueueUrl": "x" * 300_000}),
}

REFUSED = {
    "input": (start(input="x" * 262_145), "ValidationException"),
    "input in UTF-8": (start(input="\u00e9" * 131_073), "ValidationException"),
    "long name": (start(name="x" * 81, input="{}"), "InvalidName"),
    "name with a space": (start(name="a b", input="{}"), "InvalidName"),
    "name with a colon": (start(name="a:b", input="{}"), "InvalidName"),
    "message": (send("x" * 262_145), "InvalidParameterValue"),
    "message with attributes": (
        send("x" * 262_130, MessageAttributes={"name": TEXT, "other": TEXT}),
        "InvalidParameterValue",
    ),
    "no message": (send(""), "InvalidParameterValue"),
    "control character": (send("a\0b"), "InvalidMessageContents"),
    "half a surrogate": (send("a\ufffe"), "InvalidMessageContents"),
    "eleven attributes": (
        send("x", MessageAttributes={f"n{n}": TEXT for n in range(11)}),
        "InvalidParameterValue",
    ),
    "empty attribute": (
        send("x", MessageAttributes={"a": {**TEXT, "StringValue": ""}}),
        "InvalidParameterValue",
    ),
    "delay": (send("x", DelaySeconds=901), "InvalidParameterValue"),
    "visibility": (
        asked("sqs", "ChangeMessageVisibility", {"VisibilityTimeout": 43_201}),
        "InvalidParameterValue",
    ),
    "item": (put({"a": {"S": "x" * 409_600}}), "ValidationException"),
    "keys": (
        asked(
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [{"a": {"S": "x"}}] * 101}}},
        ),
        "ValidationException",
    ),
    "invocation": (asked("lambda", "one", b"x" * 6_291_457), "RequestTooLargeException"),
    "event": (
        asked("lambda", "one", b"x" * 262_145, **{"x-amz-invocation-type": "Event"}),
        "RequestTooLargeException",
    ),
    "metadata": (asked("s3", "", b"", **{"x-amz-meta-a": "x" * 2_000}), "MetadataTooLarge"),
    "entries": (
        asked("events", "PutEvents", {"Entries": [{"Detail": "{}"}] * 11}),
        "ValidationException",
    ),
    "large entries": (
        asked("events", "PutEvents", {"Entries": [{"Detail": "x" * 262_144}]}),
        "ValidationException",
    ),
}


@pytest.mark.parametrize("one", ALLOWED.values(), ids=ALLOWED)
def test_what_aws_takes_is_not_refused(one: Asked) -> None:
    assert refusal_of(one) is None


@pytest.mark.parametrize(("one", "code"), REFUSED.values(), ids=REFUSED)
def test_what_aws_would_refuse_is_refused_as_aws_says_it(one: Asked, code: str) -> None:
    refusal = refusal_of(one)
    assert refusal is not None
    assert refusal.code == code
    assert code.encode() in refusal.body


def test_a_signed_url_names_its_service() -> None:
    scope = "key%2F20261126%2Fus-east-1%2Fs3%2Faws4_request"
    assert Asked("GET", f"/b/k?X-Amz-Credential={scope}&X-Amz-Signature=1", {}).service == "s3"


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    item: dict[str, Any] = {
        "a": {"S": "\u00e9\u00e9"},
        "b": {"L": [{"S": "xy"}, {"BOOL": True}]},
        "c": {"M": {"key": {"N": "1234"}}},
        "d": {"SS": ["p", "qr"]},
        "e": {"NULL": True},
    }
    assert size_of_item(item) == 5 + (1 + 3 + 3 + 2) + (1 + 3 + 1 + 3 + 4) + 4 + 2


def test_an_answer_of_a_function_has_the_same_limit() -> None:
    one = asked("lambda", "one", b"{}")
    assert refusal_of_reply(one, b"x" * 6_291_456) is None
    assert refusal_of_reply(one, b"x" * 6_291_457) is not None


class Emulator:
    """Answers with one reply, and keeps what it was asked."""

    def __init__(self, body: bytes = b"done", status: int = 200) -> None:
        self.reply = (status, body)
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.bodies.append((await receive())["body"])
        status, body = self.reply
        headers = [(b"Content-Length", str(len(body)).encode()), (b"ETag", b"one")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:2], "more_body": True})
        await send({"type": "http.response.body", "body": body[2:]})


def through(emulator: Emulator, one: Asked) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send a request, in two pieces, through the rules; status, headers and body of the reply."""
    sent: list[Any] = []
    half = len(one.body) // 2
    pieces = [
        {"type": "http.request", "body": one.body[:half], "more_body": True},
        {"type": "http.request", "body": one.body[half:], "more_body": False},
    ]

    async def receive() -> Any:
        return pieces.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = one.target.partition("?")
    scope = {
        "type": "http",
        "method": one.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in one.headers.items()],
    }
    asyncio.run(InRules(emulator)(scope, receive, send))
    head, *bodies = sent
    return head["status"], dict(head["headers"]), b"".join(one["body"] for one in bodies)


def test_a_refused_request_does_not_reach_the_emulator() -> None:
    emulator = Emulator()
    status, headers, body = through(emulator, send("x" * 262_145))
    assert (status, headers[b"x-amzn-errortype"]) == (400, b"InvalidParameterValue")
    assert json.loads(body)["__type"] == "InvalidParameterValue"
    assert not emulator.bodies


def test_others_reach_it_whole() -> None:
    emulator = Emulator()
    assert through(emulator, send("xyz"))[::2] == (200, b"done")
    assert [json.loads(body) for body in emulator.bodies] == [{"MessageBody": "xyz"}]


def test_a_large_answer_of_a_function_is_no_answer() -> None:
    one = asked("lambda", "one", b"{}")
    assert through(Emulator(b"x" * 6_291_456), one)[0] == 200
    assert through(Emulator(b"x" * 6_291_457), one)[0] == 413


@pytest.mark.parametrize(
    ("asked_for", "content_range", "content"),
    [
        ("bytes=2-4", b"bytes 2-4/10", b"234"),
        ("bytes=7-", b"bytes 7-9/10", b"789"),
        ("bytes=8-99", b"bytes 8-9/10", b"89"),
    ],
)
def test_a_range_of_a_version_is_given_as_a_range(
    asked_for: str, content_range: bytes, content: bytes
) -> None:
    headers = {"authorization": CREDENTIAL.format("s3"), "range": asked_for}
    one = Asked("GET", "/bucket/key?versionId=1", headers)
    status, sent, body = through(Emulator(b"0123456789"), one)
    assert (status, sent[b"content-range"], body) == (206, content_range, content)
    assert sent[b"content-length"] == str(len(content)).encode()
    assert through(Emulator(b"no such version", 404), one)[::2] == (404, b"no such version")
