"""One table for what goes wrong, and it says what the OpenAPI document says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.shared import problems
from chalicelib.shared.problems import MethodNotAllowed, NoSuchPath, problem
from mcos import errors
from mcos.errors import McosError, RangeNotSatisfiable
from tests.support.openapi import document


def all_errors(kind: type[McosError] = McosError) -> Iterator[type[McosError]]:
    for one in kind.__subclasses__():
        yield one
        yield from all_errors(one)


DOCUMENTED = set(document()["components"]["schemas"]["ProblemCode"]["enum"])
ERRORS: list[type[McosError]] = [McosError, *all_errors()]


def statuses() -> dict[str, set[int]]:
    """The statuses with which the document names each code."""
    components = document()["components"]["responses"]
    found: dict[str, set[int]] = {}

    def note(reply: dict[str, Any], status: int) -> None:
        if "$ref" in reply:
            reply = components[reply["$ref"].rpartition("/")[2]]
        for media in reply.get("content", {}).values():
            for part in media["schema"].get("allOf", []):
                for code in part.get("properties", {}).get("code", {}).get("enum", []):
                    found.setdefault(code, set()).add(status)

    for item in document()["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                for status, reply in operation.get("responses", {}).items():
                    note(reply, int(status))
    note(components["NoSuchPath"], 404)
    note(components["MethodNotAllowed"], 405)
    return found


def test_every_code_of_the_document_has_a_row_and_every_row_is_documented() -> None:
    assert set(problems._KINDS) == DOCUMENTED


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_documented_code(error: type[McosError]) -> None:
    assert error.code in DOCUMENTED


def test_every_code_is_one_of_an_error() -> None:
    assert {error.code for error in ERRORS} == DOCUMENTED


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_every_code_has_one_status_the_documented_one(code: str) -> None:
    assert statuses()[code] == {problems._KINDS[code].status}


def made(error: type[McosError]) -> McosError:
    if error is RangeNotSatisfiable:
        return RangeNotSatisfiable(7)
    if error is errors.QuotaExceeded:
        return errors.QuotaExceeded("bytes", 7)
    return MethodNotAllowed(["GET"]) if error is MethodNotAllowed else error("what happened")


@pytest.mark.parametrize("error", ERRORS)
def test_a_problem_says_what_happened_and_where_to_look(error: type[McosError]) -> None:
    raised = made(error)
    reply = problem(raised, "request-1")
    body = json.loads(reply.body or b"")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == reply.status
    assert body["code"] == error.code
    assert body["type"] == f"urn:mcos:problem:{error.code}"
    assert body["detail"] == str(raised)
    assert body["request_id"] == "request-1"
    assert body["title"]
    assert ("WWW-Authenticate" in reply.headers) == (reply.status == 401)


def test_an_unforeseen_error_says_nothing_of_its_cause() -> None:
    reply = problem(RuntimeError("the password is hunter2"), "request-1")
    assert reply.status == 500
    assert b"hunter2" not in (reply.body or b"")
    assert json.loads(reply.body or b"")["code"] == "internal_error"


def test_what_may_succeed_later_says_when() -> None:
    for error in (errors.Conflict, errors.NotEnoughClusters, errors.ReplicasUnavailable):
        assert int(problem(error("x"), "").headers["Retry-After"]) > 0
    for final in (errors.InvalidName, errors.ObjectExists, errors.ContainerNotEmpty):
        assert "Retry-After" not in problem(final("x"), "").headers


def test_problems_carry_the_headers_of_their_status() -> None:
    assert problem(MethodNotAllowed(["GET", "PUT"]), "").headers["Allow"] == "GET, PUT"
    assert problem(RangeNotSatisfiable(7), "").headers["Content-Range"] == "bytes */7"
    assert problem(NoSuchPath("x"), "").status == 404


def test_a_refusal_for_a_retention_says_until_when() -> None:
    until = "2026-12-01T00:00:00.000Z"
    reply = problem(errors.Retained(until), "")
    assert json.loads(reply.body or b"")["retained_until"] == until
    assert b"retained_until" not in (problem(errors.Conflict("x"), "").body or b"")


def test_a_refusal_for_a_quota_says_of_what_there_is_how_much_left() -> None:
    body = json.loads(problem(errors.QuotaExceeded("bytes", 7), "").body or b"")
    assert (body["status"], body["quota"], body["left"]) == (403, "bytes", 7)


def test_who_writes_too_fast_is_told_when_to_go_on() -> None:
    reply = problem(errors.TooManyRequests(9), "")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "9")
