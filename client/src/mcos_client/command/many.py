"""The same to many things at once, some of which may go wrong."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mcos_client.command.exit_codes import ExitCode
from mcos_client.command.failures import FAILURES, Failure, report
from mcos_client.command.session import Session

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
    """``do`` to all ``things``, a few at once, then ``done`` with each in their order.

    What goes wrong with one is reported in the end, and the others go on.

    Raises
    ------
    typer.Exit
        With the exit code of what went wrong if it was the same with all that failed, else OTHER.
    """
    failures: list[tuple[Thing, Failure]] = []

    def attempt(thing: Thing) -> Done | Failure:
        try:
            return do(thing)
        except FAILURES as failure:
            return failure

    try:
        with _progress(session, what, len(things)) as advance, ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for thing, outcome in zip(things, pool.map(attempt, things), strict=True):
                    if isinstance(outcome, FAILURES):
                        failures.append((thing, outcome))
                    else:
                        done(thing, outcome)
                    advance()
            except BaseException:
                # Interrupted, or who reads has had enough: what has not begun does not begin.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        codes = [report(session, failure, str(thing)) for thing, failure in failures]
    codes += [ExitCode.OTHER] * failed_before
    if codes:
        raise typer.Exit(codes[0] if len(set(codes)) == 1 else ExitCode.OTHER)


@contextmanager
def _progress(session: Session, what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar, if a person looks on: where the results are printed too, else on standard error."""
    looked_at = [one for one in (session.console, session.errors) if one.is_terminal]
    if session.json or not looked_at:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=looked_at[0], transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
