"""Which objects of MCOS there are for a client of S3."""

from mcos_client import ListedObject, ObjectStat
from mcos_client.errors import ObjectNotFound


def is_visible(found: ListedObject) -> bool:
    """Whether an object of a listing is one for readers.

    Not one that is deleted, that could not be stored, or whose content is not known yet: nobody
    was told that it is there.
    """
    if found.state in ("DELETING", "FAILED"):
        return False
    return found.state != "CREATING" or found.sha256 is not None


def readable(found: ObjectStat) -> ObjectStat:
    """Return an object, if it is one for readers.

    Raises
    ------
    ObjectNotFound
    """
    unknown = found.state == "CREATING" and found.sha256 is None
    if found.state in ("DELETING", "FAILED") or unknown:
        raise ObjectNotFound("There is no such object.")
    return found
