"""An operator, and clusters to operate on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.events import tokens_are_good
from tests.unit.admin.conftest import linked, run_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.network import Network

__all__ = ["good_tokens", "linked", "logged", "operator", "run_jobs"]


@pytest.fixture
def good_tokens() -> Iterator[None]:
    """The token of ``account`` in an event is good."""
    with tokens_are_good():
        yield


@pytest.fixture
def operator(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ada`` is an admin and ``bob`` is none; hashes take no time."""
    from mcos import limits
    from mcos.auth import passwords
    from mcos.catalog import accounts
    from mcos.model.accounts import Role

    monkeypatch.setattr(limits, "PASSWORD_WORK", 2)
    accounts.create("ada", passwords.hash_password("ada's"), Role.ADMIN)
    accounts.create("bob", passwords.hash_password("bob's"))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The log lines that were written, as text."""
    from chalicelib.shared import endpoint

    handler = endpoint.logger._logger.handlers[0]
    lines: list[str] = []

    def emit(line: logging.LogRecord) -> None:
        lines.append(handler.format(line))

    monkeypatch.setattr(handler, "emit", emit)
    level = endpoint.logger.log_level
    endpoint.logger.setLevel("INFO")
    yield lines
    endpoint.logger.setLevel(level)
