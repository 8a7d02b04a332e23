"""Exit codes tell scripts apart what went wrong, and errors are one line."""

import json
import re

import httpx
import pytest
import yaml

from mcos_client import errors
from mcos_client.command.shared.exit_codes import ExitCode, exit_code_of
from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem
from tests.unit.client.test_errors import OPENAPI

EXPECTED = {
    400: 2,
    405: 2,
    413: 2,
    416: 2,
    404: 3,
    409: 4,
    412: 4,
    401: 5,
    403: 5,
    429: 6,
    500: 1,
    503: 6,
}


def statuses() -> dict[str, int]:
    """Each code of the API with a status that it comes with, by the description."""
    responses = OPENAPI["components"]["responses"]
    found: dict[str, int] = {"not_found": 404, "method_not_allowed": 405}
    for path in OPENAPI["paths"].values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            for status, reply in operation.get("responses", {}).items():
                if "$ref" in reply:
                    reply = responses[reply["$ref"].rpartition("/")[2]]
                text = yaml.safe_dump(reply)
                found |= {code: int(status) for code in errors.BY_CODE if f"- {code}\n" in text}
    return found


def test_every_code_of_the_api_has_the_exit_code_of_its_kind() -> None:
    found = statuses()
    assert sorted(found) == sorted(errors.BY_CODE)
    for code, status in found.items():
        error = errors.BY_CODE[code]("Why.", status=status)
        assert exit_code_of(error) == EXPECTED[status], code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Unreachable("no"), ExitCode.UNAVAILABLE),
        (errors.NotSent("no"), ExitCode.UNAVAILABLE),
        (errors.UnexpectedReply("no", status=502), ExitCode.UNAVAILABLE),
        (errors.UnexpectedReply("no", status=200), ExitCode.OTHER),
        (errors.ContentCorrupted("no"), ExitCode.OTHER),
        (errors.NotSettled("no"), ExitCode.NOT_DONE),
        (errors.ObjectFailed("no"), ExitCode.NOT_DONE),
    ],
)
def test_what_the_api_does_not_say_has_exit_codes_too(
    error: errors.McosError, code: ExitCode
) -> None:
    assert exit_code_of(error) == code


def test_an_error_is_one_line_with_the_code_of_the_api(mcos: Mcos) -> None:
    result = mcos("stat", "c/o", code=3)
    assert result.text == ""
    assert re.fullmatch(r"mcos: .+ \[object_not_found\]\n", result.errors)


@pytest.mark.parametrize("arguments", [("--json", "stat", "c/o"), ("stat", "c/o", "--json")])
def test_for_scripts_an_error_is_json(mcos: Mcos, arguments: tuple[str, ...]) -> None:
    told = json.loads(mcos(*arguments, code=3).errors)
    assert told == {"code": "object_not_found", "detail": told["detail"], "status": 404}


def test_an_expired_token_says_what_to_do(mcos: Mcos) -> None:
    mcos.system.instead = lambda request: problem(401, "token_expired")
    assert mcos("ls", code=5).errors == "mcos: Why. Run mcos login. [token_expired]\n"


def test_who_is_unreachable_is_tried_again_and_then_it_is_6(mcos: Mcos) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    mcos.system.instead = refuse
    asked = len(mcos.system.requests)
    assert mcos("ls", code=6).errors.endswith("refused [not_sent]\n")
    assert len(mcos.system.requests) - asked > 1
    assert len(mcos.clock.pauses) == len(mcos.system.requests) - asked - 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("put", "file"),
        ("get", "container-only"),
        ("put", "-", "/no-container"),
        ("mb", "a/b"),
        ("put", "-", "c/o", "--no-clobber", "--update"),
        ("put", "-", "c/o", "--meta", "no-equals"),
        ("put", "-", "c/o", "--meta", "a=ü"),
        ("cp", "here", "there"),
        ("cp", "mcos:a", "mcos:c/d"),
        ("put", "a", "-", "c/o"),
        ("put", "-", "c/o", "--upload", "x"),
        ("put", "a", "c/o", "--part-size", "4MiB"),
        ("put", "a", "c/o", "--part-size", "many"),
        ("rm", "-r", "c/*"),
        ("sync", "a", "b"),
        ("sync", "mcos:a", "mcos:b"),
        ("admin", "cluster", "set", "s3"),
        ("admin", "cluster", "set", "s3", "--state", "SLEEPING"),
        ("admin", "cluster", "set", "s3", "--weight", "heavy"),
        ("admin", "policy", "set", "p", "--part", "many"),
        ("admin", "policy", "set", "p", "--part", "1,fast"),
        ("admin", "account", "set", "demo"),
        ("admin", "account", "add", "demo", "--role", "king"),
    ],
)
def test_wrong_usage_is_2_and_sends_nothing(mcos: Mcos, arguments: tuple[str, ...]) -> None:
    asked = len(mcos.system.requests)
    mcos(*arguments, code=2)
    assert len(mcos.system.requests) == asked


def test_a_file_that_is_not_there_is_1(mcos: Mcos) -> None:
    mcos("mb", "c")
    result = mcos("put", "/no/such/file", "c/o", code=1)
    assert result.errors == "mcos: /no/such/file: No such file or directory [file_error]\n"
