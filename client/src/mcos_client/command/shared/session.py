"""What all subcommands share: the profile, the client, and where to print to."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import httpx
import typer

from mcos_client import Bandwidth, Client, Clock, Journal
from mcos_client.command.names.sizes import bandwidth
from mcos_client.command.shared.terminal import PlainConsole
from mcos_client.config import DEFAULT_PROFILE, Profile, ProfileToken, config_path, read_profile
from mcos_client.transfer.journal import state_folder

RETRIES = 4
_WIDEST = 10_000


@dataclass
class Session:
    """One run of the command.

    Attributes
    ----------
    transport, clock
        What stands for the network and for time; for tests.
    bandwidth
        How fast content may go.
    hints
        Printed when the command is interrupted.
    """

    transport: httpx.BaseTransport | None = None
    clock: Clock = field(default_factory=Clock)
    profile_name: str = DEFAULT_PROFILE
    json: bool = False
    quiet: bool = False
    bandwidth: Bandwidth | None = None
    hints: dict[str, None] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return config_path()

    @property
    def profile(self) -> Profile:
        """The user who is logged in.

        Raises
        ------
        NotLoggedIn, ConfigProblem
        """
        return read_profile(self.config, self.profile_name)

    @property
    def journal(self) -> Journal:
        """Where the user's uploads are noted."""
        profile = self.profile
        owner = (self.profile_name, profile.user_name, *profile.entry_points)
        return Journal(state_folder(), owner)

    def client(self) -> Client:
        """Make a client for the user who is logged in."""
        profile = self.profile
        store = ProfileToken(self.config, self.profile_name, profile)
        return self.client_at(profile.entry_points, profile.token, store)

    def client_at(
        self,
        entry_points: tuple[str, ...],
        token: str | None = None,
        store: ProfileToken | None = None,
        retries: int = RETRIES,
    ) -> Client:
        """Make a client at some entry points."""
        return Client(
            entry_points,
            token,
            transport=self.transport,
            retries=retries,
            clock=self.clock,
            token_store=store,
            bandwidth=self.bandwidth,
        )

    @cached_property
    def console(self) -> PlainConsole:
        """Standard output, for people."""
        return PlainConsole(width=_WIDEST)

    @cached_property
    def errors(self) -> PlainConsole:
        """Standard error: progress and failures."""
        return PlainConsole(stderr=True)

    def note(self, text: str) -> None:
        """Say something that is no result."""
        self.errors.print(f"mcos: {text}")

    def tell_hints(self) -> None:
        """Say how to go on after an interruption; once."""
        for hint in self.hints:
            self.note(f"interrupted: {hint}")
        self.hints.clear()


def session_of(context: typer.Context) -> Session:
    """Find the session of a subcommand."""
    return context.ensure_object(Session)


def _want_json(context: typer.Context, value: bool) -> bool:
    if value:
        session_of(context).json = True
    return value


Json = Annotated[bool, typer.Option("--json", callback=_want_json, help="Print JSON, for scripts.")]
"""The option that every subcommand has; see ``Session.json``."""


def _want_quiet(context: typer.Context, value: bool) -> bool:
    if value:
        session_of(context).quiet = True
    return value


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_want_quiet, help="Print failures only."),
]
"""The option of the commands that move content; see ``Session.quiet``."""


def _want_bandwidth(context: typer.Context, value: str | None) -> str | None:
    if value is not None:
        session = session_of(context)
        up, down = bandwidth(value)
        session.bandwidth = Bandwidth(up=up, down=down, clock=session.clock)
    return value


BandwidthLimit = Annotated[
    str | None,
    typer.Option(
        "--bwlimit",
        metavar="RATE",
        callback=_want_bandwidth,
        help="Bytes a second, at most, as for rclone: 10M, or 10M:512k (sent:received).",
    ),
]
"""The option of the commands that move content; see ``Session.bandwidth``."""


def profile_name_of(given: str | None) -> str:
    """Choose the profile: the one that is given, ``MCOS_PROFILE``, or the default one."""
    return given or os.environ.get("MCOS_PROFILE") or DEFAULT_PROFILE
