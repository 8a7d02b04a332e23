"""What ``mcos login`` keeps: one file, readable by its owner only, with a profile a login.

JSON: ``{"profiles": {NAME: {"entry_points": [URL, ...], "user_name", "token", "expires_at"}}}``.
It never holds a password.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from mcos_client.private_files import write_private, xdg_folder

DEFAULT_PROFILE = "default"


class ConfigProblem(Exception):
    """The file cannot be used; the message says why, and what helps."""


class NotLoggedIn(Exception):
    """There is no such profile."""


@dataclass(frozen=True)
class Profile:
    """A user at some entry points; ``expires_at`` is RFC 3339."""

    entry_points: tuple[str, ...]
    user_name: str
    token: str
    expires_at: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        entry_points = tuple(value["entry_points"])
        texts = [value[name] for name in ("user_name", "token", "expires_at")]
        if isinstance(value["entry_points"], str) or not all(
            isinstance(one, str) for one in (*entry_points, *texts)
        ):
            raise TypeError("entry_points must be a list of texts, all else texts")
        return cls(entry_points, *texts)


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Choose the file: ``MCOS_CONFIG``, or ``mcos/config.json`` in the XDG directory."""
    if named := environ.get("MCOS_CONFIG"):
        return Path(named)
    return xdg_folder("XDG_CONFIG_HOME", ".config", environ) / "mcos" / "config.json"


def read_profile(path: Path, name: str) -> Profile:
    """Read the profile of a name.

    Raises
    ------
    NotLoggedIn
    ConfigProblem
    """
    profiles = _read(path)
    if name not in profiles:
        raise NotLoggedIn(f"There is no profile {name!r} in {path}: run mcos login.")
    return profiles[name]


def write_profile(path: Path, name: str, profile: Profile) -> None:
    """Write a profile, in place of one that has its name.

    Raises
    ------
    ConfigProblem
        The file is there and cannot be read; it stays as it is.
    """
    profiles = {**_read(path), name: profile}
    text = json.dumps({"profiles": {key: asdict(one) for key, one in profiles.items()}}, indent=2)
    write_private(path, text + "\n")


def _read(path: Path) -> dict[str, Profile]:
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise ConfigProblem(
                    f"{path} holds tokens and must not be readable by others: chmod 600 it."
                )
            profiles = json.load(file)["profiles"]
        return {name: Profile.from_json(one) for name, one in profiles.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigProblem(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigProblem(f"{path} must be a configuration of mcos: {error!r}.") from error
