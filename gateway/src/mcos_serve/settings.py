"""What an operator says of a gateway: a file that nobody else may read, or the environment."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Ack = Literal["durable", "replicated"]

VARIABLES = (
    "MCOS_ENTRY_POINT",
    "MCOS_USER",
    "MCOS_PASSWORD",
    "MCOS_ACCESS_KEY_ID",
    "MCOS_SECRET_ACCESS_KEY",
)
"""The environment that can stand in for the file."""

LEAST_SECRET = 16
"""Characters of a secret: whoever sees a request can try to guess it."""


class InvalidSettings(Exception):
    """The settings are not complete, or others can read them."""


@dataclass(frozen=True)
class Settings:
    """A sidecar: access keys of its own, which stand for one account of MCOS.

    Attributes
    ----------
    entry_points
        URLs of clusters, in the order of preference.
    access_keys
        Secrets by the access keys that programs sign with.
    region
        What ``GetBucketLocation`` says; signatures may name any.
    domains
        A host that ends with one of them begins with a bucket's name.
    ack
        When a write is answered: once it is recorded and can be read, or once all its replicas are
        stored.
    """

    entry_points: tuple[str, ...]
    user_name: str
    password: str = field(repr=False)
    access_keys: Mapping[str, str] = field(repr=False)
    region: str = "us-east-1"
    domains: tuple[str, ...] = ()
    ack: Ack = "durable"


def from_file(path: Path, **more: Any) -> Settings:
    """Read the settings that are in a file.

    ::

        {
            "entry_points": ["https://..."],
            "user_name": "ada",
            "password": "...",
            "access_keys": {"ACCESS-KEY": "its secret"}
        }

    Raises
    ------
    InvalidSettings
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise InvalidSettings(f"{path} must be for its owner alone: chmod 600 {path}")
            told = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"{path} cannot be read: {error}") from error
    names = {"entry_points", "user_name", "password", "access_keys"}
    if not isinstance(told, dict) or told.keys() != names:
        raise InvalidSettings(f"{path} must have {', '.join(sorted(names))}.")
    return checked(told, **more)


def from_environment(environment: Mapping[str, str], **more: Any) -> Settings:
    """Read the settings that are in the environment; ``MCOS_ENTRY_POINT`` may have several URLs.

    Raises
    ------
    InvalidSettings
    """
    missing = [name for name in VARIABLES if not environment.get(name)]
    if missing:
        raise InvalidSettings(f"Without a file, {', '.join(missing)} must be set.")
    key = environment["MCOS_ACCESS_KEY_ID"]
    told = {
        "entry_points": environment["MCOS_ENTRY_POINT"].split(),
        "user_name": environment["MCOS_USER"],
        "password": environment["MCOS_PASSWORD"],
        "access_keys": {key: environment["MCOS_SECRET_ACCESS_KEY"]},
    }
    return checked(told, **more)


def checked(told: Mapping[str, Any], **more: Any) -> Settings:
    """Make settings of what was told, if it is complete.

    Raises
    ------
    InvalidSettings
    """
    entry_points, keys = told["entry_points"], told["access_keys"]
    if not isinstance(entry_points, list) or not entry_points or not _texts(entry_points):
        raise InvalidSettings("entry_points must be a list of URLs.")
    if not _texts([told["user_name"], told["password"]]):
        raise InvalidSettings("user_name and password must be texts.")
    if not isinstance(keys, dict) or not keys or not _texts([*keys, *keys.values()]):
        raise InvalidSettings("access_keys must have secrets by their access keys.")
    for key, secret in keys.items():
        if not key.isascii() or not key.isprintable() or "/" in key or " " in key:
            raise InvalidSettings("An access key must be printable ASCII without slash and space.")
        if len(secret) < LEAST_SECRET:
            raise InvalidSettings(
                f"The secret of {key} must have at least {LEAST_SECRET} characters."
            )
    return Settings(tuple(entry_points), told["user_name"], told["password"], keys, **more)


def _texts(values: list[Any]) -> bool:
    return all(isinstance(one, str) and one for one in values)
