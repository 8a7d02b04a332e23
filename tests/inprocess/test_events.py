"""The sample events reach the functions as Chalice declares them, and are understood."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from chalice.local import LambdaContext

from app import app
from tests.support.cloud import Cloud
from tests.support.event_schema import check_detail

ROOT = Path(__file__).parents[2]
ACCOUNT, CONTAINER = "demo", "letters"
CONTENT = b"Hello, three clouds!\n"


def event(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return value


class Functions:
    """The functions of one cluster, invoked by name through Chalice."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def invoke(self, function: str, sample: str, *, token: str = "") -> Any:
        given = event(sample)
        if token:
            given["headers"]["authorization"] = f"Bearer {token}"
        context = LambdaContext(function, 512, max_runtime_ms=1000 * timeout_of(function))
        with self.cloud.at("s3", function):
            return app.handler_map[function](given, context)


def timeout_of(function: str) -> int:
    """Seconds, as Chalice declares them."""
    declared = json.loads((ROOT / "chalice.json").read_text())
    own = declared["lambda_functions"].get(function, {})
    return int(own.get("lambda_timeout", declared["lambda_timeout"]))


@pytest.fixture
def functions(cloud: Cloud) -> Functions:
    return Functions(cloud)


def test_an_http_request_creates_an_object(functions: Functions) -> None:
    token = functions.cloud.token(ACCOUNT)
    functions.cloud.call("s3", "PUT", f"/v1/containers/{CONTAINER}", token=token)
    reply = functions.invoke("create_object", "http_request", token=token)
    assert reply["statusCode"] == 202
    assert json.loads(b64decode(reply["body"]))["size"] == len(CONTENT)


def test_an_authorizer_request_with_no_token_of_ours_is_denied(functions: Functions) -> None:
    assert functions.invoke("authorizer", "authorizer_request") == {
        "isAuthorized": True,
        "context": {"denied": "token_invalid"},
    }


def test_a_replica_is_put_and_got(functions: Functions) -> None:
    assert functions.invoke("put_replica", "put_replica") == {
        "cluster": "s3",
        "incarnation": event("put_replica")["replica"]["incarnation"],
        "stored": True,
    }
    assert b64decode(functions.invoke("get_replica", "get_replica")["content"]) == CONTENT


def test_a_large_replica_is_put_in_parts(functions: Functions) -> None:
    content = event("put_parts")["content"]
    functions.cloud.put_into_staging("s3", content["staging_key"], CONTENT)
    answer = functions.invoke("put_parts", "put_parts")
    assert answer["stored"]
    assert answer["tag"]


def test_a_staged_content_that_is_gone_is_given_up(functions: Functions) -> None:
    assert functions.invoke("digest_content", "digest_content") == {"outcome": "refused"}


def test_messages_that_cannot_become_objects_are_refused_with_a_reason(
    functions: Functions,
) -> None:
    assert functions.invoke("ingest_upload", "inbound_queue") == {"batchItemFailures": []}
    codes = [code for code, _ in functions.cloud.refused("s3")]
    assert codes == ["account_not_found"] * 3


def test_a_commit_of_an_object_that_is_gone_is_told_so(functions: Functions) -> None:
    assert functions.invoke("commit_version", "commit_version") == {
        "outcome": "gone",
        "stored": ["s3", "swift"],
    }


def test_every_message_of_the_repair_queue_is_done(functions: Functions) -> None:
    assert functions.invoke("repair_replica", "repair_queue") == {"batchItemFailures": []}


def test_a_message_of_a_version_that_is_not_wanted_any_more_is_done(functions: Functions) -> None:
    assert functions.invoke("replicate_version", "replicate_queue") == {"batchItemFailures": []}


def test_the_schedule_sweeps(functions: Functions) -> None:
    assert functions.invoke("sweep_pending", "schedule") == {}


def test_the_stream_is_published_as_it_is_documented(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCOS_EVENT_BUS", "mcos")
    told: list[dict[str, Any]] = []

    def answer(request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        told.extend(json.loads(one["Detail"]) for one in json.loads(request.body)["Entries"])
        reply = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in told]}
        return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(reply).encode()

    monkeypatch.setitem(functions.cloud.network.answers, "eventbridge:PutEvents", answer)
    assert functions.invoke("publish_changes", "objects_stream") == {"batchItemFailures": []}
    assert [one["state"] for one in told] == ["CREATING", "CREATED", "DELETING", "DELETED"]
    assert event("object_state_change")["detail"] == told[1]
    for detail in told:
        check_detail(detail)
    assert event("schemas/object_state_change")["$defs"]["detail"]["required"]


def test_each_sample_event_is_invoked_here() -> None:
    invoked = Path(__file__).read_text()
    for sample in (ROOT / "events").glob("*.json"):
        assert re.search(rf'"{sample.stem}"[,)]', invoked), sample
