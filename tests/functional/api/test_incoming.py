"""Files that S3 tools put under incoming/, and messages, become objects on the running clouds."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from localstack_client.session import Session

from clouds import venvs
from mcos_client import Client, McosError
from tests.functional.api.conftest import Account
from tests.support.waiting import wait_until

CLUSTER = "swift"  # any; its own backend is not S3
STAGING = f"mcos-{CLUSTER}-staging-000000000000"
CONTENT = os.urandom(6 * 1024**2)

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@pytest.fixture(scope="module")
def aws(emulator: Session) -> Callable[[str], Any]:
    """Makes clients of the emulator, as other systems have them."""

    def client(service: str) -> Any:
        return emulator.client(
            service,
            config=Config(connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"}),
        )

    return client


@pytest.fixture(scope="module")
def s3(aws: Callable[[str], Any]) -> Any:
    return aws("s3")


@pytest.fixture(scope="module")
def inbound(aws: Callable[[str], Any]) -> Callable[..., None]:
    """Sends messages to the cluster's inbound queue."""
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=f"mcos-{CLUSTER}-inbound")["QueueUrl"]

    def send(*messages: Any) -> None:
        entries = [
            {"Id": str(number), "MessageBody": one if isinstance(one, str) else json.dumps(one)}
            for number, one in enumerate(messages)
        ]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")

    return send


@pytest.fixture(scope="module")
def refused(aws: Callable[[str], Any]) -> Callable[[str], str | None]:
    """The code of the reason for which a message that holds a text is in the dead-letter queue."""
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=f"mcos-{CLUSTER}-inbound-dlq")["QueueUrl"]
    found: dict[str, str] = {}

    def look(text: str) -> str | None:
        reply = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        for one in reply.get("Messages", []):
            found[one["Body"]] = one["MessageAttributes"]["code"]["StringValue"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return next((code for body, code in found.items() if text in body), None)

    return look


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of programs that put files into S3."""
    venvs.install("s3-tools")
    return venvs.python_of("s3-tools").parent


def holds(client: Client, container: str, name: str, content: bytes) -> None:
    """Wait until an object is CREATED, and see that it is the content."""
    wait_until(lambda: _state(client, container, name) == "CREATED", f"{name} is CREATED")
    found = b"".join(_ranges(client, container, name, len(content)))
    assert found == content


def _state(client: Client, container: str, name: str) -> str | None:
    try:
        return client.stat_object(container, name).state
    except McosError:
        return None


def _ranges(client: Client, container: str, name: str, size: int) -> Iterator[bytes]:
    step = 4_000_000
    for first in range(0, size, step):
        last = min(first + step, size) - 1
        yield client.download_object(container, name, range_=f"bytes={first}-{last}").content


def key_of(account: Account, container: str, name: str) -> str:
    return f"incoming/{account.user_name}/{container}/{name}"


def run(*command: str | Path, **environment: str) -> None:
    given = {**os.environ, **KEYS, **environment}
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def nothing_is_left(s3: Any, prefix: str) -> None:
    """Wait until staging has no version of anything under a prefix."""

    def empty() -> bool:
        found = s3.list_object_versions(Bucket=STAGING, Prefix=prefix)
        return not found.get("Versions") and not found.get("DeleteMarkers")

    wait_until(empty, f"{prefix} is empty")


def test_boto3_drops_a_file(account: Account, client: Client, container: str, s3: Any) -> None:
    key = key_of(account, container, "2026/scan ä+1.tiff")
    s3.put_object(
        Bucket=STAGING,
        Key=key,
        Body=CONTENT,
        ContentType="image/tiff",
        Metadata={"origin": "scanner"},
    )
    holds(client, container, "2026/scan ä+1.tiff", CONTENT)
    stat = client.stat_object(container, "2026/scan ä+1.tiff")
    assert (stat.content_type, stat.metadata) == ("image/tiff", {"origin": "scanner"})
    nothing_is_left(s3, key_of(account, container, ""))


def test_the_aws_command_drops_a_file(
    account: Account,
    client: Client,
    container: str,
    description: dict[str, Any],
    tools: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "film"
    file.write_bytes(CONTENT * 2)  # more than it sends as one
    run(
        *(tools / "aws", "--endpoint-url", description["aws_endpoint_url"], "s3", "cp"),
        *(file, f"s3://{STAGING}/{key_of(account, container, 'films/a')}"),
    )
    holds(client, container, "films/a", CONTENT * 2)


def test_rclone_drops_a_folder(
    account: Account,
    client: Client,
    container: str,
    s3: Any,
    description: dict[str, Any],
    tools: Path,
    tmp_path: Path,
) -> None:
    contents = {f"{number}/file": os.urandom(1000 * number) for number in range(1, 4)}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    run(
        *(tools / "rclone", "copy", tmp_path),
        f":s3:{STAGING}/{key_of(account, container, '')}",
        RCLONE_CONFIG=os.devnull,
        RCLONE_S3_PROVIDER="Other",
        RCLONE_S3_ENDPOINT=description["aws_endpoint_url"],
        RCLONE_S3_ACCESS_KEY_ID="test",
        RCLONE_S3_SECRET_ACCESS_KEY="test",
        RCLONE_S3_NO_CHECK_BUCKET="true",
    )
    for name, content in contents.items():
        holds(client, container, name, content)
    nothing_is_left(s3, key_of(account, container, ""))


def test_the_same_event_three_times_makes_one_version(
    account: Account,
    client: Client,
    container: str,
    s3: Any,
    inbound: Callable[..., None],
    invoke: Callable[..., Any],
) -> None:
    key = f"inbound/{uuid4().hex}"
    s3.put_object(Bucket=STAGING, Key=key, Body=CONTENT)
    message = {
        "id": uuid4().hex,
        "account": account.user_name,
        "container": container,
        "object": "report",
        "staging_key": key,
    }
    inbound(message, message, message)
    holds(client, container, "report", CONTENT)
    version = client.stat_object(container, "report").version
    nothing_is_left(s3, key)
    record = {
        "messageId": "1",
        "receiptHandle": "1",
        "body": json.dumps(message),
        "attributes": {"ApproximateReceiveCount": "3"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:mcos-swift-inbound",
        "awsRegion": "us-east-1",
    }
    late = invoke(CLUSTER, "ingest_upload", {"Records": [record]})
    assert late == {"batchItemFailures": []}
    assert client.stat_object(container, "report").version == version


def test_a_poison_message_ends_in_the_dead_letter_queue_and_its_neighbours_pass(
    account: Account,
    client: Client,
    container: str,
    s3: Any,
    inbound: Callable[..., None],
    refused: Callable[[str], str | None],
) -> None:
    mark = uuid4().hex
    keys = [f"inbound/{mark}/{number}" for number in range(2)]
    for key in keys:
        s3.put_object(Bucket=STAGING, Key=key, Body=CONTENT[:1000])
    good = {"account": account.user_name, "container": container}
    inbound(
        {**good, "object": "one", "staging_key": keys[0]},
        f"poison {mark}",
        {**good, "object": mark, "staging_key": f"inbound/{mark}/none"},
        {**good, "object": "two", "staging_key": keys[1]},
    )
    holds(client, container, "one", CONTENT[:1000])
    holds(client, container, "two", CONTENT[:1000])
    wait_until(lambda: refused(f"poison {mark}") == "not_understood", "the poison is put aside")
    wait_until(lambda: refused(f"{mark}/none") == "not_found", "what is nowhere is put aside")


SOURCES = [
    "https://127.0.0.1/latest/meta-data",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/a",
    "https://[::1]/a",
    "http://data.example.com/a",
    "https://user:secret@data.example.com/a",
    "https://data.example.com/a",  # no host is allowed here
]


@pytest.mark.parametrize("url", SOURCES)
def test_what_must_not_be_fetched_is_refused(
    account: Account,
    container: str,
    inbound: Callable[..., None],
    refused: Callable[[str], str | None],
    url: str,
) -> None:
    mark = uuid4().hex
    message = {"account": account.user_name, "container": container, "object": mark}
    inbound({**message, "source_url": url})
    wait_until(lambda: refused(mark) == "source_refused", f"{url} is refused")
