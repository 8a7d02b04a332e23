"""Fetch what a ``source_url`` names, and nothing that its writer has no business with.

Whoever writes the URL chooses where this function connects to, from inside of the operator's
network. So every hop is https, to a host that the operator allowed, at an address that anybody on
the Internet could reach; the connection goes to the very address that was looked at, and its
certificate has to be the host's. Nothing of the environment (proxies, netrc, cookies) takes part.

It is made of ``http.client`` and ``ssl`` alone: they let the socket be made here, and so its
address be chosen and every wait on it be bounded.
"""

from mcos.inbound.fetch.rules import FetchFailed, FetchRefused, FetchRules
from mcos.inbound.fetch.transfer import Fetched, fetch

__all__ = ["FetchFailed", "FetchRefused", "FetchRules", "Fetched", "fetch"]
