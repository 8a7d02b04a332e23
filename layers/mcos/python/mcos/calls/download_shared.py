"""download_shared: read an object by the link of a share."""

from datetime import datetime

from mcos.calls.download_object import ByteRange, Download, download_object
from mcos.catalog import accounts, shares
from mcos.errors import ObjectNotFound, ShareNotFound
from mcos.model.conditions import Conditions
from mcos.model.shares import share_id


def download_shared(
    link: str,
    *,
    conditions: Conditions,
    byte_range: ByteRange | None = None,
    if_range: str | datetime | None = None,
    redirect: bool = True,
) -> Download:
    """Read a shared object as ``download_object`` does, for which two network calls come before it.

    Raises
    ------
    ShareNotFound
        No share has this link, or it has expired, was ended, or its object or account is gone:
        who has a link learns no more.
    ObjectNotReady, PreconditionFailed, RangeNotSatisfiable, ContentTooLarge, ReplicasUnavailable
    """
    found = share_id(link)
    share = shares.find(found) if found is not None else None
    try:
        if share is None:
            raise ObjectNotFound("There is no such share.")
        account = accounts.find(share.key.account)
        if account is None or not account.is_enabled:
            raise ObjectNotFound("There is no such account.")
        return download_object(
            share.key,
            conditions=conditions,
            byte_range=byte_range,
            if_range=if_range,
            redirect=redirect,
            is_meant=share.is_of,
        )
    except ObjectNotFound:
        raise ShareNotFound("The link is wrong, or has expired.") from None
