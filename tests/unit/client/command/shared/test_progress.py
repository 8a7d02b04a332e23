"""Bars, where a person looks on."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from mcos_client.command.shared.progress import bars
from mcos_client.command.shared.session import Session
from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


def test_bars_are_for_people_who_look_on(
    mcos: Mcos, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = mcos("put", str(large), "c/o", "--wait")
    assert quiet.errors == ""
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    session = Session()
    session.__dict__["console"] = terminal
    session.__dict__["errors"] = terminal
    with bars(session) as shown:
        bar = shown.bar("c/o", None)
        bar.moved(5 * 1024**2, 10 * 1024**2)
        bar.tell("s3 stored")
    drawn = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "5.0/10.0 MiB" in drawn
    assert "c/o" in drawn
    assert "s3 stored" in drawn
    for option in ("json", "quiet"):
        session = Session(json=option == "json", quiet=option == "quiet")
        session.__dict__["console"] = terminal
        session.__dict__["errors"] = terminal
        with bars(session) as shown:
            assert not shown.bar("c/o", None).shown
