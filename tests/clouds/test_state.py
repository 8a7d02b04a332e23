"""Terraform's state is whole, whenever Terraform was killed."""

import json
from pathlib import Path

import pytest

from clouds import wait
from tools import state

WHOLE = json.dumps({"version": 4, "serial": 2, "resources": [{"type": "aws_iam_role"}]})
OLDER = json.dumps({"version": 4, "serial": 1, "resources": []})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "terraform.tfstate"


def backup(file: Path) -> Path:
    """Where Terraform keeps what was there before its last run."""
    return file.with_name("terraform.tfstate.backup")


def test_a_whole_state_is_left_as_it_is(file: Path) -> None:
    file.write_text(WHOLE)
    state.kept_of(file).write_text(OLDER)
    state.repair(file)
    assert file.read_text() == WHOLE


@pytest.mark.parametrize("left", ["", WHOLE[:-5], "{}"])
def test_in_place_of_half_a_state_comes_the_last_whole_one(
    file: Path, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(left)
    backup(file).write_text(OLDER)
    state.kept_of(file).write_text(WHOLE)
    state.repair(file)
    assert file.read_text() == WHOLE
    assert "cut short" in capsys.readouterr().err


def test_what_terraform_has_put_aside_is_taken_where_nothing_newer_is_whole(file: Path) -> None:
    for half in (file, state.kept_of(file)):
        half.write_text(WHOLE[:-5])
    backup(file).write_text(OLDER)
    state.repair(file)
    assert file.read_text() == OLDER


def test_where_no_state_is_whole_there_is_none(file: Path) -> None:
    file.write_text("")
    state.repair(file)
    assert not file.exists()
    state.repair(file)
    assert not file.exists()


def test_each_whole_state_is_kept_and_no_half_one(file: Path) -> None:
    kept = state.kept_of(file)
    with state.keeping(file):
        file.write_text(OLDER)
        assert wait.until(lambda: kept.exists() and kept.read_text() == OLDER, 30)
        file.write_text(WHOLE)
        assert wait.until(lambda: kept.read_text() == WHOLE, 30)
        file.write_text("")
    assert kept.read_text() == WHOLE


def test_the_last_one_is_kept_however_short_the_time(file: Path) -> None:
    with state.keeping(file):
        file.write_text(WHOLE)
    assert state.kept_of(file).read_text() == WHOLE
