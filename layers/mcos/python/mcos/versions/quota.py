"""Whether an account has room left for what a call would add: asked before anything is changed.

For what comes with a call it costs no network call: functions know with the registry which accounts
have little room left. So an account can have more than its quota by what it writes until they know
(see ``mcos.workers.count_usage``): 10 s until changes are counted, and
``limits.REGISTRY_AGE_SECONDS``. An upload may be so much larger that its account's usage is read
beside what its call reads anyway.
"""

import math

from mcos import clock
from mcos.catalog.registry import current_registry
from mcos.errors import QuotaExceeded, TooManyRequests
from mcos.model.objects import ObjectRecord
from mcos.model.quotas import Amount, Room, Usage, quota_of
from mcos.model.uploads import Upload


def check_rate(account: str) -> None:
    """Refuse a write of an account that has written too much.

    Raises
    ------
    TooManyRequests
    """
    _check_rate(_known(account))


def check_room(account: str, growth: Amount) -> None:
    """Refuse what would need more room than an account has, as far as it is known here.

    Parameters
    ----------
    growth
        What would be added; of what becomes less, nothing is refused.

    Raises
    ------
    QuotaExceeded
    """
    _check(_known(account), growth)


def check_upload(account: str, usage: Usage, growth: Amount) -> None:
    """Refuse an upload that would need more room than an account has.

    Parameters
    ----------
    usage
        What the account uses, as it was read just now.

    Raises
    ------
    QuotaExceeded, TooManyRequests
    """
    room = usage.room(quota_of(current_registry().default_quota, usage.own))
    _check_rate(room)
    _check(room, growth)


def check_end_of_upload(
    upload: Upload, usage: Usage, size: int, there: ObjectRecord | None
) -> None:
    """Refuse an upload at its end that would need more room than its account has.

    One that was begun with its size has its room since then, so that its bytes are not sent in
    vain. But many may be begun before the first of them counts. So it is refused if its account had
    no room left at all without it: what comes in is less than twice the quota.

    Parameters
    ----------
    usage
        What the account uses, as it was read just now.
    size
        Bytes of the content.
    there
        The object that it replaces, if any.

    Raises
    ------
    QuotaExceeded
    """
    growth = Amount(size - (there.latest.size if there else 0), 0 if there else 1)
    if upload.size is not None:
        usage, growth = usage.without(upload), growth._replace(bytes=min(growth.bytes, 1))
    _check(usage.room(quota_of(current_registry().default_quota, usage.own)), growth)


def room_of_upload(account: str, usage: Usage, replaced: int) -> int | None:
    """Return how many bytes an upload of unknown size may send at most; None: no matter how many.

    Parameters
    ----------
    replaced
        Bytes of the object that it replaces.
    """
    left = usage.room(quota_of(current_registry().default_quota, usage.own)).bytes
    return None if left is None else left + replaced


def _known(account: str) -> Room:
    return Room.from_json(current_registry().full.get(account, {}))


def _check_rate(room: Room) -> None:
    seconds = (room.until or 0) - clock.moment().timestamp()
    if seconds > 0:
        raise TooManyRequests(math.ceil(seconds))


def _check(room: Room, growth: Amount) -> None:
    for name, wanted in growth._asdict().items():
        left = getattr(room, name)
        if left is not None and wanted > 0 and wanted > left:
            raise QuotaExceeded(name, left)
