"""stat_object: what is known of an object, each replica included."""

from mcos.catalog import objects
from mcos.catalog.objects import Key
from mcos.errors import ObjectNotFound
from mcos.model import ObjectRecord
from mcos.names import check_container_name, check_object_name


def stat_object(key: Key) -> ObjectRecord:
    """Read an object's record: one network call.

    Raises
    ------
    InvalidName, ObjectNotFound
    """
    check_container_name(key[1])
    check_object_name(key[2])
    record = objects.get(key)
    if record is None:
        raise ObjectNotFound("There is no such object.")
    return record
