"""login: credentials for a token."""

import json

import pytest

from tests.support.cloud import CLUSTERS, Cloud


def test_login_gives_a_token_that_every_entry_point_takes(cloud: Cloud) -> None:
    cloud.add_account("ada@example.org", "correct horse")
    body = json.dumps({"user_name": "ada@example.org", "password": "correct horse"}).encode()
    reply = cloud.call(
        "swift", "POST", "/v1/login", body=body, headers={"content-type": "application/json"}
    )
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    for cluster in CLUSTERS:
        token = reply.json()["token"]
        assert cloud.call(cluster, "GET", "/v1/containers", token=token).status == 200


@pytest.mark.parametrize(
    ("user_name", "password"),
    [("ada@example.org", "wrong"), ("nobody", "correct horse"), ("not a user name", "x")],
)
def test_login_does_not_say_whether_the_name_or_the_password_is_wrong(
    cloud: Cloud, user_name: str, password: str
) -> None:
    cloud.add_account("ada@example.org", "correct horse")
    body = json.dumps({"user_name": user_name, "password": password}).encode()
    reply = cloud.call("s3", "POST", "/v1/login", body=body)
    assert (reply.status, reply.code) == (401, "invalid_credentials")
    assert reply.json()["detail"] == "The user name or the password is wrong."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"user_name": "ada"}',
        b'{"user_name": 1, "password": "x"}',
        b'{"user_name": "ada", "password": ""}',
        b"[" * 4000,
        b'{"user_name": "ada", "password": "' + b"x" * 5000 + b'"}',
        b"\xff\xfe",
    ],
)
def test_login_refuses_a_body_that_is_not_its_form(cloud: Cloud, body: bytes) -> None:
    reply = cloud.call("s3", "POST", "/v1/login", body=body)
    assert (reply.status, reply.code) == (400, "invalid_body")
