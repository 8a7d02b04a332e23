"""The gateway itself: who may speak with it, what it says of itself, and what it never does."""

import json
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from mcos_client.errors import BY_CODE, McosError
from mcos_serve.failures import CODES, s3_error
from mcos_serve.s3.errors import STATUS
from tests.support.serving.served import Serving, serving
from tests.support.serving.signer import SECRET, framed, signed
from tests.support.tls import Authority
from tests.support.waiting import wait_until
from tests.unit.client.system import System, problem

CONTENT = b"what is stored"
LARGE = os.urandom(80_000)


def code_of(reply: httpx.Response) -> str:
    return reply.text.partition("<Code>")[2].partition("</Code>")[0]


def sent(served: Serving, method: str, target: str, body: bytes = b"", **how: Any) -> Any:
    """The reply to a request that botocore has signed, and httpx sends."""
    request = signed(method, target, body=body, **how)
    content = how.pop("framed", body)
    return httpx.request(
        method, f"{served.url}{target}", headers=dict(request.headers), content=content
    )


@pytest.fixture
def secure(system: System, tmp_path: Path) -> Iterator[Serving]:
    authority = Authority()
    authority.context(tmp_path)
    trusted = tmp_path / "authority.pem"
    trusted.write_text(authority.pem)
    with serving(system, certificate=tmp_path / "service.pem", trusted=trusted) as made:
        yield made


@pytest.mark.parametrize("size", [0, 14, len(LARGE)])
def test_over_tls_bodies_are_framed_and_have_their_checksum_behind(
    secure: Serving, size: int
) -> None:
    s3 = secure.client()
    framings: list[Any] = []
    s3.meta.events.register(
        "before-send.s3.PutObject",
        lambda request, **_: framings.append(request.headers["x-amz-content-sha256"]),
    )
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=LARGE[:size])
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == LARGE[:size]
    upload = s3.create_multipart_upload(Bucket="bucket", Key="parts", ChecksumAlgorithm="CRC32")
    named = {"Bucket": "bucket", "Key": "parts", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**named, PartNumber=1, Body=LARGE[:size], ChecksumAlgorithm="CRC32")
    told = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": [told]})
    assert secure.system.stored("bucket") == {"key": LARGE[:size], "parts": LARGE[:size]}
    assert framings == [b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"]


def test_a_trailer_that_is_wrong_stores_nothing(served: Serving) -> None:
    served.client().create_bucket(Bucket="bucket")
    for size in (20, len(LARGE)):
        content = LARGE[:size]
        body = framed([content], trailers={"x-amz-checksum-crc32": "AAAAAA=="})
        headers = {
            "x-amz-decoded-content-length": str(size),
            "x-amz-trailer": "x-amz-checksum-crc32",
            "content-encoding": "aws-chunked",
        }
        reply = sent(
            served,
            "PUT",
            "/bucket/key",
            body,
            headers=headers,
            payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        )
        assert (reply.status_code, code_of(reply)) == (400, "BadDigest")
    assert served.system.stored("bucket") == {}
    assert served.system.uploads == []


def test_who_is_not_known_gets_nothing(served: Serving) -> None:
    with pytest.raises(ClientError) as caught:
        served.client(secret=f"{SECRET}x").list_buckets()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert httpx.get(served.url).status_code == 403
    assert code_of(httpx.get(f"{served.url}/bucket/key")) == "AccessDenied"
    assert code_of(httpx.put(f"{served.url}/bucket/key", content=LARGE)) == "AccessDenied"
    assert served.system.requests == []


def test_a_clock_that_is_wrong_is_told_so(served: Serving) -> None:
    now = served.clock.now
    served.clock.now = lambda: now() + timedelta(minutes=16)  # type: ignore[method-assign]
    reply = sent(served, "GET", "/")
    assert (reply.status_code, code_of(reply)) == (403, "RequestTimeTooSkewed")


def test_content_that_is_not_what_was_signed_is_refused(served: Serving) -> None:
    served.client().create_bucket(Bucket="bucket")
    request = signed("PUT", "/bucket/key", body=CONTENT)
    headers = dict(request.headers)
    reply = httpx.put(f"{served.url}/bucket/key", headers=headers, content=CONTENT[::-1])
    assert code_of(reply) == "XAmzContentSHA256Mismatch"
    assert served.system.stored("bucket") == {}


def test_a_client_that_goes_away_leaves_nothing(served: Serving) -> None:
    served.client().create_bucket(Bucket="bucket")
    for size in (1000, len(LARGE)):
        request = signed("PUT", "/bucket/key", body=LARGE[:size])
        lines = [f"{name}: {value}" for name, value in request.headers]
        head = "\r\n".join(["PUT /bucket/key HTTP/1.1", *lines, "", ""]).encode()
        address = served.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1]))) as connection:
            connection.sendall(head + LARGE[: size // 2])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
    cut_off = '"status": 499'
    wait_until(lambda: sum(cut_off in one for one in served.lines) == 2, "both are cut off")
    assert served.system.stored("bucket") == {}
    assert served.system.uploads == []


def test_a_session_that_ends_is_begun_again(served: Serving) -> None:
    s3, system = served.client(), served.system
    s3.create_bucket(Bucket="bucket")
    assert served.logins == 1
    refusals = iter([problem(401, "token_expired")])

    def expire(request: httpx.Request) -> httpx.Response | None:
        return next(refusals, None)

    system.instead = expire
    s3.put_object(Bucket="bucket", Key="key", Body=CONTENT)
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == CONTENT
    assert served.logins == 2


def test_what_mcos_refuses_is_told_in_the_words_of_s3(served: Serving) -> None:
    served.client().create_bucket(Bucket="bucket")
    for status, code, told in (
        (503, "busy", "SlowDown"),
        (503, "catalog_unavailable", "SlowDown"),
        (500, "internal_error", "InternalError"),
        (409, "conflict", "SlowDown"),
        (409, "retained", "AccessDenied"),
        (403, "not_permitted", "AccessDenied"),
    ):
        answer = problem(status, code)
        served.system.instead = lambda request, answer=answer: answer  # type: ignore[misc]
        reply = sent(served, "PUT", "/bucket/key", CONTENT)
        assert code_of(reply) == told
        assert reply.status_code == STATUS[told]
        assert "Why." not in reply.text or told == "AccessDenied"


def test_every_error_of_the_client_has_a_code_of_s3() -> None:
    for kind in (*BY_CODE.values(), McosError):
        assert s3_error(kind("why")).status in range(300, 600)
    assert CODES[-1][0] is McosError


def test_it_says_that_it_is_well_and_what_it_has_done(served: Serving) -> None:
    assert httpx.get(f"{served.url}/healthz").text == "ok\n"
    served.client().create_bucket(Bucket="bucket")
    served.client().put_object(Bucket="bucket", Key="key", Body=CONTENT)
    text = httpx.get(f"{served.url}/metrics").text
    assert 'mcos_serve_requests_total{operation="PutObject",status="200"} 1.0' in text
    assert f'mcos_serve_bytes_total{{direction="in"}} {len(CONTENT)}.0' in text
    assert "mcos_serve_requests_under_way 0.0" in text


def test_each_request_is_one_line_without_a_secret(served: Serving) -> None:
    s3 = served.client()
    s3.create_bucket(Bucket="bucket")
    reply = s3.put_object(Bucket="bucket", Key="a\nkey", Body=CONTENT)
    lines = [json.loads(one) for one in served.lines]
    assert [one["operation"] for one in lines] == ["CreateBucket", "PutObject"]
    assert lines[1]["request"] == reply["ResponseMetadata"]["RequestId"]
    assert (lines[1]["key"], lines[1]["bytes_in"]) == ("a\nkey", len(CONTENT))
    text = "\n".join(served.lines)
    assert "\n" not in served.lines[1]
    assert SECRET not in text
    assert "Signature" not in text
    assert served.system.token not in text


def test_a_refusal_of_a_large_body_reaches_the_client(served: Serving) -> None:
    """The client is told before it has sent all, and its connection is not used again."""
    request = signed("PUT", "/nowhere/key", body=10 * LARGE)
    reply = httpx.put(
        f"{served.url}/nowhere/key", headers=dict(request.headers), content=10 * LARGE
    )
    assert code_of(reply) == "NoSuchBucket"


def test_replicated_means_that_all_replicas_are_stored(system: System) -> None:
    with serving(system, ack="replicated") as served:
        s3 = served.client()
        s3.create_bucket(Bucket="bucket")
        for size in (10, len(LARGE)):
            s3.put_object(Bucket="bucket", Key="key", Body=LARGE[:size])
            record = system.cloud.record(system.account, "bucket", "key")
            assert record is not None
            assert record.state.value == "CREATED"
            assert len(record.shown.stored) == 3


def test_odd_requests_are_refused_and_nothing_else(served: Serving) -> None:
    address = served.url.removeprefix("http://").split(":")
    for line, status in (
        (b"GET //bucket/key HTTP/1.1", 403),
        (b"GET /../../etc/passwd HTTP/1.1", 403),
        (b"GET http://other/bucket HTTP/1.1", 403),
        (b"OPTIONS * HTTP/1.1", 403),
        (b"GET /%zz HTTP/1.1", 403),
        (b"nonsense", 400),
    ):
        with socket.create_connection((address[0], int(address[1]))) as connection:
            connection.sendall(line + b"\r\nhost: h\r\n\r\n")
            connection.settimeout(30)
            assert f" {status} ".encode() in connection.recv(1000), line
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_a_key_that_begins_with_a_slash_may_stand_behind_a_host(system: System) -> None:
    with serving(system, domains=["s3.test"]) as served:
        served.client().create_bucket(Bucket="bucket")
        request = signed("PUT", "//key", body=CONTENT, host="bucket.s3.test")
        headers = dict(request.headers)
        reply = httpx.put(f"{served.url}//key", headers=headers, content=CONTENT)
        assert reply.status_code == 200, reply.text
    assert system.stored("bucket") == {"/key": CONTENT}
