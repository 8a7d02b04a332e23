"""Doing the same to many things, a few at once; some may fail."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mcos_client import Client
from mcos_client.command.shared.exit_codes import ExitCode
from mcos_client.command.shared.failures import report
from mcos_client.command.shared.progress import Bar, bars
from mcos_client.command.shared.session import Session

Thing = TypeVar("Thing")
Done = TypeVar("Done")

AT_ONCE = 4


def for_each(
    session: Session,
    what: str,
    things: Sequence[Thing],
    do: Callable[[Thing], Done],
    done: Callable[[Thing, Done], None],
    *,
    failed_before: int = 0,
) -> None:
    """Call ``do`` with all ``things``, a few at once, then ``done`` with each in their order.

    If one fails the others go on, and it is reported in the end.

    Raises
    ------
    typer.Exit
        With the exit code of the failures if all have the same one, else OTHER.
    """
    with _progress(session, what, len(things)) as advance:

        def told(thing: Thing, outcome: Done) -> None:
            done(thing, outcome)
            advance()

        failures = attempt_each(things, do, told, stop=lambda: None)
    end(session, failures, failed_before=failed_before)


def transfer_each(
    session: Session,
    client: Client,
    things: Sequence[Thing],
    do: Callable[[Thing, Bar], Done],
    done: Callable[[Thing, Done], None],
    *,
    label: Callable[[Thing], str] = str,
    at_once: int = AT_ONCE,
) -> list[tuple[Thing, Exception]]:
    """Transfer all ``things``, some at once, with a bar for each; give the failures.

    An interruption ends the transfers that are under way; they can go on later.
    """
    with bars(session) as shown:

        def transfer(thing: Thing) -> Done:
            bar = shown.bar(label(thing), None)
            try:
                return do(thing, bar)
            finally:
                shown.end(bar)

        return attempt_each(things, transfer, done, stop=client.stop_transfers, at_once=at_once)


def attempt_each(
    things: Sequence[Thing],
    do: Callable[[Thing], Done],
    done: Callable[[Thing, Done], None],
    *,
    stop: Callable[[], None],
    at_once: int = AT_ONCE,
) -> list[tuple[Thing, Exception]]:
    """Call ``do`` with all, some at once; ``stop`` ends those under way at an interruption."""
    failures: list[tuple[Thing, Exception]] = []

    def attempt(thing: Thing) -> Done | _Failed:
        try:
            return do(thing)
        except Exception as failure:
            # Whatever is wrong with one, the others go on.
            return _Failed(failure)

    pool = ThreadPoolExecutor(at_once)
    try:
        for thing, outcome in zip(things, pool.map(attempt, things), strict=True):
            if isinstance(outcome, _Failed):
                failures.append((thing, outcome.failure))
            else:
                done(thing, outcome)
    except BaseException:
        # Interrupted, or the reader has had enough: no other begins. Those that are under way end
        # as soon as they look, and are not waited for here.
        stop()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return failures


@dataclass(frozen=True)
class _Failed:
    failure: Exception


def end(
    session: Session, failures: Sequence[tuple[object, Exception]], *, failed_before: int = 0
) -> None:
    """Report failures.

    Raises
    ------
    typer.Exit
        If there are any.
    """
    codes = [report(session, failure, str(thing)) for thing, failure in failures]
    codes += [ExitCode.OTHER] * failed_before
    if codes:
        raise typer.Exit(codes[0] if len(set(codes)) == 1 else ExitCode.OTHER)


@contextmanager
def _progress(session: Session, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal: that of the results, else that of standard error."""
    looked_at = [one for one in (session.console, session.errors) if one.is_terminal]
    if session.json or session.quiet or not looked_at:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=looked_at[0], transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
