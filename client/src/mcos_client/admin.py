"""The operators' calls."""

from mcos_client.api.call import Call, Result
from mcos_client.api.calls import OperatorCalls
from mcos_client.api.method import Sends


class Admin(OperatorCalls, Sends):
    """``Client.admin``: clusters, storage policies, accounts and jobs.

    The calls are for accounts with the role ``admin``; others are refused with ``NotPermitted``.
    A call that is refused has changed nothing.
    """

    def __init__(self, client: Sends) -> None:
        self._client = client

    def _send(self, call: Call[Result], /) -> Result:
        return self._client._send(call)

    def _pause(self, seconds: float, /) -> float:
        return self._client._pause(seconds)
