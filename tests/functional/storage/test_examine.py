"""What a backend says of the settings of its bucket or container, on its real service."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from mcos.storage import StorageBackend, open_backend
from mcos.storage.examine import examine
from tests.functional.storage.conftest import PATIENT, SWIFTS

Settings = Mapping[str, str]


def test_the_services_of_the_local_clouds_are_suitable_and_nothing_is_left(
    backend: StorageBackend,
) -> None:
    found = examine(backend)
    assert (found.refusals, found.warnings) == ((), ())
    assert backend.list("~health/examined-").replicas == ()
    assert not [one for one in backend.list_begun_parts().begun if "examined-" in one.key]


@pytest.fixture
def own(kind: str, settings: Settings) -> Iterator[Any]:
    """A backend on a bucket, or container, of one test's own."""
    name = f"examined-{uuid4().hex}"
    if kind == "swift":
        made: Any = open_backend(kind, {**settings, "container": name}, PATIENT)
        made._connection().put_container(name)
        yield made
        made._connection().delete_container(name)
    else:
        # The key of the local S3's replicas may use their bucket alone.
        keys = {"access_key": "test", "secret_key": "test"} if kind == "s3" else {}
        made = open_backend(kind, {**settings, **keys, "bucket": name}, PATIENT)
        made._client.create_bucket(Bucket=name)
        yield made
        made._client.delete_bucket(Bucket=name)


def test_a_place_that_is_not_there_is_refused(kind: str, settings: Settings) -> None:
    name = "container" if kind == "swift" else "bucket"
    elsewhere = open_backend(kind, {**settings, name: f"none-{uuid4().hex}"}, PATIENT)
    assert "it must be written to" in " ".join(examine(elsewhere).refusals)


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_a_rule_that_would_delete_replicas_is_found(own: Any) -> None:
    assert own.examine() == []
    rule = {
        "ID": "clean-up",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
    }
    own._client.put_bucket_lifecycle_configuration(
        Bucket=own._bucket, LifecycleConfiguration={"Rules": [rule]}
    )
    (finding,) = own.examine()
    assert finding.prevents
    assert "'clean-up' would delete replicas" in finding.text


@pytest.mark.parametrize("service", ["s3", "ceph"])
def test_versions_that_a_bucket_keeps_are_found(own: Any) -> None:
    own._client.put_bucket_versioning(
        Bucket=own._bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    (finding,) = own.examine()
    assert not finding.prevents
    assert "keeps versions" in finding.text


@pytest.mark.parametrize("service", ["s3"])
def test_keys_of_kms_are_found(own: Any) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    own._client.put_bucket_encryption(
        Bucket=own._bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    (finding,) = own.examine()
    assert finding.prevents
    assert "SSE-S3" in finding.text


@pytest.mark.parametrize("service", ["s3"])
def test_settings_that_may_not_be_looked_at_are_said(settings: Settings) -> None:
    elsewhere = open_backend("s3", {**settings, "bucket": f"none-{uuid4().hex}"}, PATIENT)
    told = [finding.text for finding in elsewhere.examine()]
    permissions = ("GetBucketVersioning", "GetLifecycleConfiguration", "GetEncryptionConfiguration")
    assert len(told) == len(permissions)
    for text, permission in zip(told, permissions, strict=True):
        assert f"permit s3:{permission}" in text


@pytest.mark.parametrize("service", SWIFTS)
@pytest.mark.parametrize(
    ("header", "prevents", "said"),
    [
        ({"X-Container-Meta-Quota-Bytes": "0"}, True, "quota of 0 bytes"),
        ({"X-Versions-Enabled": "true"}, False, "keeps versions"),
    ],
)
def test_what_a_container_has_against_it_is_found(
    own: Any, header: dict[str, str], prevents: bool, said: str
) -> None:
    assert own.examine() == []
    own._connection().post_container(own._container, header)
    (finding,) = own.examine()
    assert finding.prevents is prevents
    assert said in finding.text
