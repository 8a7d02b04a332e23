"""The ten calls as values: what to send, and how to read the reply. Nothing here does I/O.

``Client`` sends them one after another; whatever else sends them (asynchronously, say) needs only
``request`` and ``result`` of ``Call``.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast

import httpx

from mcos_client import paths
from mcos_client.errors import ContentCorrupted, NotModified, UnexpectedReply, error_of
from mcos_client.models import (
    Container,
    ContainerPage,
    Download,
    ObjectPage,
    ObjectStat,
    State,
    Token,
    Written,
)

Result = TypeVar("Result")

_METADATA = "x-object-meta-"


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One call: method, path under the entry point, what goes with it, how to read the reply."""

    method: str
    path: str
    read: Callable[[httpx.Response], Result]
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    authenticated: bool = True

    def request(self, entry_point: str, token: str | None) -> httpx.Request:
        """The request that makes the call at an entry point."""
        headers = dict(self.headers)
        if token is not None and self.authenticated:
            headers["authorization"] = f"Bearer {token}"
        return httpx.Request(
            self.method, entry_point + self.path, headers=headers, content=self.content
        )

    def result(self, response: httpx.Response) -> Result:
        """What the reply says.

        Raises
        ------
        McosError
            The class that stands for the reply's ``code``.
        """
        if response.is_error:
            raise error_of(response)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            raise NotModified("The object has not changed.", status=response.status_code)
        if not response.is_success:
            raise _unexpected(response)
        try:
            return self.read(response)
        except (KeyError, TypeError, ValueError) as error:
            raise _unexpected(response) from error


def login(user_name: str, password: str) -> Call[Token]:
    request = httpx.Request("POST", "/", json={"user_name": user_name, "password": password})
    return Call(
        "POST",
        "/v1/login",
        lambda response: Token.from_json(response.json()),
        headers={"content-type": "application/json"},
        content=request.content,
        authenticated=False,
    )


def list_container(
    *, prefix: str | None, marker: str | None, limit: int | None
) -> Call[ContainerPage]:
    query = {"prefix": prefix, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.CONTAINERS, query),
        lambda response: ContainerPage.from_json(response.json()),
    )


def create_container(container: str, *, storage_policy: str | None) -> Call[Container]:
    return Call(
        "PUT",
        paths.container_path(container),
        lambda response: Container.from_json(response.json()),
        headers=_given({"x-storage-policy": storage_policy}),
    )


def delete_container(container: str) -> Call[None]:
    return Call("DELETE", paths.container_path(container), lambda response: None)


def list_object(
    container: str,
    *,
    prefix: str | None,
    delimiter: str | None,
    marker: str | None,
    limit: int | None,
) -> Call[ObjectPage]:
    query = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "limit": limit}
    return Call(
        "GET",
        paths.with_query(paths.objects_path(container), query),
        lambda response: ObjectPage.from_json(response.json()),
    )


def write_object(
    method: str,
    container: str,
    name: str,
    content: bytes,
    *,
    content_type: str,
    metadata: Mapping[str, str],
    prefer: str | None,
    if_match: str | None,
    if_none_match: str | None,
) -> Call[Written]:
    """create_object (POST) or update_object (PUT); the content goes with its digest."""
    digest = b64encode(sha256(content).digest()).decode("ascii")
    headers = {
        "content-type": content_type,
        "content-digest": f"sha-256=:{digest}:",
        **{f"{_METADATA}{key}": value for key, value in metadata.items()},
        **_given({"prefer": prefer, "if-match": if_match, "if-none-match": if_none_match}),
    }
    return Call(
        method,
        paths.object_path(container, name),
        lambda response: Written.from_reply(response.json(), response.headers),
        headers=headers,
        content=content,
    )


def stat_object(container: str, name: str) -> Call[ObjectStat]:
    return Call(
        "GET",
        paths.stat_path(container, name),
        lambda response: ObjectStat.from_json(response.json()),
    )


def download_object(
    container: str,
    name: str,
    *,
    range_: str | None,
    if_match: str | None,
    if_none_match: str | None,
) -> Call[Download]:
    headers = {"range": range_, "if-match": if_match, "if-none-match": if_none_match}
    return Call("GET", paths.object_path(container, name), _read_download, headers=_given(headers))


def delete_object(
    container: str, name: str, *, prefer: str | None, if_match: str | None
) -> Call[bool]:
    return Call(
        "DELETE",
        paths.object_path(container, name),
        lambda response: response.status_code == httpx.codes.NO_CONTENT,
        headers=_given({"prefer": prefer, "if-match": if_match}),
    )


def _read_download(response: httpx.Response) -> Download:
    headers = response.headers
    whole = response.status_code == httpx.codes.OK
    digest = headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    actual = b64encode(sha256(response.content).digest()).decode("ascii")
    if whole and digest != actual:
        raise ContentCorrupted(f"The content's SHA-256 is {actual}, not {digest}.")
    return Download(
        content=response.content,
        content_type=headers.get("content-type", ""),
        content_range=headers.get("content-range"),
        etag=headers["etag"],
        sha256=digest,
        version=headers["x-mcos-version"],
        state=cast(State, headers["x-mcos-state"]),
        metadata={
            key.removeprefix(_METADATA): value
            for key, value in headers.items()
            if key.startswith(_METADATA)
        },
    )


def _given(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}


def _unexpected(response: httpx.Response) -> UnexpectedReply:
    return UnexpectedReply(
        f"HTTP {response.status_code} with a reply that the API does not have.",
        status=response.status_code,
    )
