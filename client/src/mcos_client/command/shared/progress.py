"""Bars for content on its way: bytes, speed, time that is left. Only on terminals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from mcos_client.command.shared.session import Session
from mcos_client.command.shared.terminal import visible
from mcos_client.transfer.progress import OnProgress

_LABEL_WIDTH = 26
_BAR_WIDTH = 16


class Bar(Protocol):
    """The progress of one content."""

    shown: bool

    @property
    def on_progress(self) -> OnProgress | None:
        """``moved`` as transfers take it."""

    def moved(self, done: int, total: int | None) -> None:
        """Show that so many bytes are done."""

    def tell(self, text: str) -> None:
        """Show what happens after the bytes have arrived."""


class Bars(Protocol):
    """Where bars come from."""

    def bar(self, label: str, total: int | None) -> "Bar":
        """Add a bar for some content."""

    def end(self, bar: Bar) -> None:
        """Remove a bar."""


class _NoBar:
    shown = False
    on_progress: OnProgress | None = None

    def moved(self, done: int, total: int | None) -> None:
        """Do nothing."""

    def tell(self, text: str) -> None:
        """Do nothing."""


NO_BAR: Bar = _NoBar()


class _NoBars:
    def bar(self, label: str, total: int | None) -> Bar:
        return NO_BAR

    def end(self, bar: Bar) -> None:
        """Do nothing."""


class _ShownBar:
    shown = True

    def __init__(self, progress: Progress, label: str, total: int | None) -> None:
        self._progress = progress
        self.task: TaskID = progress.add_task(visible(label), total=total, note="")

    @property
    def on_progress(self) -> OnProgress:
        return self.moved

    def moved(self, done: int, total: int | None) -> None:
        self._progress.update(self.task, completed=done, total=total)

    def tell(self, text: str) -> None:
        self._progress.update(self.task, note=visible(text))


class _ShownBars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def bar(self, label: str, total: int | None) -> Bar:
        return _ShownBar(self._progress, label, total)

    def end(self, bar: Bar) -> None:
        if isinstance(bar, _ShownBar):
            self._progress.remove_task(bar.task)


def _narrow(width: int | None) -> Column:
    """Make a column that is cut short rather than wrapped: a bar is one line."""
    return Column(no_wrap=True, overflow="ellipsis", max_width=width)


@contextmanager
def bars(session: Session) -> Iterator[Bars]:
    """Show bars on a terminal: that of the results, else that of standard error."""
    looked_at = [one for one in (session.console, session.errors) if one.is_terminal]
    if session.json or session.quiet or not looked_at:
        yield _NoBars()
        return
    columns = (
        TextColumn("{task.description}", markup=False, table_column=_narrow(_LABEL_WIDTH)),
        BarColumn(bar_width=_BAR_WIDTH),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False, table_column=_narrow(None)),
    )
    # On standard error what is printed to standard output does not go through the bars.
    with Progress(*columns, console=looked_at[0], transient=True) as progress:
        yield _ShownBars(progress)
