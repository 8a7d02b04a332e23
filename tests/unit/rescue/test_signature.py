"""The rescue's own signatures are those of AWS's SDK."""

from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue.stores.signature import (
    Credentials,
    encoded_path,
    encoded_query,
    signed_headers,
)

MOMENT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def by_botocore(
    credentials: Credentials, region: str, url: str, headers: dict[str, str]
) -> dict[str, str]:
    request = AWSRequest("GET", url, headers={**headers, "X-Amz-Content-SHA256": EMPTY})
    request.context.update(timestamp="20261122T100000Z", payload_signing_enabled=True)
    signer = auth.S3SigV4Auth(
        BotocoreCredentials(
            credentials.access_key, credentials.secret_key, credentials.token or None
        ),
        "s3",
        region,
    )
    with mock.patch.object(auth, "get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    TEXTS,
    st.dictionaries(TEXTS, TEXTS, max_size=3),
    st.sampled_from(["", "a token/+="]),
    st.sampled_from([{}, {"range": "bytes=5-"}]),
    st.sampled_from(["s3.eu-central-1.amazonaws.com", "127.0.0.1:9000"]),
)
def test_signatures_are_those_of_botocore(
    key: str, query: dict[str, str], token: str, headers: dict[str, str], host: str
) -> None:
    credentials = Credentials("AKID", "secret+/", token)
    path, text = encoded_path("bucket", key), encoded_query(query)
    own = signed_headers(
        credentials,
        region="eu-central-1",
        host=host,
        path=path,
        query=text,
        moment=MOMENT,
        headers=headers,
    )
    theirs = by_botocore(credentials, "eu-central-1", f"https://{host}{path}?{text}", headers)
    assert own["authorization"] == theirs["authorization"]
    assert own["x-amz-date"] == theirs["x-amz-date"]
    assert own.get("x-amz-security-token") == theirs.get("x-amz-security-token")


def test_no_secret_is_shown() -> None:
    assert "hidden" not in repr(Credentials("AKID", "hidden", "hidden too"))


@pytest.mark.parametrize("key", ["a/b", "~catalog/1/x", "a b+c%d", "é"])
def test_paths_are_encoded_once(key: str) -> None:
    assert encoded_path("bucket", key) == "/bucket/" + quote(key, safe="/~")
