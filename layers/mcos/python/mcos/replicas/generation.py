"""What a backend knows of the catalogs that have used it, so that one that was set back shows.

A catalog that was restored from a backup takes for orphans what was written since, and removes
again what was taken back since. Its generation is lower than the highest one on its backends, so
nothing is removed by what it says. A deployment that was replaced by another one on the same
backends is fenced in the same way.

Each generation is an empty replica, because a key is written once.
"""

from typing import NamedTuple

from mcos.model.clusters import Deployment
from mcos.replicas.backend import put_bytes
from mcos.storage import StorageBackend

PREFIX = "~health/generation/"
"""Of the keys; no account has this name."""


class _Known(NamedTuple):
    generation: int
    deployment: str


def why_held(backend: StorageBackend, deployment: Deployment) -> str | None:
    """Return why nothing may be removed from a backend; None: the catalog is not an older one.

    A backend that does not know the catalog's generation yet learns it, and forgets lower ones.

    Raises
    ------
    StorageError
    """
    if not deployment.id:
        return "the catalog has no id yet"
    own = _Known(deployment.generation, deployment.id)
    known = _known(backend)
    if known and max(known) > own:
        highest = max(known)
        if highest.deployment != own.deployment:
            return f"deployment {highest.deployment} has taken the backend over"
        return (
            f"the catalog's generation is {own.generation}, and the backend has seen "
            f"{highest.generation}: the catalog was set back"
        )
    if own not in known:
        put_bytes(backend, _key(own), b"")
    for lower in known:
        if lower < own:
            backend.delete(_key(lower))
    return None


def _known(backend: StorageBackend) -> set[_Known]:
    found: set[_Known] = set()
    marker: str | None = ""
    while marker is not None:
        page = backend.list(PREFIX, marker)
        for replica in page.replicas:
            number, _, deployment = replica.key.removeprefix(PREFIX).partition("-")
            if number.isdigit():
                found.add(_Known(int(number), deployment))
        marker = page.next_marker
    return found


def _key(known: _Known) -> str:
    return f"{PREFIX}{known.generation:010}-{known.deployment}"
