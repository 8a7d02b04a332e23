"""Names in paths: in an exact form, and plainly where every gateway carries them exactly.

Gateways decode paths, once or twice, cut them at a decoded ``?``, fold ``//`` and ``..``, or refuse
a ``%``: ``docs/aws.md`` has what is known of each. So the exact path of a call begins with
``/v1/exact`` in place of ``/v1``, and each name in it is base64url, which nothing on the way has a
reason to touch. A plain path has the names themselves, percent-encoded, if they are plain.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from mcos.errors import InvalidName, UnsafePath

_EXACT_ROUTE = re.compile("[A-Z]+ /v1/exact/")
_BASE64URL = re.compile("[A-Za-z0-9_-]+")
_CHANGED = re.compile(r"[%?#;+\\\x00-\x1f\x7f-\x9f]")


def object_location(container: str, name: str) -> str:
    """Return the path of an object, in the form that holds for every name."""
    return f"/v1/exact/containers/{encode(container)}/objects/{encode(name)}"


def is_exact(route: str) -> bool:
    """Whether the names in the paths of a route (``PUT /v1/...``) are base64url."""
    return _EXACT_ROUTE.match(route) is not None


def encode(name: str) -> str:
    """Return the base64url of a name's UTF-8, without padding (RFC 4648, section 5)."""
    return urlsafe_b64encode(name.encode()).rstrip(b"=").decode("ascii")


def decode(text: str, kind: str) -> str:
    """Return the name whose base64url is ``text``.

    Parameters
    ----------
    kind
        What the name is of, for the message.

    Raises
    ------
    InvalidName
        ``text`` is not what ``encode`` makes of any name: each has one exact path.
    """
    try:
        name = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:  # UnicodeDecodeError and binascii.Error are of this kind
        name = ""
    if not _BASE64URL.fullmatch(text) or encode(name) != text:
        raise InvalidName(
            f"The {kind} name in a path under /v1/exact must be the base64url (RFC 4648) of its "
            "UTF-8, without padding."
        )
    return name


def is_plain(name: str) -> bool:
    """Whether every gateway carries the name exactly in a path, once it is percent-encoded."""
    parts = name.split("/")
    return not _CHANGED.search(name) and not any(part in ("", ".", "..") for part in parts)


def check_plain(name: str, kind: str) -> str:
    """Return the name if it ``is_plain``.

    Raises
    ------
    UnsafePath
        Gateways may have made it of another name.
    """
    if not is_plain(name):
        raise UnsafePath(
            f"A gateway may have changed the {kind} name on its way. A name with any of "
            "% ? # ; + \\ or a control character, or with a part that is empty, . or .. must be "
            "sent as the base64url of its UTF-8, without padding, in a path that begins with "
            "/v1/exact in place of /v1."
        )
    return name
