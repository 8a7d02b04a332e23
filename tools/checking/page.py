"""The page of a run: what was checked, what was answered, how long it took, and what it came to."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

On = TypeVar("On")

_LONGEST = 900
_SHORTEST_SECRET = 6
"""What is shorter is no secret, and would be found in every other word."""

_OPEN = frozenset(
    {
        "application_credential_id",
        "application_credential_name",
        "auth_url",
        "bucket",
        "ca_certificate",
        "container",
        "endpoint_override",
        "endpoint_url",
        "interface",
        "kind",
        "project_domain_id",
        "project_domain_name",
        "project_id",
        "project_name",
        "region",
        "region_name",
        "user",
        "user_domain_id",
        "user_domain_name",
        "user_id",
        "username",
    }
)
"""Settings of a backend that are no secret: in the page they say where something happened."""

_SIGNED = re.compile(
    r"(?i)\b(x-amz-(?:signature|security-token|credential)|temp_url_sig|signature)=[^&\s\"')]+"
)
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+|\bgAAAA[\w=-]{20,}")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")
_HIDDEN = "(hidden)"


class Outcome(StrEnum):
    """What a check came to."""

    OK = "ok"
    FAILED = "FAILED"
    AS_TESTED = "as in the tests"
    OTHERWISE = "not as in the tests"
    TOLD = "told"
    LEFT_OUT = "left out"


class Failed(Exception):
    """What was promised does not hold; the text says what is there instead."""


class LeftOut(Exception):
    """It cannot be looked at here; the text says why."""


@dataclass(frozen=True)
class Told:
    """What AWS did.

    Attributes
    ----------
    text
        In words.
    as_tested
        Whether the tests take the same for granted; None: they take nothing for granted.
    """

    text: str
    as_tested: bool | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome of who was told this."""
        if self.as_tested is None:
            return Outcome.TOLD
        return Outcome.AS_TESTED if self.as_tested else Outcome.OTHERWISE


@dataclass(frozen=True)
class Check(Generic[On]):
    """Something to look at.

    Attributes
    ----------
    title
        What people call it.
    look
        Looks. A text is what is told of a promise that holds; ``Told`` answers a question.
    rule
        How the rule begins, in ``docs/aws.md``, of which only a real account can tell something
        that is asked here; None: it is a promise of the project's own.
    """

    title: str
    look: Callable[[On], str | Told]
    rule: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of the page."""

    title: str
    outcome: Outcome
    text: str
    seconds: float


class Secrets:
    """What must not be read by whoever reads the page."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, *secrets: str) -> None:
        """Take texts for secret from now on."""
        self._known.update(one for one in secrets if len(one) >= _SHORTEST_SECRET)

    def add_settings(self, backends: Iterable[Mapping[str, str]]) -> None:
        """Take what is secret in the settings of backends."""
        for settings in backends:
            self.add(*(str(text) for name, text in settings.items() if name not in _OPEN))

    def without(self, text: str) -> str:
        """Return a text without any secret: those that were added, signatures and tokens."""
        # The longest first: one may be part of another.
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        text = _SIGNED.sub(rf"\1={_HIDDEN}", text)
        return _TOKEN.sub(_HIDDEN, _BEARER.sub(f"Bearer {_HIDDEN}", text))


@dataclass
class Page:
    """What has been seen so far.

    Attributes
    ----------
    title
        Of the page.
    secrets
        What is in no line.
    say
        Is told of each line when it is there.
    lines
        In the order in which they came.
    counts
        What costs money, and how much of it there was.
    """

    title: str
    secrets: Secrets
    say: Callable[[str], None] = lambda text: None
    now: Callable[[], float] = time.monotonic
    lines: list[Line] = field(default_factory=list)
    counts: dict[str, str] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        """Whether any line says so."""
        return any(line.outcome is Outcome.FAILED for line in self.lines)

    def add(self, title: str, outcome: Outcome, text: str, seconds: float = 0.0) -> None:
        """Add a line."""
        line = Line(title, outcome, self.secrets.without(text), seconds)
        self.lines.append(line)
        self.say(f"{line.outcome:>20}  {line.title} ({line.seconds:.0f} s): {_cut(line.text)}")

    def run(self, check: Check[On], on: On) -> None:
        """Look at something. Whatever is raised is a line, but for the word to stop."""
        self.say(f"{'...':>20}  {check.title}")
        began = self.now()
        try:
            found = check.look(on)
        except LeftOut as reason:
            outcome, text = Outcome.LEFT_OUT, str(reason)
        except Failed as reason:
            outcome, text = Outcome.FAILED, str(reason)
        except Exception as error:
            outcome, text = Outcome.FAILED, f"{type(error).__name__}: {error}"
        except BaseException:
            self.add(check.title, Outcome.FAILED, "it was stopped", self.now() - began)
            raise
        else:
            told = found if isinstance(found, Told) else None
            outcome, text = (told.outcome, told.text) if told else (Outcome.OK, str(found))
        self.add(check.title, outcome, text, self.now() - began)

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Do what the checks need, with a line of its own; what it raises goes on.

        What is put into the list is what the line says.
        """
        said: list[str] = []
        began = self.now()
        try:
            yield said
        except BaseException as error:
            words = str(error) or "it was stopped"
            self.add(title, Outcome.FAILED, " ".join([*said, words]), self.now() - began)
            raise
        self.add(title, Outcome.OK, " ".join(said), self.now() - began)

    def text(self) -> str:
        """Return the page, in Markdown."""
        of = {outcome: sum(one.outcome is outcome for one in self.lines) for outcome in Outcome}
        summary = ", ".join(f"{count} {outcome}" for outcome, count in of.items() if count)
        lines = [f"# {self.title}", "", f"{summary}.", "", "| check | outcome | answered | s |"]
        lines.append("| --- | --- | --- | ---: |")
        for one in self.lines:
            cells = (_cell(one.title), one.outcome, _cell(_cut(one.text)), f"{one.seconds:.1f}")
            lines.append(f"| {' | '.join(cells)} |")
        if self.counts:
            lines += ["", "| what costs | how much |", "| --- | ---: |"]
            counts = self.counts.items()
            lines += [f"| {_cell(what)} | {_cell(much)} |" for what, much in counts]
        return self.secrets.without("\n".join(lines)) + "\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
