"""Names: of users, clusters and storage policies, and of what is stored, as Swift constrains it.

Source of the limits of what is stored: OpenStack Swift, ``swift/common/constraints.py``.
"""

import re

from mcos import limits
from mcos.errors import InvalidMetadata, InvalidName

_USER_NAME = re.compile(rf"[A-Za-z0-9._@-]{{1,{limits.USER_NAME_LENGTH}}}")
_CLUSTER_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")
_POLICY_NAME = re.compile(rf"[a-z0-9-]{{1,{limits.POLICY_NAME_LENGTH}}}")
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_METADATA_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]+/[\x20-\x7e]+")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]*")


def is_user_name(name: str) -> bool:
    """Whether ``name`` can be the name of a user."""
    # '.' and '..' would be folded away in the keys of replicas.
    return _USER_NAME.fullmatch(name) is not None and name not in (".", "..")


def check_user_name(name: str) -> str:
    """Return ``name`` if a user can have it.

    Raises
    ------
    InvalidName
    """
    if not is_user_name(name):
        raise InvalidName(
            f"A user name is 1 to {limits.USER_NAME_LENGTH} of A-Z a-z 0-9 . _ @ -, "
            "and neither '.' nor '..'."
        )
    return name


def check_cluster_name(name: str) -> str:
    """Return ``name`` if a cluster can have it; Terraform (``infra/terraform``) knows no other.

    Raises
    ------
    InvalidName
    """
    if not _CLUSTER_NAME.fullmatch(name):
        raise InvalidName("A cluster name is 1 to 16 of a-z 0-9 -, a letter first.")
    return name


def is_policy_name(name: str) -> bool:
    """Whether ``name`` can be the name of a storage policy."""
    return _POLICY_NAME.fullmatch(name) is not None


def check_policy_name(name: str) -> str:
    """Return ``name`` if a storage policy can have it.

    Raises
    ------
    InvalidName
    """
    if not is_policy_name(name):
        raise InvalidName(
            f"A storage policy name is 1 to {limits.POLICY_NAME_LENGTH} of a-z 0-9 -."
        )
    return name


def is_id(text: str) -> bool:
    """Whether ``text`` can be an identifier of ``mcos.clock.new_id``."""
    return _ID.fullmatch(text) is not None


def _encoded(kind: str, name: str, longest: int) -> bytes:
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidName(f"The {kind} name is not UTF-8.") from None
    if not encoded:
        raise InvalidName(f"The {kind} name is empty.")
    if len(encoded) > longest:
        raise InvalidName(
            f"The {kind} name has {len(encoded)} bytes of UTF-8; {longest} are allowed."
        )
    if b"\0" in encoded:
        raise InvalidName(f"The {kind} name holds a NUL.")
    if "\ufffd" in name:
        # The gateway puts U+FFFD where a path's bytes were not UTF-8: what was meant is lost, and
        # two names that differ would become one.
        raise InvalidName(f"The {kind} name is not UTF-8, or holds U+FFFD.")
    return encoded


def check_container_name(name: str) -> str:
    """Return ``name`` if a container can have it: 1 to 256 bytes of UTF-8 without a slash.

    Raises
    ------
    InvalidName
    """
    _encoded("container", name, limits.CONTAINER_NAME_BYTES)
    if "/" in name:
        raise InvalidName("A container name holds no slash.")
    if name in (".", ".."):
        raise InvalidName("A container cannot be named '.' or '..'.")
    return name


def check_object_name(name: str) -> str:
    """Return ``name`` if an object can have it: 1 to 1,024 bytes of UTF-8, any slash among them.

    Raises
    ------
    InvalidName
    """
    _encoded("object", name, limits.OBJECT_NAME_BYTES)
    return name


def is_content_type(text: str) -> bool:
    """Whether ``text`` can be the type of a content: ``type/subtype``, printable ASCII."""
    return len(text) <= limits.CONTENT_TYPE_BYTES and _CONTENT_TYPE.fullmatch(text) is not None


def check_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Return ``metadata`` if an object can carry it: names (lower case) to values.

    Raises
    ------
    InvalidMetadata
    """
    if len(metadata) > limits.METADATA_ENTRIES:
        raise InvalidMetadata(
            f"{len(metadata)} metadata entries; {limits.METADATA_ENTRIES} are allowed."
        )
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name) or len(name) > limits.METADATA_NAME_BYTES:
            raise InvalidMetadata(
                f"A metadata name is 1 to {limits.METADATA_NAME_BYTES} characters of a token."
            )
        if len(value) > limits.METADATA_VALUE_BYTES:
            raise InvalidMetadata(
                f"Metadata {name!r} has {len(value)} bytes; "
                f"{limits.METADATA_VALUE_BYTES} are allowed."
            )
        if not _PRINTABLE_ASCII.fullmatch(value):
            raise InvalidMetadata(
                f"Metadata {name!r} holds what is not printable ASCII: send it percent-encoded."
            )
    total = sum(len(name) + len(value) for name, value in metadata.items())
    if total > limits.METADATA_BYTES:
        raise InvalidMetadata(f"{total} bytes of metadata; {limits.METADATA_BYTES} are allowed.")
    return metadata
