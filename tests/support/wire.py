"""Requests exactly as a test writes them, and every reply checked against the contract."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from mcos_client.client import TIMEOUT
from tests.support.contract import Contract, Exchange

CONTRACT = Contract()

ASYNC = {"prefer": "respond-async"}
SYNC = {"prefer": "wait=25"}


class CheckedTransport(httpx.BaseTransport):
    """Sends over the network and checks every reply, for httpx and for ``mcos_client`` alike.

    Parameters
    ----------
    entry_point
        What comes before the API's own paths.
    """

    def __init__(self, entry_point: str) -> None:
        self._prefix = httpx.URL(entry_point).raw_path.decode("ascii").rstrip("/")
        self._transport = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        received = self._transport.handle_request(request)
        try:
            content = b"".join(cast(Iterable[bytes], received.stream))
        finally:
            received.close()
        # One that can be read again: who asked may want its content as it was encoded.
        response = httpx.Response(
            received.status_code,
            headers=received.headers.raw,
            stream=httpx.ByteStream(content),
            extensions=received.extensions,
            request=request,
        )
        sent: bytes = request.extensions.get("target", request.url.raw_path)
        exchange = Exchange(
            method=request.method,
            target=sent.decode("ascii").removeprefix(self._prefix),
            status=response.status_code,
            headers=response.headers,
            body=content,
        )
        if not request.extensions.get("of_gateway"):
            CONTRACT.check(exchange)
        return response

    def close(self) -> None:
        self._transport.close()


@dataclass
class Wire:
    """An entry point, spoken to byte by byte: paths are sent as they are given."""

    entry_point: str
    token: str | None = None
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(timeout=TIMEOUT, transport=CheckedTransport(self.entry_point))

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        of_gateway: bool = False,
    ) -> httpx.Response:
        """Send a request; the token goes with it unless ``headers`` names another one.

        Parameters
        ----------
        of_gateway
            Whether the gateway itself is to answer, whose replies the contract does not know.
        """
        url = httpx.URL(self.entry_point)
        target = url.raw_path.rstrip(b"/") + path.encode("ascii")
        given = {name.lower(): value for name, value in (headers or {}).items()}
        if self.token is not None:
            given.setdefault("authorization", f"Bearer {self.token}")
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in given.items()]
        extensions = {"target": target, "of_gateway": of_gateway}
        request = httpx.Request(
            method, url, headers=encoded, content=content, extensions=extensions
        )
        return self._http.send(request)

    def send_json(self, method: str, path: str, value: Any) -> httpx.Response:
        """Send JSON."""
        return self.send(
            method,
            path,
            headers={"content-type": "application/json"},
            content=json.dumps(value).encode(),
        )


def code_of(response: httpx.Response) -> str:
    """The code of a problem."""
    code: str = response.json()["code"]
    return code
