"""The environment of a function is read once, and a wrong one is no environment."""

import pytest

from mcos.settings import settings


def test_settings_are_what_the_deployment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCOS_DEFAULT_PREFER", "wait")
    assert settings().cluster == "s3"
    assert settings().default_prefer == "wait"
    assert settings().backend_secret == "mcos/s3/backend"
    monkeypatch.setenv("MCOS_CLUSTER", "changed later")
    assert settings().cluster == "s3"


@pytest.mark.parametrize(
    "name",
    [
        "MCOS_CLUSTER",
        "MCOS_STAGING_BUCKET",
        "MCOS_STATE_MACHINE_ARN",
        "MCOS_LARGE_STATE_MACHINE_ARN",
        "MCOS_REPAIR_QUEUE_URL",
        "MCOS_TOKEN_KEY_SECRET",
        "MCOS_BACKEND",
        "MCOS_BACKEND_SECRET",
        "MCOS_DEFAULT_PREFER",
    ],
)
def test_a_variable_that_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(KeyError, match=name):
        settings()


def test_a_default_that_is_no_preference_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCOS_DEFAULT_PREFER", "sync")
    with pytest.raises(ValueError, match="sync"):
        settings()
