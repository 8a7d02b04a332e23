"""Rules for the names of users, clusters, storage policies, containers and objects, and metadata.

The limits for containers, objects and metadata are those of OpenStack Swift
(``swift/common/constraints.py``).
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
    """Whether ``name`` is a valid user name."""
    # HTTP clients would fold '.' and '..' in the keys of replicas.
    return _USER_NAME.fullmatch(name) is not None and name not in (".", "..")


def check_user_name(name: str) -> str:
    """Return ``name`` if it is a valid user name.

    Raises
    ------
    InvalidName
    """
    if not is_user_name(name):
        raise InvalidName(
            f"A user name must have 1 to {limits.USER_NAME_LENGTH} characters of "
            "A-Z a-z 0-9 . _ @ - and must be neither '.' nor '..'."
        )
    return name


def check_cluster_name(name: str) -> str:
    """Return ``name`` if it is a valid cluster name, by the same rule as in ``infra/terraform``.

    Raises
    ------
    InvalidName
    """
    if not _CLUSTER_NAME.fullmatch(name):
        raise InvalidName(
            "A cluster name must have 1 to 16 characters of a-z 0-9 - and begin with a letter."
        )
    return name


def is_policy_name(name: str) -> bool:
    """Whether ``name`` is a valid name of a storage policy."""
    return _POLICY_NAME.fullmatch(name) is not None


def check_policy_name(name: str) -> str:
    """Return ``name`` if it is a valid name of a storage policy.

    Raises
    ------
    InvalidName
    """
    if not is_policy_name(name):
        raise InvalidName(
            f"A storage policy name must have 1 to {limits.POLICY_NAME_LENGTH} characters of "
            "a-z 0-9 -."
        )
    return name


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id made by ``mcos.clock.new_id``."""
    return _ID.fullmatch(text) is not None


def _encoded(kind: str, name: str, longest: int) -> bytes:
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidName(f"The {kind} name must be UTF-8.") from None
    if not encoded:
        raise InvalidName(f"The {kind} name must not be empty.")
    if len(encoded) > longest:
        raise InvalidName(
            f"The {kind} name must have at most {longest} bytes of UTF-8; it has {len(encoded)}."
        )
    if b"\0" in encoded:
        raise InvalidName(f"The {kind} name must not contain a NUL.")
    if "\ufffd" in name:
        # The gateway replaces bytes of a path that are not UTF-8 by U+FFFD, so two different names
        # would become one.
        raise InvalidName(f"The {kind} name must be UTF-8 and must not contain U+FFFD.")
    return encoded


def check_container_name(name: str) -> str:
    """Return ``name`` if it is a valid container name: 1 to 256 bytes of UTF-8, no slash.

    Raises
    ------
    InvalidName
    """
    _encoded("container", name, limits.CONTAINER_NAME_BYTES)
    if "/" in name:
        raise InvalidName("The container name must not contain '/'.")
    if name in (".", ".."):
        raise InvalidName("The container name must not be '.' or '..'.")
    return name


def check_object_name(name: str) -> str:
    """Return ``name`` if it is a valid object name: 1 to 1,024 bytes of UTF-8, with any slashes.

    Raises
    ------
    InvalidName
    """
    _encoded("object", name, limits.OBJECT_NAME_BYTES)
    return name


def is_content_type(text: str) -> bool:
    """Whether ``text`` is a valid content type: ``type/subtype``, at most 256 printable ASCII."""
    return len(text) <= limits.CONTENT_TYPE_BYTES and _CONTENT_TYPE.fullmatch(text) is not None


def check_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Return ``metadata`` (values by lower-case names) if it is valid.

    Raises
    ------
    InvalidMetadata
    """
    if len(metadata) > limits.METADATA_ENTRIES:
        raise InvalidMetadata(
            f"There must be at most {limits.METADATA_ENTRIES} metadata entries; "
            f"there are {len(metadata)}."
        )
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name) or len(name) > limits.METADATA_NAME_BYTES:
            raise InvalidMetadata(
                f"A metadata name must have 1 to {limits.METADATA_NAME_BYTES} characters of an "
                "HTTP token."
            )
        if len(value) > limits.METADATA_VALUE_BYTES:
            raise InvalidMetadata(
                f"Metadata {name!r} must have at most {limits.METADATA_VALUE_BYTES} bytes; "
                f"it has {len(value)}."
            )
        if not _PRINTABLE_ASCII.fullmatch(value):
            raise InvalidMetadata(
                f"Metadata {name!r} must be printable ASCII; percent-encode other characters."
            )
    total = sum(len(name) + len(value) for name, value in metadata.items())
    if total > limits.METADATA_BYTES:
        raise InvalidMetadata(
            f"Metadata must have at most {limits.METADATA_BYTES} bytes in all; it has {total}."
        )
    return metadata
