"""Paths of the API."""

from urllib.parse import quote

from chalicelib.shared.paths import encode


def container_path(container: str) -> str:
    """Path of a container, in the exact form."""
    return f"/v1/exact/containers/{encode(container)}"


def object_path(container: str, name: str) -> str:
    """Path of an object, in the exact form."""
    return f"{container_path(container)}/objects/{encode(name)}"


def stat_path(container: str, name: str) -> str:
    """Path of what an object is, in the exact form."""
    return f"{container_path(container)}/stat/{encode(name)}"


def copy_path(container: str, name: str) -> str:
    """Path by which an object becomes a copy of another one, in the exact form."""
    return f"{container_path(container)}/copy/{encode(name)}"


def placement_path(container: str, name: str) -> str:
    """Path of where an object is, in the exact form."""
    return f"{container_path(container)}/placement/{encode(name)}"


def undelete_path(container: str, name: str) -> str:
    """Path by which a deleted object is taken back, in the exact form."""
    return f"{container_path(container)}/undelete/{encode(name)}"


def plain_object_path(container: str, name: str) -> str:
    """Path of an object, in the plain form."""
    return f"/v1/containers/{quote(container, safe='')}/objects/{quote(name)}"
