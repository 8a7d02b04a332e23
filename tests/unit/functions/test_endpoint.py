"""Around every call: one log line without secrets, and an answer whatever happens."""

import json
from base64 import b64decode
from typing import Any

import pytest

from chalicelib.shared import endpoint as module
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.worker import logged
from mcos.errors import ObjectNotFound
from mcos.model.concerns import Concern
from tests.support.events import event

pytestmark = pytest.mark.usefixtures("good_tokens")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The log lines and the metrics that were written since the last look."""
    handler = module.logger._logger.handlers[0]
    monkeypatch.setattr(handler, "stream", None)
    written: list[str] = []
    monkeypatch.setattr(handler, "emit", lambda line: written.append(handler.format(line)))
    level = module.logger.log_level
    module.logger.setLevel("INFO")
    yield lambda: [json.loads(line) for line in written]
    module.logger.setLevel(level)


def answer_to(handle: Any, **parts: Any) -> tuple[int, bytes]:
    reply = handle(event("PUT", account="ada", **parts), None)
    return reply["statusCode"], b64decode(reply.get("body", ""))


def test_one_line_says_who_called_what_how_it_ended_and_how_long_it_took(lines: Any) -> None:
    @endpoint("create_object")
    def handle(request: Request) -> Response:
        return Response(201)

    answer_to(
        handle,
        headers={"authorization": "Bearer secret-token", "x-object-meta-secret": "secret-value"},
        body=b"secret-content",
        parameters={"object": "secret-name"},
    )
    (line,) = lines()
    assert (line["call"], line["outcome"], line["status"]) == ("create_object", "ok", 201)
    assert (line["account"], line["request_id"]) == ("ada", "request-1")
    assert line["cluster"] == "s3"
    assert line["duration_ms"] >= 0
    assert "secret" not in json.dumps(line)


def test_a_refusal_is_an_outcome_and_a_problem(lines: Any) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        raise ObjectNotFound("There is none.")

    status, body = answer_to(handle)
    assert (status, json.loads(body)["code"]) == (404, "object_not_found")
    (line,) = lines()
    assert (line["outcome"], line["level"]) == ("object_not_found", "INFO")


def test_an_unforeseen_error_is_answered_and_logged_with_its_traceback(lines: Any) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        raise RuntimeError("the disk is full of hunter2")

    status, body = answer_to(handle)
    assert status == 500
    assert b"hunter2" not in body
    (line,) = lines()
    assert (line["outcome"], line["level"]) == ("internal_error", "ERROR")
    assert "RuntimeError" in line["exception"]


def test_an_event_without_anything_is_answered(lines: Any) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        return Response(200, {}, request.account.encode())

    reply = handle({"requestContext": {"http": {"method": "GET"}}}, None)
    assert reply["statusCode"] == 401
    assert len(lines()) == 1


def test_a_worker_that_fails_is_logged_and_fails(lines: Any) -> None:
    def work() -> tuple[str, None]:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        logged("put_replica", work, version="v1")
    (line,) = lines()
    assert (line["call"], line["outcome"], line["version"]) == (
        "put_replica",
        "internal_error",
        "v1",
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [("a-name-7", "a-name-7"), ("", None), ("a" * 65, None), ("a\r\nb", None), ("é", None)],
)
@pytest.mark.usefixtures("lines")
def test_a_reply_has_the_name_of_its_request(name: str, told: str | None) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        if request.method == "GET":
            raise ObjectNotFound("There is none.")
        return Response(204)

    for method in ("GET", "DELETE"):
        reply = handle(event(method, headers={"x-mcos-request": name}), None)
        assert reply["headers"].get("X-MCOS-Request") == told


def metrics_of(line: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """The values of a line's metrics, by name and the dimensions that each is kept by."""
    return {
        (one["Name"], *names): line[one["Name"]]
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ())
        for names in directive["Dimensions"]
        for one in directive["Metrics"]
    }


def test_the_line_of_a_call_is_its_metrics_by_call_and_never_by_what_callers_choose(
    lines: Any,
) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        raise ObjectNotFound("There is none.")

    answer_to(handle)
    (line,) = lines()
    found = metrics_of(line)
    assert found.keys() == {
        ("Errors", "deployment"),
        ("Errors", "deployment", "call"),
        ("Duration", "deployment"),
        ("Duration", "deployment", "call"),
    }
    assert found["Errors", "deployment", "call"] == 0
    assert found["Duration", "deployment", "call"] == line["duration_ms"]
    assert (line["deployment"], line["call"]) == ("mcos", "stat_object")
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "MCOS"
    assert line["_aws"]["Timestamp"] > 1_600_000_000_000


def test_an_answer_of_500_and_more_is_an_error(lines: Any) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        raise RuntimeError("no")

    answer_to(handle)
    assert lines()[0]["Errors"] == 1


def test_a_call_that_waits_because_its_caller_wants_it_to_is_not_slow(lines: Any) -> None:
    @endpoint("stat_object")
    def handle(request: Request) -> Response:
        return Response(200)

    handle(event("GET", account="ada") | {"rawQueryString": "a=b&wait=25"}, None)
    (line,) = lines()
    assert {name for name, *_ in metrics_of(line)} == {"Errors"}
    assert line["duration_ms"] >= 0


def test_what_aws_counts_of_a_worker_is_not_counted_again(lines: Any) -> None:
    logged("put_parts", lambda: ("one of any number of texts", None))
    (line,) = lines()
    assert line["outcome"] == "one of any number of texts"
    assert metrics_of(line) == {}


def test_a_concern_is_one_line_and_a_metric_by_its_name_alone(lines: Any) -> None:
    module.tell(Concern.DAMAGE, 2, version="v1")
    (line,) = lines()
    assert metrics_of(line) == {("Concern", "deployment", "concern"): 2}
    assert (line["concern"], line["cluster"], line["version"]) == ("damage", "s3", "v1")
    assert line["level"] == "WARNING"


def test_a_deployment_that_wants_no_metrics_has_the_lines(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCOS_METRICS_NAMESPACE", "")
    module.tell(Concern.DAMAGE, 2)
    (line,) = lines()
    assert line["concern"] == "damage"
    assert "_aws" not in line
