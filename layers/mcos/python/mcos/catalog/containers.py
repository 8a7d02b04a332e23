"""Containers, and the protocol that keeps objects from appearing in a deleted container.

A deletion marks the container, then checks for objects. A create writes the object, then checks
the container. Each writes before it reads, and all reads are strongly consistent, so at least one
of them sees the other. A create that sees a mark removes it, and then the deletion fails. This
needs no clock, no lock and no transaction on the container, so many creates in one container do
not conflict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from mcos import clock
from mcos.catalog import objects, usage
from mcos.catalog.tables import ContainerItem, is_condition_failure, read
from mcos.errors import Conflict, ContainerNotEmpty, ContainerNotFound
from mcos.model.objects import Container
from mcos.model.quotas import Usage

_TRIES = 12
_REMEMBERED = 1000

_seen: dict[tuple[str, str], Container] = {}


def get(account: str, name: str) -> Container:
    """Read a container, strongly consistent: one network call.

    Raises
    ------
    ContainerNotFound
    """
    try:
        container = _container(
            read(lambda strong: ContainerItem.get(account, name, consistent_read=strong))
        )
    except DoesNotExist:
        raise ContainerNotFound(f"There is no container {name!r}.") from None
    return _remembered(container)


def get_with_usage(account: str, name: str) -> tuple[Container, Usage]:
    """Read a container, and what its account uses, strongly consistent: one network call.

    Raises
    ------
    ContainerNotFound, CatalogUnavailable, Conflict
    """
    image, used = usage.get_beside(ContainerItem, {"account": account, "name": name}, account)
    if image is None:
        raise ContainerNotFound(f"There is no container {name!r}.")
    return _remembered(_container(ContainerItem.from_raw_data(dict(image)))), used


def _remembered(container: Container) -> Container:
    if len(_seen) >= _REMEMBERED:
        _seen.clear()
    _seen[container.account, container.name] = container
    return container


def seen(account: str, name: str) -> Container | None:
    """Return a container as this process last saw it: a guess. None: it has not seen it."""
    return _seen.get((account, name))


def forget() -> None:
    """Forget which containers this process has seen."""
    _seen.clear()


def create(
    account: str, name: str, *, storage_policy: str, retention_days: int = 0
) -> tuple[Container, bool]:
    """Create a container unless it exists; one that exists stays as it is.

    Returns
    -------
    The container, and whether this call created it.

    Raises
    ------
    Conflict
        It was being deleted at the same time.
    """
    for _ in range(_TRIES):
        item = ContainerItem(
            account,
            name,
            created_at=clock.now(),
            storage_policy=storage_policy,
            retention_days=retention_days or None,
            revision=clock.new_id(),
        )
        try:
            item.save(ContainerItem.name.does_not_exist())
        except PutError as error:
            if not is_condition_failure(error):
                raise
        else:
            return _container(item), True
        try:
            container = admit(account, name)
        except ContainerNotFound:
            continue
        return container, container.created_at == item.created_at
    raise Conflict("Another call deleted the container at the same time; try again.")


def raise_retention(found: Container, retention_days: int) -> Container:
    """Raise the retention of a container; a longer one stays.

    Parameters
    ----------
    found
        The container as it was read.

    Returns
    -------
    The container as it is now.

    Raises
    ------
    Conflict
        Other calls changed it at the same time, or one has deleted it.
    """
    for _ in range(_TRIES):
        if found.retention_days >= retention_days:
            return found
        raised = replace(
            found, retention_days=retention_days, revision=clock.new_id(after=found.revision)
        )
        unchanged = (
            ContainerItem.revision == found.revision
            if found.revision
            else ContainerItem.name.exists() & ContainerItem.revision.does_not_exist()
        )
        actions = [
            ContainerItem.retention_days.set(raised.retention_days),
            ContainerItem.revision.set(raised.revision),
        ]
        if _changed(found, actions, unchanged):
            return raised
        try:
            found = get(found.account, found.name)
        except ContainerNotFound:
            break
    raise Conflict("Another call changed the container at the same time; try again.")


def admit(account: str, name: str) -> Container:
    """Check a container after an object was written into it, and stop its deletion.

    Raises
    ------
    ContainerNotFound
        There is none, or it was deleted first: the object must be removed.
    Conflict
        Other calls kept trying to delete it.
    """
    for _ in range(_TRIES):
        container = get(account, name)
        if container.deletion is None:
            return container
        if _update(container, ContainerItem.deletion == container.deletion, deletion=None):
            return container
    raise Conflict("Other calls tried to delete the container at the same time; try again.")


def delete(account: str, name: str) -> None:
    """Delete an empty container.

    Raises
    ------
    ContainerNotFound, ContainerNotEmpty
    Conflict
        A create or another deletion came in between.
    """
    deletion = clock.new_id()
    container = get(account, name)
    if not _update(container, ContainerItem.name.exists(), deletion=deletion):
        raise ContainerNotFound(f"There is no container {name!r}.")
    marked = ContainerItem.deletion == deletion
    if objects.page(account, name, prefix="", after=None, first=None, limit=1).records:
        _update(container, marked, deletion=None)
        raise ContainerNotEmpty(f"Container {name!r} must be empty to be deleted.")
    try:
        ContainerItem(account, name).delete(marked)
    except DeleteError as error:
        if not is_condition_failure(error):
            raise
        try:
            get(account, name)
        except ContainerNotFound:
            return  # another call deleted it, or this call did and the reply was lost
        raise Conflict(
            f"Another call used or deleted container {name!r} at the same time; try again."
        ) from None


@dataclass(frozen=True)
class ContainerPage:
    """Containers in the order of their names, and the name after which the next page begins."""

    containers: list[Container]
    more_after: str | None


def page(account: str, *, prefix: str, after: str | None, limit: int) -> ContainerPage:
    """Return a page of the containers after the name ``after``, which begins with ``prefix``.

    It is one Query, strongly consistent.
    """
    start = {"account": {"S": account}, "name": {"S": after}} if after is not None else None

    def query(strong: bool) -> dict[str, Any]:
        found = ContainerItem.query(
            account,
            ContainerItem.name.startswith(prefix) if prefix else None,
            consistent_read=strong,
            last_evaluated_key=start,
            page_size=limit,
        )
        return next(found.page_iter)

    raw = read(query)
    containers = [_container(ContainerItem.from_raw_data(item)) for item in raw["Items"]]
    last = raw.get("LastEvaluatedKey")
    return ContainerPage(containers, more_after=last["name"]["S"] if last else None)


def _update(container: Container, condition: Condition, *, deletion: str | None) -> bool:
    action = (
        ContainerItem.deletion.remove()
        if deletion is None
        else ContainerItem.deletion.set(deletion)
    )
    return _changed(container, [action], condition)


def _changed(container: Container, actions: Sequence[Action], condition: Condition) -> bool:
    """Make a conditional change; False: its condition did not hold."""
    try:
        ContainerItem(container.account, container.name).update(list(actions), condition)
    except UpdateError as error:
        if is_condition_failure(error):
            return False
        raise
    return True


def _container(item: ContainerItem) -> Container:
    return Container(
        account=item.account,
        name=item.name,
        created_at=item.created_at,
        storage_policy=item.storage_policy,
        deletion=item.deletion,
        retention_days=int(item.retention_days or 0),
        revision=item.revision or "",
    )


def is_policy_in_use(name: str) -> bool:
    """Whether any container has a storage policy; the Scan ends with the first that has it."""
    found = ContainerItem.scan(
        ContainerItem.storage_policy == name,
        consistent_read=True,
        attributes_to_get=["account", "name"],
    )
    return next(iter(found), None) is not None
