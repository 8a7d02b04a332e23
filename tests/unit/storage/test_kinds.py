"""Opening backends: by name, with clear errors, and with no SDK that is not needed."""

import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from mcos.storage import BACKEND_KINDS, BackendMisconfigured, open_backend

LIBRARY = Path(__file__).resolve().parents[3] / "layers/mcos/python"

S3 = {"region": "eu-central-1", "bucket": "replicas"}
CEPH = {**S3, "endpoint_url": "http://127.0.0.1:1", "access_key": "AK", "secret_key": "SK"}
SWIFT = {
    "auth_url": "http://127.0.0.1:1/auth/v1.0",
    "user": "test:tester",
    "key": "a-secret",
    "container": "replicas",
}
SETTINGS = {"s3": S3, "ceph": CEPH, "swift": SWIFT}


@pytest.mark.parametrize("kind", BACKEND_KINDS)
def test_a_backend_is_opened_without_a_network_call(kind: str) -> None:
    assert open_backend(kind, SETTINGS[kind]).kind == kind


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(BackendMisconfigured, match=r"s3, ceph, swift; it is 'tape'"):
        open_backend("tape", S3)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, settings in SETTINGS.items() for name in settings]
)
def test_a_missing_setting_is_named_and_no_value_told(kind: str, name: str) -> None:
    for broken in ({**SETTINGS[kind], name: ""}, {**SETTINGS[kind]}):
        if broken[name]:
            del broken[name]
        with pytest.raises(BackendMisconfigured, match=name) as failure:
            open_backend(kind, broken)
        assert "a-secret" not in str(failure.value)


def test_a_misspelt_setting_does_not_become_other_credentials() -> None:
    with pytest.raises(BackendMisconfigured, match="acess_key"):
        open_backend("s3", {**S3, "acess_key": "AK", "secret_key": "SK"})


@pytest.mark.parametrize("alone", ["access_key", "secret_key"])
def test_half_of_a_pair_of_keys_is_refused(alone: str) -> None:
    with pytest.raises(BackendMisconfigured, match="given together"):
        open_backend("s3", {**S3, alone: "XK"})


class _Without(MetaPathFinder):
    """Lets a package not be found."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.partition(".")[0] in self._packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a function that has the layer of no backend."""
    packages = ("boto3", "swiftclient")
    for name in list(sys.modules):
        if name.partition(".")[0] in packages or name.startswith("mcos.storage.s"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "mcos.storage.ceph", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Without(*packages), *sys.meta_path])


@pytest.mark.usefixtures("no_sdk")
@pytest.mark.parametrize(
    ("kind", "package", "layer"),
    [("s3", "boto3", "s3"), ("ceph", "boto3", "s3"), ("swift", "swiftclient", "swift")],
)
def test_a_missing_sdk_says_which_layer_holds_it(kind: str, package: str, layer: str) -> None:
    with pytest.raises(BackendMisconfigured, match=f"'{package}'.*layer '{layer}'"):
        open_backend(kind, SETTINGS[kind])


@pytest.mark.parametrize(
    ("opened", "absent"),
    [
        (None, "boto3 botocore swiftclient requests"),
        ("s3", "swiftclient requests"),
        ("swift", "boto3 botocore"),
    ],
)
def test_only_the_sdk_of_an_opened_kind_is_imported(opened: str | None, absent: str) -> None:
    program = "import sys; from mcos.storage import open_backend\n"
    if opened is not None:
        program += f"open_backend({opened!r}, {SETTINGS[opened]!r})\n"
    program += f"print([m for m in {absent!r}.split() if m in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(LIBRARY), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == "[]"
