"""The command, by an account of these tests."""

from collections.abc import Callable

import pytest

from tests.functional.client.mcos import Mcos
from tests.functional.conftest import Account

UNREACHABLE = "http://127.0.0.1:9"
"""The port of `discard`, where nobody is."""


@pytest.fixture(scope="module")
def logged_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Account], Mcos]:
    """The command, by an account; its first entry point is one where nobody is."""

    def make(account: Account) -> Mcos:
        mcos = Mcos(tmp_path_factory.mktemp("mcos"))
        mcos.login(account, UNREACHABLE, *account.endpoints.values())
        return mcos

    return make


@pytest.fixture(scope="module")
def mcos(account: Account, logged_in: Callable[[Account], Mcos]) -> Mcos:
    """The command, by somebody with an empty container."""
    mcos = logged_in(account)
    mcos("mb", mcos.container)
    return mcos
