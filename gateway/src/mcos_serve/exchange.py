"""One request on its way through the gateway, and its reply."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from mcos_serve.account import Account
from mcos_serve.body import Body
from mcos_serve.clock import Clock
from mcos_serve.s3 import xml
from mcos_serve.s3.requests import Request
from mcos_serve.settings import Settings


@dataclass(frozen=True)
class Reply:
    """What a request is answered with.

    Attributes
    ----------
    content
        Bytes, or what yields them; then ``headers`` have the length if it is known.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | AsyncGenerator[bytes, None] = b""


@dataclass(frozen=True)
class Exchange:
    """What an operation is given.

    Attributes
    ----------
    scheme
        ``http`` or ``https``, as the client has it.
    """

    request: Request
    body: Body
    account: Account
    settings: Settings
    clock: Clock
    scheme: str = "http"

    async def xml(self, root: str) -> xml.Node:
        """Return the document that is the request's body.

        Raises
        ------
        S3Error
        """
        return xml.read(await self.body.whole(xml.LARGEST_BODY), root)


def document(name: str, *content: str) -> Reply:
    """Return a reply with a document of S3."""
    return Reply(200, {"content-type": "application/xml"}, xml.document(name, content))
