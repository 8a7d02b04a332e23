"""What an operator says of a gateway; nobody else may read it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcos_serve.main import main
from mcos_serve.settings import VARIABLES, InvalidSettings, from_environment, from_file

TOLD = {
    "entry_points": ["https://one.test", "https://two.test"],
    "user_name": "ada",
    "password": "a-password",
    "access_keys": {"AKIA": "a secret that is long"},
}


def written(path: Path, told: Any, mode: int = 0o600) -> Path:
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    path.chmod(mode)
    return path


def test_a_file_says_all(tmp_path: Path) -> None:
    settings = from_file(written(tmp_path / "serve.json", TOLD), region="eu-west-1")
    assert settings.entry_points == ("https://one.test", "https://two.test")
    assert (settings.user_name, settings.region, settings.ack) == ("ada", "eu-west-1", "durable")
    assert settings.access_keys == {"AKIA": "a secret that is long"}
    assert "secret" not in repr(settings)
    assert "a-password" not in repr(settings)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_not_taken(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidSettings, match="chmod 600"):
        from_file(written(tmp_path / "serve.json", TOLD, mode))


@pytest.mark.parametrize(
    "change",
    [
        {"entry_points": []},
        {"entry_points": "https://one.test"},
        {"entry_points": [1]},
        {"user_name": ""},
        {"password": None},
        {"access_keys": {}},
        {"access_keys": {"AKIA": "short"}},
        {"access_keys": {"A/B": "a secret that is long"}},
        {"access_keys": ["AKIA"]},
        {"more": 1},
    ],
    ids=str,
)
def test_a_file_that_is_not_complete_is_not_taken(tmp_path: Path, change: Any) -> None:
    with pytest.raises(InvalidSettings):
        from_file(written(tmp_path / "serve.json", {**TOLD, **change}))


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_json_is_not_taken(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidSettings):
        from_file(written(tmp_path / "serve.json", text))
    with pytest.raises(InvalidSettings):
        from_file(tmp_path / "none.json")


def test_the_environment_may_say_it() -> None:
    values = ("https://one.test https://two.test", "ada", "a-password", "AKIA", 20 * "s")
    environment = dict(zip(VARIABLES, values, strict=True))
    settings = from_environment(environment)
    assert settings.entry_points == ("https://one.test", "https://two.test")
    assert settings.access_keys == {"AKIA": 20 * "s"}
    for name in VARIABLES:
        with pytest.raises(InvalidSettings, match=name):
            from_environment({**environment, name: ""})


def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCOS_PASSWORD", raising=False)
    assert main([]) == 2
    assert "MCOS_PASSWORD" in capsys.readouterr().err
    config = str(written(tmp_path / "serve.json", TOLD))
    assert main(["--config", config, "--tls-key", "key.pem"]) == 2
    assert "go together" in capsys.readouterr().err
