"""share_object: make a link by which whoever has it reads an object."""

import secrets
from dataclasses import dataclass

from mcos import clock, limits
from mcos.catalog import shares
from mcos.errors import InvalidBody
from mcos.model.names import check_container_name, check_object_name
from mcos.model.objects import ObjectKey
from mcos.model.shares import Share, share_id
from mcos.versions.readable import readable

_LINK_BYTES = 16


@dataclass(frozen=True)
class NewShare:
    """A share, and the secret of its link, which is kept nowhere."""

    share: Share
    link: str


def share_object(key: ObjectKey, *, seconds: int) -> NewShare:
    """Share an object that can be read: two network calls.

    Parameters
    ----------
    seconds
        For how long.

    Raises
    ------
    InvalidBody, InvalidName, ObjectNotFound, ObjectNotReady
    """
    if not limits.SHARE_SECONDS_MIN <= seconds <= limits.SHARE_SECONDS_MAX:
        raise InvalidBody(
            f"expires_in must be between {limits.SHARE_SECONDS_MIN} and "
            f"{limits.SHARE_SECONDS_MAX} seconds."
        )
    check_container_name(key.container)
    check_object_name(key.name)
    record, _ = readable(key)
    link = secrets.token_urlsafe(_LINK_BYTES)
    share = Share(
        id=str(share_id(link)),
        key=key,
        object_created_at=record.created_at,
        created_at=clock.now(),
        expires_at=clock.later(seconds),
    )
    shares.add(share)
    return NewShare(share, link)
