"""What all tests share: Hypothesis looks at the same examples each time.

A change is then judged by what it changed. ``HYPOTHESIS_PROFILE=explore`` looks at new ones.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("explore", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-release", metavar="VERSION", help="see test_releases.py")
