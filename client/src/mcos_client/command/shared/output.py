"""How results are printed: JSON for scripts, tables and units for people."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from mcos_client.command.shared.session import Session
from mcos_client.command.shared.terminal import json_line, visible

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def as_json(value: Any) -> Any:
    """Turn a result into JSON's values; times become RFC 3339 in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_json(asdict(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value


def print_json(session: Session, value: Any) -> None:
    """Print a result on a line of its own."""
    session.console.print(json_line(as_json(value)))


def say(session: Session, text: str, value: Any) -> None:
    """Print a result: ``text`` for people, ``value`` for scripts."""
    if session.quiet:
        return
    if session.json:
        print_json(session, value)
    else:
        session.console.print(text)


@contextmanager
def busy(session: Session, what: str) -> Iterator[None]:
    """Show on a terminal that something is under way."""
    if session.json or not session.errors.is_terminal:
        yield
        return
    with session.errors.status(Text(visible(what))):
        yield


def table(
    session: Session, columns: Iterable[str] | None, rows: Iterable[Iterable[object]]
) -> None:
    """Print rows under their headings, if they have any; None is a dash."""
    session.console.print(drawn_table(columns, rows))


def drawn_table(columns: Iterable[str] | None, rows: Iterable[Iterable[object]]) -> Table:
    """Draw what ``table`` prints."""
    drawn = Table(box=None, pad_edge=False, header_style="bold", show_header=columns is not None)
    for column in columns or ():
        drawn.add_column(Text(visible(column)), no_wrap=True)
    for row in rows:
        drawn.add_row(*("-" if cell is None else Text(visible(str(cell))) for cell in row))
    return drawn


def print_name(session: Session, name: str) -> None:
    """Print a name on a line of its own."""
    session.console.print(name)


def size_of(count: int) -> str:
    """Write a number of bytes as people read it."""
    if count < 1024:
        return f"{count} B"
    value, units = count / 1024, iter(_UNITS)
    unit = next(units)
    while value >= 1024 and unit != _UNITS[-1]:
        value, unit = value / 1024, next(units)
    return f"{value:.1f} {unit}"


def time_of(moment: datetime) -> str:
    """Write a time as people read it, in their time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def labels_of(labels: Mapping[str, str]) -> str:
    """Write labels on one line."""
    return " ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "-"
