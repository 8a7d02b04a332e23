"""write_snapshot: called every hour, and by operators."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.endpoint import logger
from chalicelib.shared.worker import logged
from mcos.catalog import logins, shares, usage
from mcos.catalog.tables import ERRORS
from mcos.errors import Conflict
from mcos.workers.write_snapshot import write_snapshot

_SECONDS = 240  # the function has 300
_END_MILLISECONDS = 10_000


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"seconds", "now", "accept_smaller"}``, all of which may be missing.

    Another call continues one that is ``begun``.
    """

    def work() -> tuple[str, dict[str, Any]]:
        outcome = write_snapshot(
            seconds=event.get("seconds", _SECONDS),
            now=event.get("now") is True,
            accept_smaller=event.get("accept_smaller") is True,
        )
        # What is done once an hour, by one cluster for all; whatever is left, the next one finds.
        for kind in (logins, shares):
            try:
                kind.tidy(lambda: context.get_remaining_time_in_millis() > _END_MILLISECONDS)
            except ERRORS as error:
                logger.warning("what has expired could not be removed: %s", error)
        try:
            usage.tell_all()  # as when the default quota is another one
        except (*ERRORS, Conflict) as error:
            logger.warning("accounts without room could not be told of: %s", error)
        return outcome, {"outcome": outcome}

    result: dict[str, Any] = logged("write_snapshot", work)
    return result
