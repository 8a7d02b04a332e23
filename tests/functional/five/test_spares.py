"""A storage service is stopped, and nobody who creates an object notices."""

from collections.abc import Callable

import pytest

from mcos_client import Client
from tests.functional.five.conftest import FIVE

STOPPED = [pytest.param(name, marks=() if name == "swift-2" else pytest.mark.long) for name in FIVE]
"""Each in turn in ``make long``, one of them in ``make test``."""


@pytest.mark.parametrize("stopped", STOPPED)
def test_a_sync_create_finishes_through_a_spare_while_a_backend_is_stopped(
    clients: dict[str, Client],
    container: str,
    clouds: Callable[..., str],
    stopped: str,
) -> None:
    """Nobody has told MCOS yet: the first try fails, the spare takes its place."""
    clouds("stop", stopped)
    try:
        for number in range(3):
            written = clients["s3"].create_object(
                container, f"{stopped}-{number}", b"bytes", prefer="wait=25"
            )
            assert written.state == "CREATED"
            stat = clients["s3"].stat_object(container, f"{stopped}-{number}")
            assert stopped not in {one.cluster for one in stat.replicas}
    finally:
        clouds("start", stopped)
