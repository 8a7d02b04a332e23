"""A call as a value: what to send, how to read the reply, and when it may be sent again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from json import dumps
from typing import Any, Generic, TypeVar

import httpx

from mcos_client.errors import (
    InvalidBody,
    InvalidHeader,
    McosError,
    NotModified,
    TokenInvalid,
    UnexpectedReply,
    error_of,
)

Result = TypeVar("Result")


class Repeat(Enum):
    """When a call that failed may be sent again. README has the table."""

    ALWAYS = "done twice it is the same as done once"
    GUARDED = "a condition keeps it from being done twice, but not from looking refused"
    IF_NOT_DONE = "only when the first try is known to have done nothing"


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One call.

    Attributes
    ----------
    path
        Under the entry point, with the query.
    already
        What a refusal means if an earlier try of the same call, whose reply was lost, may have
        caused it: an object that is to be deleted and is not found is deleted.
    redirected
        How to read a reply that sends on to a storage service; None if the call has none.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], Result]
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    authenticated: bool = True
    repeat: Repeat = Repeat.IF_NOT_DONE
    already: Mapping[type[McosError], Result] = field(default_factory=dict)
    redirected: Callable[[httpx.Response], Result] | None = None

    def request(self, entry_point: str, token: str | None) -> httpx.Request:
        """Make the request for an entry point.

        Raises
        ------
        InvalidHeader, TokenInvalid
            No header can carry the value.
        """
        headers = dict(self.headers)
        for name, value in headers.items():
            check_header(name, value)
        if token is not None and self.authenticated:
            if not is_header_value(token):
                raise TokenInvalid("The token must be printable ASCII.")
            headers["authorization"] = f"Bearer {token}"
        return httpx.Request(
            self.method, entry_point + self.path, headers=headers, content=self.content
        )

    def result(self, response: httpx.Response) -> Result:
        """Read the reply.

        Raises
        ------
        McosError
            The class that stands for the reply's ``code``.
        """
        if response.is_error:
            raise error_of(response)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            raise NotModified("The object has not changed.", status=response.status_code)
        read: Callable[[httpx.Response], Result] | None = self.read
        if response.status_code == httpx.codes.TEMPORARY_REDIRECT:
            read = self.redirected
        elif not response.is_success:
            read = None
        if read is None:
            raise _unexpected(response)
        try:
            return read(response)
        except McosError:
            raise
        except Exception as error:
            # Whatever it is that came: it cannot be read as the API has it.
            raise _unexpected(response) from error


def _unexpected(response: httpx.Response) -> UnexpectedReply:
    return UnexpectedReply(
        f"HTTP {response.status_code} with a reply that is not in the API.",
        status=response.status_code,
    )


def is_header_value(text: str) -> bool:
    """Whether a header can carry a text, and carries it unchanged."""
    return text.isascii() and text.isprintable() and text == text.strip()


def check_header(name: str, value: str) -> None:
    """Refuse a value that no header carries.

    Raises
    ------
    InvalidHeader
    """
    if not isinstance(value, str) or not is_header_value(value):
        raise InvalidHeader(f"{name} must be printable ASCII, not {value!r}.")


def json_body(value: Mapping[str, Any]) -> bytes:
    """Write the body of a request.

    Raises
    ------
    InvalidBody
        A text in it has no UTF-8.
    """
    try:
        return dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidBody("All text of a request must be UTF-8.") from None


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the values that are None."""
    return {name: value for name, value in values.items() if value is not None}
