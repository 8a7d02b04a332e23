"""Which AWS emulator an instance uses: the embedded one, or one that runs already.

It is chosen once, as the accounts and the records of objects are in it.
"""

import re

from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import Instance

FOUND = "localstack"
"""Chooses the one that localstack-client finds: AWS_ENDPOINT_URL, LOCALSTACK_HOST, port 4566."""

_RECORD = "emulator-url"
_EMBEDDED = "embedded"


def url_of(instance: Instance) -> str | None:
    """Where the emulator of ``instance`` is if it is not the embedded one."""
    record = instance.folder / _RECORD
    url = record.read_text().strip() if record.exists() else _EMBEDDED
    return None if url == _EMBEDDED else url


def settle(instance: Instance, choice: str | None) -> None:
    """Give ``instance`` the emulator asked for; None leaves it as it is, the embedded one if new.

    Call it under the instance's lock. Raises :class:`CloudsError` when it has another one.
    """
    chosen = _normal(choice) if choice else None
    record = instance.folder / _RECORD
    has = record.read_text().strip() if record.exists() else None
    if has is None and (instance.folder / "emulator").exists():
        has = _EMBEDDED  # from before there was a choice
    if chosen and has and chosen != has:
        raise CloudsError(
            f"{instance.name} keeps its tables in the emulator {has}, not in {chosen}; "
            f"`clean --instance {instance.name}` starts afresh"
        )
    write_whole(record, f"{has or chosen or _EMBEDDED}\n")


def _normal(choice: str) -> str:
    if choice == FOUND:
        # Imported here: whoever names the emulator need not have it.
        from localstack_client.config import get_service_endpoint

        choice = get_service_endpoint("lambda") or ""
    if not re.fullmatch(r"https?://[^/\s]+/?", choice):
        raise CloudsError(f"{choice!r} is no emulator's URL: http://HOST:PORT, or {FOUND!r}")
    return choice.rstrip("/")
