"""Shares: links by which whoever has them reads one object, until a time."""

import re
from dataclasses import dataclass
from hashlib import sha256

from mcos.model.objects import ObjectKey, ObjectRecord

_LINK = re.compile("[A-Za-z0-9_-]{22}")
_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Share:
    """A share.

    Attributes
    ----------
    id
        What its owner calls it. It is made of what the link has, which nobody can make of it.
    key
        The object, which is shared by its name: readers get the version that is current then.
    object_created_at
        When the object was created. One that was deleted, and created again, is another object,
        which nobody has shared.
    created_at, expires_at
        RFC 3339.
    """

    id: str
    key: ObjectKey
    object_created_at: str
    created_at: str
    expires_at: str

    def is_of(self, record: ObjectRecord) -> bool:
        """Whether a record is that of the object that was shared."""
        return record.created_at == self.object_created_at


def share_id(link: str) -> str | None:
    """Return the id of the share whose link has these 128 random bits; None: no link has them."""
    if _LINK.fullmatch(link) is None:
        return None
    return sha256(link.encode()).hexdigest()[:32]


def is_share_id(text: str) -> bool:
    """Whether a share may have this id."""
    return _ID.fullmatch(text) is not None
