"""A request as AWS's services see it: of which service, which operation, with what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes
    ----------
    target
        Path and query as they go over the wire, or the whole URL.
    headers
        Names in lower case.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's first value of each name."""
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    @cached_property
    def service(self) -> str:
        """The service for which the request is signed; empty if it is not signed."""
        signed = self.headers.get("authorization", "").partition("Credential=")[2]
        scope = self.query.get("X-Amz-Credential") or signed.partition(",")[0]
        # access key/date/region/service/aws4_request
        return scope.split("/")[3] if scope.count("/") == 4 else ""

    @cached_property
    def operation(self) -> str:
        """The operation's name, for the services that send it or whose path tells it; else empty.

        >>> Asked("POST", "/", {"x-amz-target": "AmazonSQS.SendMessage"}).operation
        'SendMessage'
        >>> Asked("POST", "/2015-03-31/functions/one/invocations", {}).operation
        'Invoke'
        """
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        is_invocation = self.method == "POST" and self.path.endswith("/invocations")
        return "Invoke" if is_invocation else ""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty if it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
