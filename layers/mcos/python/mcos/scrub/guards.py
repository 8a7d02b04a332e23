"""What a scrub asks before it repairs much, or removes anything."""

from mcos.catalog.registry import current_registry
from mcos.model.scrub import is_wrong_as_a_whole
from mcos.replicas.backend import is_known, own_backend
from mcos.replicas.generation import why_held as why_set_back
from mcos.replicas.removals import removals_are_held

_OWN = "~"
"""Keys of MCOS itself begin with it, and follow those of all accounts."""

MARKER_GONE = "the backend has lost all, or is another one: its marker is gone"


def why_wrong(*, looked_at: int, missing: int) -> str | None:
    """Return why the backend must be wrong as a whole, given what is missing; None: it need not.

    Raises
    ------
    StorageError, BotoCoreError, ClientError
    """
    if not is_known():
        return MARKER_GONE
    first = own_backend().list(limit=1).replicas
    if not first or first[0].key.startswith(_OWN):
        return "the backend lists no copies at all, and records have copies on it"
    if is_wrong_as_a_whole(looked_at=looked_at, missing=missing):
        return f"of {looked_at} copies that were looked at, {missing} are missing or wrong"
    return None


def why_held() -> str | None:
    """Return why nothing may be removed now; None: this catalog may say what is an orphan.

    Raises
    ------
    StorageError, BotoCoreError, ClientError
    """
    if not is_known():
        return MARKER_GONE
    deployment = current_registry(fresh=True).deployment
    return removals_are_held() or why_set_back(own_backend(), deployment)
