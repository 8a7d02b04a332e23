"""mcos sync: make one side like the other, and move only what differs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from mcos_client import Client, ListedObject, ObjectNotFound
from mcos_client.command.names.comparing import Comparing, mtime_metadata, set_mtime
from mcos_client.command.names.filters import Exclude, Filter, Include, Rules, filter_of
from mcos_client.command.names.locations import REMOTE, Location, folder, location
from mcos_client.command.names.trees import Copy, files_below, is_file_name, objects_below
from mcos_client.command.shared import completing
from mcos_client.command.shared.deleting import SECONDS, delete_object
from mcos_client.command.shared.fetching import fetch
from mcos_client.command.shared.many import AT_ONCE, attempt_each, end, transfer_each
from mcos_client.command.shared.output import say, size_of
from mcos_client.command.shared.progress import Bar
from mcos_client.command.shared.session import (
    BandwidthLimit,
    Json,
    Quiet,
    Session,
    session_of,
)
from mcos_client.command.shared.storing import (
    Parallel,
    Storing,
    Transfers,
    Wait,
    WaitTimeout,
    store,
)
from mcos_client.transfer.download import may_be_unfinished
from mcos_client.transfer.upload import PARALLEL


@dataclass
class Sides:
    """The files and objects of both sides, by their paths below them.

    Attributes
    ----------
    refused
        Objects whose names are not paths.
    left_out
        Folders that were not looked into, and what is no file: neither they nor what is below them
        is judged.
    unreadable
        Folders that cannot be read, and why: nothing below them is touched.
    """

    root: Path
    target: Location
    files: dict[str, Path] = field(default_factory=dict)
    objects: dict[str, ListedObject] = field(default_factory=dict)
    refused: list[Location] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unreadable: dict[str, OSError] = field(default_factory=dict)

    def copy(self, relative: str) -> Copy:
        """Pair the file and the object of a path."""
        return Copy(
            self.root.joinpath(*relative.split("/")),
            Location(self.target.container, folder(self.target.name) + relative),
            self.objects.get(relative),
        )

    def known(self, relatives: Iterable[str]) -> set[str]:
        """Leave out the paths that are folders that cannot be read, and those below them."""
        below = tuple(f"{one}/" for one in self.unreadable)
        return {
            one for one in relatives if one not in self.unreadable and not one.startswith(below)
        }

    def judged(self, relatives: Iterable[str]) -> list[str]:
        """Leave out the paths that were left out, and those below them; in order."""
        below = tuple(f"{one}/" for one in self.left_out)
        return sorted(
            one for one in relatives if one not in self.left_out and not one.startswith(below)
        )


def sync(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder, or mcos:CONTAINER[/PREFIX].",
            autocompletion=completing.path_or_remote,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="mcos:CONTAINER[/PREFIX], or a folder.",
            autocompletion=completing.path_or_remote,
        ),
    ],
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete below TARGET what SOURCE does not have.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only say what would be done.")
    ] = False,
    checksum: Annotated[
        bool, typer.Option("--checksum", "-c", help="Compare size and SHA-256, not size and time.")
    ] = False,
    policy: Annotated[str | None, typer.Option(help="Storage policy of new objects.")] = None,
    include: Include = None,
    exclude: Exclude = None,
    filter_: Rules = None,
    transfers: Transfers = AT_ONCE,
    parallel: Parallel = PARALLEL,
    bwlimit: BandwidthLimit = None,
    wait: Wait = None,
    timeout: WaitTimeout = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make the files or objects below TARGET like those below SOURCE.

    Compared are size and time of the last change, kept as the objects' metadata `mtime`; where
    only times differ, SHA-256s. Nothing is deleted if anything else went wrong.
    """
    session = session_of(context)
    up = target.startswith(REMOTE)
    if up == source.startswith(REMOTE):
        raise typer.BadParameter(
            "One of SOURCE and TARGET must be mcos:CONTAINER/..., the other a folder."
        )
    wanted = filter_of(include, exclude, filter_)
    storing = Storing(storage_policy=policy, wait=wait, timeout=timeout, parallel=parallel)
    with session.client() as client:
        root, where = (source, target) if up else (target, source)
        sides = _sides(session, client, Path(root), location(where), wanted, up)
        run = _Run(session, client, sides, Comparing(checksum), storing, transfers, up, dry_run)
        run.all(delete=delete)


def _sides(
    session: Session, client: Client, root: Path, where: Location, wanted: Filter, up: bool
) -> Sides:
    """List both sides; a side that cannot be listed ends it."""
    sides = Sides(root, where)

    def left_out(path: Path, why: str) -> None:
        session.note(f"{path}: {why}, left out")
        sides.left_out.append(path.relative_to(root).as_posix())

    def unreadable(path: Path, error: OSError) -> None:
        sides.unreadable[path.relative_to(root).as_posix()] = error

    if up or root.exists():
        found = files_below(root, left_out, unreadable, wanted)
        sides.files = {relative: path for path, relative in found}
    empty = True
    for one, relative in objects_below(client, where):
        empty = False
        if (one.state == "FAILED" and not up) or not wanted.admits(relative):
            continue
        if up or is_file_name(relative):
            sides.objects[relative] = one
        else:
            sides.refused.append(Location(where.container, one.name))
    if not up and where.name and empty:
        # More likely a name that was mistyped than a wish to delete everything.
        raise ObjectNotFound(f"There is nothing below {str(where)!r}.")
    return sides


@dataclass
class _Run:
    session: Session
    client: Client
    sides: Sides
    comparing: Comparing
    storing: Storing
    transfers: int
    up: bool
    dry_run: bool
    failures: list[tuple[object, Exception]] = field(default_factory=list)

    def all(self, *, delete: bool) -> None:
        """Compare, copy, delete, and say what was done."""
        self.failures += self.sides.unreadable.items()
        source, target = self.sides.known(self.sides.files), self.sides.known(self.sides.objects)
        if not self.up:
            source, target = target, source
        # What is no file here is not written to either: reading or writing it may never end.
        left_out = set(self.sides.left_out)
        differing, equal = self._compare(sorted(source - left_out))
        copied = self._copy(differing)
        extra = self.sides.judged(target - source) if delete else []
        if not self.up:
            extra = [one for one in extra if not may_be_unfinished(one)]
        well = not self.failures and not self.sides.refused
        deleted = self._delete(extra) if well else 0
        self._tell_summary(copied, deleted, equal)
        for one in self.sides.refused:
            self.session.note(f"{one}: its name is not a path below a folder [file_error]")
        if extra and not well:
            self.session.note("something went wrong, so nothing was deleted")
        end(self.session, self.failures, failed_before=len(self.sides.refused))

    def _compare(self, relatives: list[str]) -> tuple[list[tuple[str, str]], int]:
        """Find the paths to copy, each with the reason, and count those that are the same."""
        differing: list[tuple[str, str]] = []
        equal = 0

        def compare(relative: str) -> str | None:
            listed = self.sides.objects.get(relative)
            if listed is None or relative not in self.sides.files:
                return "new"
            one = self.sides.copy(relative)
            reason = self.comparing.difference(one.file, listed)
            by_time = not self.up and not self.dry_run and not self.comparing.checksum
            if reason is None and by_time:
                # It may have come from a run that was killed before it set the time.
                set_mtime(one.file, listed)
            return reason

        def told(relative: str, reason: str | None) -> None:
            nonlocal equal
            if reason is None:
                equal += 1
            else:
                differing.append((relative, reason))

        failures = attempt_each(relatives, compare, told, stop=self.client.stop_transfers)
        self.failures += failures
        return differing, equal

    def _copy(self, differing: list[tuple[str, str]]) -> list[int]:
        sizes: list[int] = []

        def copy(one: tuple[str, str], bar: Bar) -> int:
            relative, _ = one
            pair = self.sides.copy(relative)
            if self.dry_run:
                return pair.file.stat().st_size if self.up else self.sides.objects[relative].size
            return self._up(pair, bar) if self.up else self._down(pair, bar)

        def told(one: tuple[str, str], size: int) -> None:
            relative, reason = one
            sizes.append(size)
            done = "would copy" if self.dry_run else "copied"
            value = {"action": done, "name": relative, "size": size, "reason": reason}
            say(self.session, f"{done} {relative}  {size_of(size)}  ({reason})", value)

        failures = transfer_each(
            self.session,
            self.client,
            differing,
            copy,
            told,
            label=lambda one: one[0],
            at_once=self.transfers,
        )
        self.failures += [(relative, failure) for (relative, _), failure in failures]
        return sizes

    def _up(self, pair: Copy, bar: Bar) -> int:
        storing = replace(self.storing, metadata=mtime_metadata(pair.file))
        return store(self.session, self.client, pair.where, pair.file, storing, bar).size

    def _down(self, pair: Copy, bar: Bar) -> int:
        pair.file.parent.mkdir(parents=True, exist_ok=True)
        size = fetch(self.client, pair, bar, parallel=self.storing.parallel).size
        set_mtime(pair.file, self.client.stat_object(pair.where.container, pair.where.name))
        return size

    def _delete(self, extra: list[str]) -> int:
        deleted = 0

        def delete_one(relative: str) -> bool:
            pair = self.sides.copy(relative)
            if self.dry_run:
                return False
            if not self.up:
                pair.file.unlink()
            elif pair.listed is not None:
                return _delete_object(self.client, pair.where, pair.listed, self.storing)
            return True

        def told(relative: str, gone: bool) -> None:
            nonlocal deleted
            deleted += 1
            done = "deleted" if gone else "deleting"
            done = "would delete" if self.dry_run else done
            say(self.session, f"{done} {relative}", {"action": done, "name": relative})

        failures = attempt_each(extra, delete_one, told, stop=self.client.stop_transfers)
        self.failures += failures
        return deleted

    def _tell_summary(self, copied: list[int], deleted: int, equal: int) -> None:
        value = {
            "compared_by": self.comparing.by,
            "copied": len(copied),
            "bytes": sum(copied),
            "deleted": deleted,
            "equal": equal,
        }
        how = f"compared by {self.comparing.by}"
        if not copied and not deleted and not self.failures:
            say(self.session, f"nothing to do: {equal} are the same, {how}", value)
            return
        would = "would be " if self.dry_run else ""
        say(
            self.session,
            f"{len(copied)} {would}copied ({size_of(sum(copied))}), {deleted} {would}deleted, "
            f"{equal} the same, {how}",
            value,
        )


def _delete_object(client: Client, where: Location, listed: ListedObject, storing: Storing) -> bool:
    """Delete an object as it was listed, and not a later version; give whether it is gone."""
    # A FAILED object has no version that a condition could name.
    if_match = None if listed.state == "FAILED" else listed.etag
    timeout = SECONDS if storing.timeout is None else storing.timeout
    try:
        return delete_object(client, where, wait=storing.wait, timeout=timeout, if_match=if_match)
    except ObjectNotFound:
        return True  # another client was first
