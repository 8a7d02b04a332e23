"""What replies mean, for every kind of store."""

from mcos_rescue.errors import Refused, RescueError, Unavailable
from mcos_rescue.stores.http import Reply


def failure_of(status: int, message: str) -> RescueError:
    """Return the exception for a status: may a later try succeed?"""
    if status >= 500 or status in (408, 409, 429, 498):
        return Unavailable(message)
    return Refused(message)


def check_range(reply: Reply, first: int, where: str) -> Reply:
    """Return a reply that begins at the byte ``first``.

    Raises
    ------
    Refused
        The service has ignored the range.
    """
    begins = reply.headers.get("content-range", "").startswith(f"bytes {first}-")
    if first and not (reply.status == 206 and begins):
        with reply:
            raise Refused(f"{where}: the service ignored the range")
    return reply
