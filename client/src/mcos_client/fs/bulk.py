"""Which object or file becomes which, where several are copied, moved, fetched or stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from errno import EINVAL
from typing import Any, TypeVar

from mcos_client.errors import McosError
from mcos_client.fs.paths import base_of, common_base, last_part
from mcos_client.fs.tree import Info

Source = TypeVar("Source")
Done = TypeVar("Done")


@dataclass
class Meant:
    """The objects that some paths mean.

    Attributes
    ----------
    roots
        What the paths are, or match; a folder without the slash at its end.
    objects
        As they were listed, by their paths.
    by_pattern
        Whether there was a pattern that is no object's name.
    """

    roots: list[str] = field(default_factory=list)
    objects: dict[str, Info] = field(default_factory=dict)
    by_pattern: bool = False


def targets(
    source: "str | Sequence[str]",
    roots: list[str],
    found: Sequence[str],
    target: "str | Sequence[str]",
    *,
    into: bool,
    by_pattern: bool,
    recursive: bool,
) -> list[str]:
    """Choose a target for each path that was found, as fsspec has it.

    Parameters
    ----------
    source, target
        As they were given.
    roots
        What ``source`` is or matches.
    into
        Whether ``target`` is a folder that is there.
    by_pattern
        Whether ``source`` is a pattern.

    Raises
    ------
    ValueError
    """
    if not isinstance(target, str):
        chosen = list(target)
        if len(chosen) != len(found):
            raise ValueError("there must be as many targets as sources")
    elif not isinstance(source, str):
        chosen = [f"{base_of(target)}/{last_part(one)}" for one in found]
    elif not recursive and source.endswith("/") and list(found) == [source] and "/" in target:
        chosen = [target]  # an object with such a name, not a folder
    else:
        base = common_base(roots) if roots else ""
        inside = list(found) == [base] if by_pattern else into and not source.endswith("/")
        if inside:
            base = base.rsplit("/", 1)[0]
        at = base_of(target)
        chosen = [f"{at}{one[len(base) :]}" if base else f"{at}/{one}" for one in found]
    return chosen


def check_apart(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse pairs of source and target that would replace what is copied with them.

    Raises
    ------
    OSError
    """
    several = [one for one, count in Counter(target for _, target in pairs).items() if count > 1]
    if several:
        raise OSError(EINVAL, "More than one would have this name", several[0])
    moving = {source for source, target in pairs if source != target}
    for source, target in pairs:
        if source != target and target in moving:
            raise OSError(EINVAL, "What is to be copied itself must not be replaced", target)


@dataclass(frozen=True)
class Failed:
    """What came of one of several that failed."""

    error: Exception


def outcomes(
    things: Sequence[Source], do: Callable[[Source], Done], at_once: int
) -> Iterator[tuple[Source, "Done | Failed"]]:
    """Do the same to all, some at once; give each with what came of it, in their order.

    Who stops asking, or is interrupted, has no other begin.
    """

    def attempt(thing: Source) -> Done | Failed:
        try:
            return do(thing)
        except Exception as error:
            return Failed(error)

    if len(things) < 2:
        yield from ((thing, attempt(thing)) for thing in things)
        return
    pool = ThreadPoolExecutor(min(at_once, len(things)), thread_name_prefix="mcos-fs")
    try:
        yield from zip(things, pool.map(attempt, things), strict=True)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def do_each(
    things: Sequence[Source],
    do: Callable[[Source], Any],
    at_once: int,
    done: Callable[[], Any] = lambda: None,
) -> None:
    """Do the same to all, some at once, and call ``done`` after each.

    If some fail the others are done, and the first failure is raised.

    Raises
    ------
    OSError, McosError
    """
    failures: list[Exception] = []
    for _, outcome in outcomes(things, do, at_once):
        if isinstance(outcome, Failed):
            if not isinstance(outcome.error, OSError | McosError):
                raise outcome.error
            failures.append(outcome.error)
        done()
    if failures:
        if len(failures) > 1:
            failures[0].add_note(f"{len(failures) - 1} others failed, too.")
        raise failures[0]


def paired(sources: list[Any], chosen: list[Any]) -> list[tuple[Any, Any]]:
    """Pair sources and targets that were both given as lists.

    Raises
    ------
    ValueError
    """
    if len(sources) != len(chosen):
        raise ValueError("there must be as many targets as sources")
    return list(zip(sources, chosen, strict=True))
