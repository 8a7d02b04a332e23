"""What ``mcos login`` keeps: one file, readable by its owner only, with a profile a login.

JSON: ``{"profiles": {NAME: {"entry_points": [URL, ...], "user_name", "token", "expires_at",
"received_at"}}}``.
It never holds a password.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from mcos_client.private_files import held, write_private, xdg_folder

DEFAULT_PROFILE = "default"


class ConfigProblem(Exception):
    """The file cannot be used; the message says why, and what helps."""


class NotLoggedIn(Exception):
    """There is no such profile."""


@dataclass(frozen=True)
class Profile:
    """A user at some entry points; times are RFC 3339.

    Attributes
    ----------
    received_at
        When the token came, by the clock of this machine; empty if release 0.1.0 has kept it.
    """

    entry_points: tuple[str, ...]
    user_name: str
    token: str
    expires_at: str
    received_at: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        entry_points = tuple(value["entry_points"])
        texts = [value[name] for name in ("user_name", "token", "expires_at")]
        texts.append(value.get("received_at", ""))
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
    with _changing(path) as profiles:
        profiles[name] = profile


def remove_profile(path: Path, name: str) -> None:
    """Remove a profile.

    Raises
    ------
    ConfigProblem
    """
    with _changing(path) as profiles:
        profiles.pop(name, None)


@dataclass(frozen=True)
class ProfileToken:
    """The token of a profile, for the processes that use it: ``Client`` exchanges it by this."""

    path: Path
    name: str
    profile: Profile

    def read(self) -> tuple[str, float] | None:
        """Get the token, and how many seconds ago it came; None if the user is not there."""
        try:
            found = _read(self.path).get(self.name)
        except ConfigProblem:
            return None
        if found is None or not self._is_of_the_user(found):
            return None
        return found.token, _seconds_since(found.received_at)

    def replace(self, old: str, new: "_Token") -> None:
        """Keep ``new``, unless somebody has logged in or out meanwhile."""
        try:
            with _changing(self.path) as profiles:
                found = profiles.get(self.name)
                if found is not None and found.token == old and self._is_of_the_user(found):
                    profiles[self.name] = received(found, new)
        except (ConfigProblem, OSError):
            pass  # a file that cannot be written: this process has the token, others their own

    def _is_of_the_user(self, found: Profile) -> bool:
        ours = self.profile
        return (found.user_name, found.entry_points) == (ours.user_name, ours.entry_points)


class _Token(Protocol):
    @property
    def token(self) -> str: ...

    @property
    def expires_at(self) -> datetime: ...


def received(profile: Profile, token: _Token) -> Profile:
    """Make the profile that has a token which came just now."""
    return replace(
        profile,
        token=token.token,
        expires_at=_text_of(token.expires_at),
        received_at=_text_of(datetime.now(UTC)),
    )


def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds_since(text: str) -> float:
    """Tell the age of a token; one that cannot be told, or is to come, counts as none."""
    try:
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Profile]]:
    """Hold the file while its profiles are changed, and write those that are left.

    Raises
    ------
    ConfigProblem, OSError
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(path.parent):
        found = _read(path)
        profiles = dict(found)
        yield profiles
        if profiles == found:
            return
        told = {"profiles": {key: asdict(one) for key, one in profiles.items()}}
        write_private(path, json.dumps(told, indent=2) + "\n")


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
