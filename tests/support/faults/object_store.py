"""What a workload drives: an object store, whatever it is, that tells how each operation ended."""

from base64 import b64decode
from collections.abc import Callable
from typing import Protocol

import mcos_client
from mcos_client import Client
from tests.support.faults.history import Outcome, Result, value_of


class ObjectStore(Protocol):
    """One way in. Nothing is raised for what a store under stress may answer."""

    def create(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome: ...

    def update(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome: ...

    def delete(self, name: str, *, asynchronous: bool) -> Outcome: ...

    def read(self, name: str) -> Outcome: ...

    def stat(self, name: str) -> Outcome: ...


class ClientStore:
    """A container of MCOS by its client, which must not repeat calls (``retries=0``)."""

    def __init__(self, client: Client, container: str) -> None:
        self._client, self._container = client, container

    def create(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        return _outcome(
            lambda: _written(
                self._client.create_object(
                    self._container, name, content, prefer=_prefer(asynchronous)
                )
            )
        )

    def update(self, name: str, content: bytes, *, asynchronous: bool) -> Outcome:
        return _outcome(
            lambda: _written(
                self._client.update_object(
                    self._container, name, content, prefer=_prefer(asynchronous)
                )
            )
        )

    def delete(self, name: str, *, asynchronous: bool) -> Outcome:
        def delete() -> Outcome:
            done = self._client.delete_object(self._container, name, prefer=_prefer(asynchronous))
            return Outcome(Result.DONE if done else Result.TAKEN)

        return _outcome(delete)

    def read(self, name: str) -> Outcome:
        def read() -> Outcome:
            content = self._client.download_object(self._container, name).content
            return Outcome(Result.DONE, value_of(content))

        return _outcome(read)

    def stat(self, name: str) -> Outcome:
        return _outcome(lambda: _told(self._client.stat_object(self._container, name)))


def _prefer(asynchronous: bool) -> str:
    return "respond-async" if asynchronous else "wait=25"


def _written(written: mcos_client.Written) -> Outcome:
    result = Result.DONE if written.state == "CREATED" else Result.TAKEN
    return Outcome(result, note=written.version)


def _told(stat: mcos_client.ObjectStat) -> Outcome:
    note = f"{stat.state} {stat.version}"
    if stat.state in ("DELETING", "FAILED"):
        return Outcome(Result.ABSENT, note=note)
    seen = b64decode(stat.sha256).hex() if stat.sha256 else None
    return Outcome(Result.DONE, seen, settled=stat.settled, note=note)


_REFUSALS: dict[type[mcos_client.McosError], Result] = {
    mcos_client.ObjectExists: Result.EXISTS,
    mcos_client.ObjectNotFound: Result.ABSENT,
    mcos_client.ObjectNotReady: Result.NOT_READY,
    mcos_client.Superseded: Result.SUPERSEDED,
    # Nothing is left behind, says the API.
    mcos_client.ReplicationFailed: Result.NOTHING,
    mcos_client.CatalogUnavailable: Result.NOTHING,
    mcos_client.NotEnoughClusters: Result.NOTHING,
    mcos_client.ReplicasUnavailable: Result.NOTHING,
    mcos_client.NotSent: Result.NOTHING,
}


def _outcome(call: Callable[[], Outcome]) -> Outcome:
    try:
        return call()
    except mcos_client.ContentCorrupted as error:
        return Outcome(Result.DONE, seen=f"corrupted: {error}")
    except mcos_client.McosError as error:
        note = f"{error.code or type(error).__name__}: {error}"
        if result := _REFUSALS.get(type(error)):
            return Outcome(result, note=note)
        if type(error) is mcos_client.Conflict:
            return Outcome(Result.NOTHING, note=note)
        lost = isinstance(error, mcos_client.Unreachable) or (error.status or 0) >= 500
        if lost or isinstance(error, mcos_client.UnexpectedReply):
            return Outcome(Result.UNKNOWN, note=note)
        raise
