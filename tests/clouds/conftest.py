"""What the tests of the local clouds share."""

from pathlib import Path

import pytest

from clouds.instance import Instance
from clouds.ports import Ports
from tests.support.leaks import a_clean_process

__all__ = ["a_clean_process"]


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance in a folder of its own, never started."""
    return Instance("test", tmp_path / "test", Ports.from_base(20000))
