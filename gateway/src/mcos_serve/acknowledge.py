"""When a write is answered: not before readers see it."""

from mcos_client import Written
from mcos_client.errors import (
    McosError,
    NotFound,
    ObjectNotReady,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from mcos_serve.exchange import Exchange
from mcos_serve.s3.errors import S3Error

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


async def until_readable(exchange: Exchange, written: Written) -> None:
    """Wait until an upload's version is what readers see; with ``--ack replicated``, until it is
    stored on all of its clusters.

    An upload is read as a whole before anybody sees it, so this takes as long as that.

    Raises
    ------
    S3Error
        It was given up.
    McosError
    """
    pause = _FIRST_PAUSE
    while not await _is_done(exchange, written):
        await exchange.clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _is_done(exchange: Exchange, written: Written) -> bool:
    container, name, version = written.container, written.name, written.version
    try:
        found = await exchange.account.ask(lambda mcos: mcos.stat_object(container, name))
    except NotFound:
        return True  # deleted since
    except McosError as error:
        if error.retry_after is None:
            raise
        return False
    if any(one.version == version for one in found.pending):
        return False
    if found.version != version:
        return True  # replaced since
    if found.state == "FAILED":
        raise S3Error("InternalError", "The content could not be stored. Please try again.")
    if exchange.settings.ack == "replicated":
        return found.state == "CREATED"
    try:
        await exchange.account.ask(
            lambda mcos: mcos.find_content(container, name, range_="bytes=0-0")
        )
    except ObjectNotReady:
        return False
    except (NotFound, PreconditionFailed, RangeNotSatisfiable):
        return True
    return True
