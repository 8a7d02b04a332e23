"""purge_object: remove what was deleted of an object before it is due."""

import logging

from mcos.catalog import deleted
from mcos.errors import ObjectNotFound
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey
from mcos.versions.undelete import settled_record

_log = logging.getLogger(__name__)


def purge_object(key: ObjectKey, *, version_id: str | None = None) -> list[str]:
    """Make the deleted versions of an object due: they are removed within a minute or two.

    Parameters
    ----------
    version_id
        The version; None: all that were deleted.

    Returns
    -------
    Ids of the versions that are due now.

    Raises
    ------
    InvalidName, Conflict
    ObjectNotFound
        None of them can be taken back any more in any case.
    """
    check_container_name(key.container)
    check_object_name(key.name)
    settled_record(key)
    purged = [
        one.version_id
        for one in deleted.of_object(key)
        if version_id in (None, one.version_id) and deleted.hasten(one)
    ]
    if not purged:
        raise ObjectNotFound("There is no such deleted object.")
    _log.info("an operator has purged %d deleted versions of an object", len(purged))
    return purged
