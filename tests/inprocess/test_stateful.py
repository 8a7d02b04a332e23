"""An account's whole life, drawn by hypothesis, against the handlers in process."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from mcos_client import Client
from tests.support.client_transport import Transport
from tests.support.cloud import CLUSTERS, Cloud
from tests.support.effort import examples
from tests.support.stateful.machine import AccountLife, User


class InProcess:
    """The machine's way to a cloud in this process."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def new_user(self) -> User:
        self.cloud.deploy()
        user_name, password = self.cloud.new_account(), "a password"
        self.cloud.add_account(user_name, password)
        clients = [
            Client(f"https://{cluster}.test", transport=Transport(self.cloud, cluster))
            for cluster in CLUSTERS
        ]
        for client in clients:
            client.token = self.cloud.token(user_name)
        return User(user_name, password, clients)

    def settle(self, settled: Callable[[], bool]) -> None:
        self.cloud.settle(sweep=False)
        self.cloud.check_storage_of_all()
        assert settled()


@pytest.mark.explored
def test_an_account_lives_as_the_model_says(running: Cloud) -> None:
    run_state_machine_as_test(
        AccountLife.driven_by(InProcess(running)),
        settings=settings(max_examples=examples(12), stateful_step_count=25, deadline=None),
    )
