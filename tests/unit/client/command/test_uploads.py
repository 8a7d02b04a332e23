"""Uploads that are not complete, on the command line."""

from pathlib import Path

import httpx
import pytest

from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


def test_an_upload_is_given_up(mcos: Mcos, large: Path) -> None:
    mcos.system.storage.instead = lambda request: httpx.Response(500)
    mcos("put", str(large), "c/o", code=1)
    [listed] = mcos("uploads", "ls", "--json").values
    mcos("uploads", "abort", listed["upload"])
    assert mcos("uploads", "--json").values == []
    mcos("uploads", "abort", listed["upload"], code=3)
