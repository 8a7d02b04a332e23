"""Settings of buckets and containers are judged by what services say of them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from mcos.storage import findings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def verdicts(found: Any) -> list[bool]:
    return [one.prevents for one in found]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, []), (290, []), (-290, []), (310, [True]), (-4000, [True])]
)
def test_a_clock_may_be_five_minutes_off(seconds: int, expected: list[bool]) -> None:
    told = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert verdicts(findings.of_clock(told, NOW)) == expected


@pytest.mark.parametrize("told", [None, "", "yesterday"])
def test_no_clock_is_not_judged(told: str | None) -> None:
    assert verdicts(findings.of_clock(told, NOW)) == []


@pytest.mark.parametrize(
    ("reply", "expected"),
    [({}, []), ({"Status": "Suspended"}, []), ({"Status": "Enabled"}, [False])],
)
def test_versions_cost(reply: dict[str, str], expected: list[bool]) -> None:
    assert verdicts(findings.of_versioning(reply)) == expected


ON = {"ID": "clean up", "Status": "Enabled"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({**ON, "Expiration": {"Days": 30}}, [True]),
        ({**ON, "Expiration": {"Date": NOW}, "Filter": {"Prefix": "logs/"}}, [True]),
        ({**ON, "Expiration": {"Days": 30}, "Status": "Disabled"}, []),
        ({**ON, "Expiration": {"Days": 30}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}, []),
        ({**ON, "Expiration": {"Days": 30}, "Filter": {"And": {"Tags": [{"Key": "a"}]}}}, []),
        ({**ON, "Expiration": {"Days": 30}, "Filter": {"And": {"Prefix": "a"}}}, [True]),
        ({**ON, "Expiration": {"ExpiredObjectDeleteMarker": True}}, []),
        ({**ON, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, []),
        ({**ON, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}, [True]),
        ({**ON, "Transitions": [{"Days": 30, "StorageClass": "DEEP_ARCHIVE"}]}, [True]),
        ({**ON, "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]}, []),
        ({**ON, "Transitions": [{"Days": 30, "StorageClass": "GLACIER_IR"}]}, []),
        ({**ON, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, [False]),
        ({**ON, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}, []),
    ],
)
def test_a_lifecycle_rule_must_leave_replicas_where_they_are(
    rule: dict[str, Any], expected: list[bool]
) -> None:
    assert verdicts(findings.of_lifecycle([rule])) == expected
    for one in findings.of_lifecycle([rule]):
        assert "'clean up'" in one.text


@pytest.mark.parametrize(
    ("algorithm", "expected"), [("AES256", []), ("aws:kms", [True]), ("aws:kms:dsse", [True])]
)
def test_etags_must_be_md5s(algorithm: str, expected: list[bool]) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
    assert verdicts(findings.of_encryption([rule, {}])) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"x-versions-enabled": "True"}, [False]),
        ({"x-versions-enabled": "False"}, []),
        ({"x-history-location": "old"}, [False]),
        ({"x-versions-location": "old"}, [False]),
        ({"x-container-meta-quota-bytes": "100", "x-container-bytes-used": "50"}, []),
        ({"x-container-meta-quota-bytes": "100", "x-container-bytes-used": "95"}, [False]),
        ({"x-container-meta-quota-bytes": "100", "x-container-bytes-used": "100"}, [True]),
        ({"x-container-meta-quota-count": "10", "x-container-object-count": "11"}, [True]),
        ({"x-container-meta-quota-count": "many", "x-container-object-count": "11"}, []),
    ],
)
def test_a_container_must_have_room(headers: dict[str, str], expected: list[bool]) -> None:
    assert verdicts(findings.of_container(headers)) == expected


@pytest.mark.parametrize("name", ["x-account-meta-quota-bytes", "x-account-quota-bytes"])
def test_an_account_must_have_room(name: str) -> None:
    full = {name: "100", "x-account-bytes-used": "100"}
    assert verdicts(findings.of_account(full)) == [True]
    assert verdicts(findings.of_account({**full, "x-account-bytes-used": "1"})) == []


GOOD = {
    "swift": {"max_meta_value_length": 256, "max_meta_overall_size": 4096, "max_meta_count": 90},
    "slo": {"max_manifest_segments": 1000},
    "tempurl": {"methods": ["GET", "HEAD"], "allowed_digests": ["sha1", "sha256"]},
}


def test_a_swift_that_can_all_is_suitable() -> None:
    assert verdicts(findings.of_capabilities(GOOD)) == []
    assert verdicts(findings.of_capabilities({"slo": {}, "tempurl": {}})) == []


@pytest.mark.parametrize(
    ("name", "told", "said"),
    [
        ("slo", None, "static large objects"),
        ("slo", {"max_manifest_segments": 10}, "fewer than 1000 segments"),
        ("tempurl", None, "temporary URLs"),
        ("tempurl", {"methods": ["PUT"]}, "temporary URLs"),
        ("tempurl", {"methods": ["GET"], "allowed_digests": ["sha1"]}, "SHA-256"),
        ("swift", {"max_meta_value_length": 64}, "max_meta_value_length is 64"),
        ("swift", {"max_meta_overall_size": 1024}, "max_meta_overall_size is 1024"),
        ("swift", {"max_meta_count": 4}, "max_meta_count is 4"),
    ],
)
def test_a_swift_that_lacks_something_is_not(
    name: str, told: dict[str, Any] | None, said: str
) -> None:
    able = {key: value for key, value in {**GOOD, name: told}.items() if value is not None}
    (finding,) = findings.of_capabilities(able)
    assert finding.prevents
    assert said in finding.text
