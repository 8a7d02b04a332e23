"""What all tests share: Hypothesis looks at the same examples each time, and there is one moto.

A change is then judged by what it changed. ``HYPOTHESIS_PROFILE=explore`` looks at new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from rich.table import Table

    from tests.support.cloud import Cloud

# Without deadlines: how long an example takes depends on the machine.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-release", metavar="VERSION", help="see test_releases.py")


@pytest.fixture(scope="session")
def clusters() -> Iterator[Cloud]:
    """One cloud for all tests, as it takes a second to make it; one at a time is in charge."""
    # Imported here: most tests need neither.
    from moto import mock_aws

    from tests.support.cloud import Cloud
    from tests.support.network import Network

    with mock_aws():
        yield Cloud(Network())


_figures: list[Table | str] = []
_FIGURES = "mcos_figures"
"""Under this name a process of several hands over what its tests have measured."""


@pytest.fixture(scope="session")
def show() -> Callable[[Table | str], None]:
    """Shows a table or a line of figures when the tests are over."""
    return _figures.append


def _text_of_figures() -> str:
    if not _figures:
        return ""
    from rich.console import Console

    with StringIO() as text:
        console = Console(file=text, width=120)
        for one in _figures:
            console.print(one, highlight=False)
        return text.getvalue()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where several processes run the tests, hand over what was measured here."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_FIGURES] = _text_of_figures()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what was measured in another process."""
    if told := getattr(node, "workeroutput", {}).get(_FIGURES):
        _figures.append(told.rstrip("\n"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have measured."""
    terminalreporter.write(_text_of_figures())
