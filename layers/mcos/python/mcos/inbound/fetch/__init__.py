"""Fetch a ``source_url`` safely (against server-side request forgery).

The writer of the URL chooses where this function connects to, from inside the operator's network.
So every hop must be https, to a host that the operator has allowed, at a public address. The
connection goes to the address that was checked, and the certificate must be the host's. The
environment (proxies, netrc, cookies) is ignored.

It uses ``http.client`` and ``ssl`` directly, because they allow to create the socket here: to
choose its address and to bound every wait.
"""

from mcos.inbound.fetch.rules import FetchFailed, FetchRefused, FetchRules
from mcos.inbound.fetch.transfer import Fetched, fetch

__all__ = ["FetchFailed", "FetchRefused", "FetchRules", "Fetched", "fetch"]
