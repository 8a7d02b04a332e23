"""One account's whole life on the running clouds, against a model in memory."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.functional.api.conftest import CLUSTERS, AccountFactory
from tests.support.effort import examples
from tests.support.stateful.machine import AccountLife, User
from tests.support.waiting import wait_until

pytestmark = pytest.mark.explored


@dataclass(frozen=True)
class CloudsDriver:
    """Drives the running clouds over HTTP."""

    new_account: AccountFactory

    def new_user(self) -> User:
        account = self.new_account()
        clients = [account.client(name) for name in CLUSTERS]
        return User(account.user_name, account.password, clients)

    def settle(self, settled: Callable[[], bool]) -> None:
        wait_until(settled, "every object is settled")


def test_an_account_lives_as_its_model_does(new_account: AccountFactory) -> None:
    run_state_machine_as_test(
        AccountLife.driven_by(CloudsDriver(new_account)),
        settings=settings(
            max_examples=examples(3),
            stateful_step_count=30,
            deadline=None,
            # To shrink what fails takes long here, and is what the run in process is for.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
