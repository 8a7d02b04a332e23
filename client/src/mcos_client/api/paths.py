"""Paths that carry names exactly: what users name goes as base64url, which no gateway changes."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from mcos_client.errors import InvalidName

CONTAINERS = "/v1/containers"
UPLOADS = "/v1/uploads"
SHARES = "/v1/shares"
_EXACT = "/v1/exact"


def container_path(container: str) -> str:
    """Path of a container."""
    return f"{_EXACT}/containers/{_exact(container)}"


def objects_path(container: str) -> str:
    """Path of the listing of a container."""
    return f"{container_path(container)}/objects"


def object_path(container: str, name: str) -> str:
    """Path of an object."""
    return f"{objects_path(container)}/{_exact(name)}"


def stat_path(container: str, name: str) -> str:
    """Path of the description of an object."""
    return f"{container_path(container)}/stat/{_exact(name)}"


def copy_path(container: str, name: str) -> str:
    """Path by which an object becomes a copy of another one."""
    return f"{container_path(container)}/copy/{_exact(name)}"


def placement_path(container: str, name: str) -> str:
    """Path of the placement of an object."""
    return f"{container_path(container)}/placement/{_exact(name)}"


def deleted_path(container: str) -> str:
    """Path of the listing of what was deleted in a container."""
    return f"{container_path(container)}/deleted"


def undelete_path(container: str, name: str) -> str:
    """Path by which a deleted object is taken back."""
    return f"{container_path(container)}/undelete/{_exact(name)}"


def account_deleted_path(account: str, container: str, name: str) -> str:
    """Path of the operators' calls about what was deleted of an account's object."""
    return f"{_EXACT}/admin/deleted/{_exact(account)}/{_exact(container)}/{_exact(name)}"


def upload_path(upload: str) -> str:
    """Path of an upload."""
    return f"{UPLOADS}/{_segment(upload)}"


def share_path(share: str) -> str:
    """Path of a share."""
    return f"{SHARES}/{_segment(share)}"


def admin_path(kind: str, name: str | None = None, action: str | None = None) -> str:
    """Path of an operator's call: of all clusters, of one, of an action on one."""
    return "/".join(
        ["/v1/admin", kind, *(_segment(part) for part in (name, action) if part is not None)]
    )


def with_query(path: str, query: Mapping[str, str | int | None]) -> str:
    """Add the values of ``query`` that are not None to a path.

    A space becomes ``%20``: what ``+`` means is not the same to all gateways.
    """
    given = {
        name: utf8(value) if isinstance(value, str) else value
        for name, value in query.items()
        if value is not None
    }
    return f"{path}?{urlencode(given, quote_via=quote, safe='')}" if given else path


def utf8(text: str) -> bytes:
    """Encode a name.

    Raises
    ------
    InvalidName
        It has no UTF-8, as the name of a file may have none.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidName(f"A name must be UTF-8, which {text!a} is not.") from None


def _exact(name: str) -> str:
    return urlsafe_b64encode(utf8(name)).rstrip(b"=").decode("ascii")


def _segment(text: str) -> str:
    encoded = quote(utf8(text), safe="@")
    # Everything that handles URLs folds `.` and `..`, unless the dots are encoded.
    return encoded.replace(".", "%2E") if text in (".", "..") else encoded
