"""Clients of AWS are of the region: others are redirected, and a signature does not follow."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from clouds.servers.rules import is_regional
from mcos import aws
from mcos.model.versions import Staged
from mcos.staging import Bucket, multipart, sign_get
from mcos.storage import BackendMisconfigured, open_backend

# The oldest; one of before 2019; two that no global name knows; those of other partitions.
REGIONS = ("us-east-1", "eu-central-1", "ap-east-1", "eu-south-2", "cn-north-1", "us-gov-west-1")

BUCKET = Bucket("bucket")


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The region of the functions."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    aws.client.cache_clear()
    yield request.param
    aws.client.cache_clear()


def is_of(region: str, url: str) -> bool:
    return is_regional(urlsplit(url).netloc, region)


def test_signed_urls_of_staging_are_of_its_region(region: str) -> None:
    staged = Staged("s3", "versions/one", "1", '"etag"')
    urls = [
        sign_get(BUCKET, staged, content_type="text/plain", disposition="inline"),
        multipart.sign_put(BUCKET, "uploads/a/one", 10).url,
        multipart.sign_part(BUCKET, "uploads/a/one", "id", 1, 10),
    ]
    assert [url for url in urls if not is_of(region, url)] == []


@pytest.mark.parametrize("own", REGIONS)
def test_signed_urls_of_a_backend_are_of_its_own_region(own: str) -> None:
    settings = {"region": own, "bucket": "bucket", "access_key": "a", "secret_key": "b"}
    backend = open_backend("s3", settings)
    assert is_of(own, backend.signed_url("account/version", expires_in=60))


def test_a_bucket_that_has_no_host_of_its_own_needs_an_endpoint() -> None:
    """Certificates cover one label before S3's name, so a name with dots is only in paths."""
    settings = {"region": "eu-south-2", "bucket": "a.b", "access_key": "a", "secret_key": "b"}
    with pytest.raises(BackendMisconfigured, match="endpoint_url"):
        open_backend("s3", settings)
    endpoint = "https://s3.eu-south-2.amazonaws.com"
    backend = open_backend("s3", {**settings, "endpoint_url": endpoint})
    url = backend.signed_url("account/version", expires_in=60)
    assert url.startswith(f"{endpoint}/a.b/account/version?")


def test_an_emulator_has_one_host_for_all_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    aws.client.cache_clear()
    url = multipart.sign_put(BUCKET, "uploads/a/one", None).url
    aws.client.cache_clear()
    assert url.startswith("http://127.0.0.1:1/bucket/uploads/a/one?")
