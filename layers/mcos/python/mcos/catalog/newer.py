"""Writes of an import: each is done only if it is newer than what is there.

All may be repeated, and return whether this call wrote. A record without a revision is written only
if there is none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError
from pynamodb.models import Model

from mcos import clock
from mcos.catalog import deleted
from mcos.catalog.objects import container_key, item_of
from mcos.catalog.tables import (
    AccountItem,
    ContainerItem,
    DeletedItem,
    ObjectItem,
    RegistryItem,
    has_no_reply,
    is_condition_failure,
    is_not_done,
)
from mcos.model.accounts import Role
from mcos.model.clusters import DEFAULT_POLICY
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.objects import ObjectKey, ObjectRecord

_TRIES = 6
_PAUSE_SECONDS = 0.2


def write_registry_item(
    kind: str, name: str, document: Mapping[str, Any], *, expires: int | None, revision: str
) -> bool:
    """Write an item of the registry."""
    item = RegistryItem(
        kind, name, document=dict(document), expires=expires, revision=revision or None
    )
    return _save(item, RegistryItem.kind, RegistryItem.revision, revision)


def write_account(record: Mapping[str, Any], *, revision: str) -> bool:
    """Write an account, as the journal has it; without a password it is disabled."""
    password = record.get("password_hash") or ""
    item = AccountItem(
        record["user_name"],
        password_hash=password,
        created_at=record["created_at"],
        role=record.get("role", Role.USER.value),
        enabled=bool(record.get("enabled", True) and password),
        revision=revision or None,
        quota=record.get("quota"),
    )
    return _save(item, AccountItem.user_name, AccountItem.revision, revision)


def write_container(record: Mapping[str, Any], *, revision: str) -> bool:
    """Write a container, as the journal has it."""
    item = ContainerItem(
        record["account"],
        record["name"],
        created_at=record["created_at"],
        storage_policy=record.get("storage_policy", DEFAULT_POLICY.name),
        retention_days=record.get("retention_days"),
        revision=revision or None,
    )
    return _save(item, ContainerItem.name, ContainerItem.revision, revision)


def write_object(record: ObjectRecord) -> bool:
    """Write an object's record with the revision that it has."""
    return _save(item_of(record), ObjectItem.name, ObjectItem.revision, record.revision)


def remove_object(key: ObjectKey, *, revision: str) -> bool:
    """Remove an object whose revision is not greater."""
    item = ObjectItem(container_key(key.account, key.container), key.name)
    return _done(lambda: item.delete(ObjectItem.revision <= revision))


def write_deleted(found: Deleted) -> bool:
    """Write a deleted version, unless there is one of the same deletion or of a later one."""
    own, deletion = DeletedItem.deletion, found.kept.deletion
    return _save(deleted.item_of(found), DeletedItem.entry, own, deletion)


def remove_deleted(key: ObjectKey, version_id: str, *, deletion: str) -> bool:
    """Remove a deleted version that might be taken back, if its deletion is not later."""
    item = DeletedItem(*deleted.item_key(key, version_id))
    waits = DeletedItem.state == DeletedState.KEPT.value
    return _done(lambda: item.delete(waits & (DeletedItem.deletion <= deletion)))


def _save(item: Model, key: UnicodeAttribute, own: UnicodeAttribute, revision: str) -> bool:
    condition = key.does_not_exist()
    if revision:
        condition |= own < revision
    return _done(lambda: item.save(condition))


def _done(write: Callable[[], object]) -> bool:
    """Make a conditional write; False: its condition did not hold."""
    for number in range(_TRIES):
        try:
            write()
        except (PutError, DeleteError) as error:
            if is_condition_failure(error):
                return False
            if number + 1 == _TRIES or not (is_not_done(error) or has_no_reply(error)):
                raise
            clock.sleep(_PAUSE_SECONDS * 2**number)
        else:
            return True
    return False
