"""What starting costs, in CPU time, so that a busy machine changes little."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from mcos_client.command.main import SUBCOMMANDS, app

SOURCE = Path(__file__).parents[3] / "client" / "src"
RUNS = 5

LIBRARY_MS = 120
HELP_MS = 250


def cpu_ms(code: str) -> float:
    """The least of some runs: what others do to the caches only adds to it."""
    timed = f"import time, sys\n{code}\nprint(time.process_time(), file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    taken = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", timed], env=environment, capture_output=True, check=True
        )
        taken.append(float(done.stderr.split()[-1]))
    return min(taken) * 1000


HELP = """
from mcos_client.command.main import app
try:
    app(["--help"], prog_name="mcos")
except SystemExit as end:
    assert end.code == 0
"""


@pytest.mark.parametrize(
    ("code", "budget"),
    [("import mcos_client", LIBRARY_MS), (HELP, HELP_MS)],
    ids=["library", "help"],
)
def test_starting_keeps_its_budget(code: str, budget: float) -> None:
    assert cpu_ms(code) <= budget


@pytest.mark.parametrize("code", ["import mcos_client", HELP], ids=["library", "help"])
def test_the_network_is_not_imported_before_it_is_used(code: str) -> None:
    told = f"{code}\nimport sys\nassert not {{'httpx', 'rich.progress'}} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, check=True)


def test_every_name_of_the_package_is_found_and_no_other() -> None:
    import mcos_client

    for name in mcos_client.__all__:
        assert getattr(mcos_client, name) is not None
    with pytest.raises(AttributeError):
        mcos_client.nothing  # noqa: B018


def test_the_help_says_of_each_command_what_its_own_help_says() -> None:
    group = get_command(app)
    for name, said in SUBCOMMANDS.items():
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        assert command.help.split("\n\n")[0].replace("\n", " ").strip() == said, name
