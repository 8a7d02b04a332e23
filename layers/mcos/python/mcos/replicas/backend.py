"""This cluster's own backend, the only one whose credentials its functions can read."""

import json
import logging
from collections.abc import Callable
from functools import lru_cache, partial
from io import BytesIO
from secrets import token_hex
from typing import Any, TypeVar, cast

from mcos.aws import secret
from mcos.catalog.registry import all_clusters
from mcos.model.clusters import ClusterState
from mcos.model.digests import digests_of
from mcos.model.versions import Version
from mcos.settings import settings
from mcos.storage import (
    BackendMisconfigured,
    CredentialsRefused,
    ReplicaNotFound,
    StorageBackend,
    Timeouts,
    open_backend,
)

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

# A call fails within seven seconds, plus one request for a token: less than the nine seconds that
# the state machine gives put_replica, and that another cluster waits for get_replica.
_TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=5)


# No caller waits for large replicas, and a service needs time to join thousands of parts.
_PATIENT = Timeouts(connect_seconds=2, read_seconds=60)


def own_backend(*, patient: bool = False) -> StorageBackend:
    """Return the backend; it is opened when it is used, and anew when its secret has changed.

    If the service refuses the credentials, the secret is read again at once. If it has changed, the
    call is made once more with what it says now. So credentials can be replaced while calls go on.

    Parameters
    ----------
    patient
        Whether to use longer timeouts, for large replicas.

    Raises
    ------
    BackendMisconfigured, BotoCoreError, ClientError
        When it is used.
    """
    return cast(StorageBackend, _OwnBackend(patient))


def read_credentials() -> None:
    """Read the backend's credentials now, not minutes later: one network call.

    Raises
    ------
    SecretEmpty, BotoCoreError, ClientError
    """
    secret(settings().backend_secret, renew=True)


class CredentialsRenewed(CredentialsRefused):
    """The credentials were old, and are not any more; the content cannot be read a second time."""


def once_more(do: Callable[[], Result]) -> Result:
    """Do what reads content and writes it; once more if credentials were replaced meanwhile."""
    try:
        return do()
    except CredentialsRenewed:
        return do()


class _OwnBackend:
    """Any attribute of the backend as it is opened now; a call of it may be made twice."""

    def __init__(self, patient: bool) -> None:
        self._patient = patient

    def __getattr__(self, name: str) -> Any:
        opened = _current(self._patient)
        attribute = getattr(opened, name)
        return partial(self._call, opened, name) if callable(attribute) else attribute

    def _call(self, opened: StorageBackend, name: str, *arguments: Any, **named: Any) -> Any:
        starts = {one: one.tell() for one in arguments if _can_seek(one)}
        try:
            return getattr(opened, name)(*arguments, **named)
        except CredentialsRefused:
            renewed = _current(self._patient, renew=True)
            if renewed is opened:
                raise
            if len(starts) < len([one for one in arguments if hasattr(one, "read")]):
                raise CredentialsRenewed(f"{name}: the credentials were replaced") from None
        for stream, start in starts.items():
            stream.seek(start)
        return getattr(renewed, name)(*arguments, **named)


def _can_seek(argument: Any) -> bool:
    return hasattr(argument, "read") and hasattr(argument, "seekable") and argument.seekable()


_last: dict[bool, StorageBackend] = {}


def _current(patient: bool, *, renew: bool = False) -> StorageBackend:
    """Return the backend by its secret; if that is wrong, the one that was opened before."""
    text = secret(settings().backend_secret, renew=renew)
    try:
        _last[patient] = _opened(settings().backend, text, patient)
    except (ValueError, BackendMisconfigured) as error:
        if patient not in _last:
            raise
        # Without its text, which may be half a secret.
        _log.error("the backend's secret is wrong (%s): the one before is used", type(error))
    return _last[patient]


@lru_cache(maxsize=2)
def _opened(kind: str, secret_text: str, patient: bool) -> StorageBackend:
    values = json.loads(secret_text)
    if not isinstance(values, dict):
        raise BackendMisconfigured("the secret of a backend must be an object")
    return open_backend(kind, values, _PATIENT if patient else _TIMEOUTS)


def forget() -> None:
    """Open the backend anew when it is used next."""
    _opened.cache_clear()
    _last.clear()


MARKER = "~health/marker"
"""Key of what the health check leaves on a backend, to know it again. No account has this name."""


def is_known() -> bool:
    """Whether this cluster's backend is the one that was written to, as far as that was marked.

    Another bucket, or one that has lost everything, answers 404 for each replica: no replica is
    damaged then. An operator who sets the cluster ACTIVE says that it is to be written anew.

    Raises
    ------
    StorageError, BotoCoreError, ClientError
    """
    own = all_clusters().get(settings().cluster)
    if own is None or not own.health.marked or own.operator_state is ClusterState.ACTIVE:
        return True
    try:
        own_backend().stat(MARKER)
    except ReplicaNotFound:
        return False
    return True


def mark(backend: StorageBackend) -> None:
    """Leave the marker on this cluster's backend, by which it is known again.

    Raises
    ------
    StorageError
    """
    put_bytes(backend, MARKER, settings().cluster.encode())


def put_bytes(backend: StorageBackend, key: str, content: bytes) -> None:
    """Put what is no object's replica: a probe, a marker, a file of the journal.

    Raises
    ------
    StorageError
    """
    digests = digests_of(content)
    backend.put(
        key,
        BytesIO(content),
        size=len(content),
        md5=digests.md5,
        sha256=digests.sha256,
        content_type="application/octet-stream",
    )


def new_incarnation() -> str:
    """Return the identity of a copy that is to be written: 16 random hexadecimal digits."""
    return token_hex(8)


def replica_key(account: str, version_id: str, incarnation: str) -> str:
    """Return the key of a copy of a version on a backend.

    Parameters
    ----------
    incarnation
        Empty: the copy was written by release 0.1.0.
    """
    return f"{account}/{version_id}/{incarnation}" if incarnation else f"{account}/{version_id}"


def key_of(account: str, version: Version, cluster: str) -> str:
    """Return the key of the version's replica on a cluster's backend."""
    return replica_key(account, version.id, version.replicas[cluster].incarnation)
