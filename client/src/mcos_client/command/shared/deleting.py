"""Deleting an object, and waiting until it is gone."""

from mcos_client import Client
from mcos_client.command.names.locations import Location
from mcos_client.command.shared.storing import preference

SECONDS = 60.0
"""How long to wait if nothing else is asked for."""


def delete_object(
    client: Client,
    where: Location,
    *,
    wait: bool | None,
    timeout: float = SECONDS,
    if_match: str | None = None,
) -> bool:
    """Delete an object.

    Parameters
    ----------
    wait
        True: return when it is gone, although a cluster may say that it will be later; False:
        return when the request is durable; None: as the cluster does by default.
    timeout
        Seconds that ``wait`` may take.

    Returns
    -------
    Whether it is gone; else it will be.

    Raises
    ------
    McosError
    NotSettled
        It has to be gone, and is not after ``timeout``.
    """
    gone = client.delete_object(
        where.container, where.name, prefer=preference(wait), if_match=if_match
    )
    if wait and not gone:
        # An object that is there in the end is another one, made since.
        client.wait_until_settled(where.container, where.name, timeout=timeout)
        return True
    return gone
