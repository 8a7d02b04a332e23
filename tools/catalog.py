"""Keep this deployment's catalog in a file, or have it written to every backend now:

    python tools/catalog.py [--instance up] export FILE
    python tools/catalog.py [--instance up] import FILE
    python tools/catalog.py [--instance up] snapshot [--accept-smaller]

Works on the tables directly, with the rights of whoever runs it. On AWS: leave ``--instance`` out
and set ``MCOS_TABLE_PREFIX`` if it is not ``mcos``. FILE has the lines of a snapshot's part, the
hashes of passwords too; it is packed if its name ends in ``.gz``. ``import`` may be repeated. A
lost deployment's catalog is taken over from a backend by ``mcos-rescue ... import``.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "rescue/src", "")]

from mcos_rescue import journal, tables  # noqa: E402  (the path is set above)
from mcos_rescue.commands.import_ import add_choices  # noqa: E402
from mcos_rescue.errors import RescueError, Unavailable  # noqa: E402
from mcos_rescue.fold import Fold  # noqa: E402
from mcos_rescue.printable import printable  # noqa: E402
from tools.releases import LIVE  # noqa: E402

_PAGE = 500
_REPLY_SECONDS = 310  # the function has 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.instance:
        from tools.local import use_emulator

        use_emulator(options.instance)
    os.environ.setdefault("MCOS_TABLE_PREFIX", "mcos")
    try:
        code: int = options.run(options)
    except (RescueError, OSError) as error:
        print(printable(str(error)), file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Keep the catalog in a file, or in the journal.")
    parser.add_argument("--instance", help="local clouds to work on; without it, AWS")
    commands = parser.add_subparsers(required=True)
    export = commands.add_parser("export", help="into a file")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export)
    plain = commands.add_parser("import", help="from a file")
    plain.add_argument("file", type=Path)
    add_choices(plain)
    plain.set_defaults(run=_import)
    snapshot = commands.add_parser("snapshot", help="to the journal on every backend")
    snapshot.add_argument(
        "--accept-smaller", action="store_true", help="the catalog has lost much, and is right"
    )
    snapshot.set_defaults(run=_snapshot)
    return parser


def _import(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        fold = Fold(Path(folder) / "catalog.sqlite")
        stack.callback(fold.close)
        file = stack.enter_context(options.file.open("rb"))
        reading = journal.Reading(file, is_packed=options.file.suffix == ".gz")
        fold.add([reading.entries()])
        fold.run()
        report = tables.write(
            fold,
            deployment=reading.header.deployment,
            generation=reading.header.generation,
            prefix=os.environ["MCOS_TABLE_PREFIX"],
            write_off=options.write_off,
            again=options.again,
        )
        for line in tables.lines_of(report):
            print(line)
        return 0 if report.is_whole else 1


def _export(options: argparse.Namespace) -> int:
    from mcos import clock
    from mcos.catalog import journaled
    from mcos.catalog.registry import current_registry

    deployment = current_registry(fresh=True).deployment
    head: dict[str, Any] = {
        "format": journal.FORMAT,
        "deployment": deployment.id,
        "generation": deployment.generation,
        "kind": "snapshot",
        "written_at": clock.now(),
    }
    digest, number, unreadable = sha256(), 0, 0
    # It has the hashes of passwords.
    descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with ExitStack() as stack:
        file: Any = stack.enter_context(os.fdopen(descriptor, "wb"))
        if options.file.suffix == ".gz":
            file = stack.enter_context(gzip.GzipFile(fileobj=file, mode="wb"))

        def write(value: object) -> None:
            line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)

        write(head)
        for table in journaled.TABLES:
            cursor: dict[str, Any] | None = None
            while True:
                page = journaled.scan(table, cursor, limit=_PAGE, secrets=True)
                for entry in page.entries:
                    write(entry.as_json())
                    number += 1
                unreadable += page.unreadable
                cursor = page.cursor
                if cursor is None:
                    break
        write({"sha256": digest.hexdigest()})
    print(f"{number} records written")
    if unreadable:
        print(f"{unreadable} items cannot be read and are not in it", file=sys.stderr)
    return 1 if unreadable else 0


def _snapshot(options: argparse.Namespace) -> int:
    from mcos.catalog import registry
    from mcos.catalog.registry import SNAPSHOT
    from mcos.model.journal import Snapshots

    clusters = registry.current_registry(fresh=True).clusters
    if not clusters:
        print("no cluster is linked", file=sys.stderr)
        return 2
    # One function writes it for all clusters.
    function = f"{os.environ['MCOS_TABLE_PREFIX']}-{min(clusters)}-write_snapshot"
    asked = {"accept_smaller": options.accept_smaller}
    outcome = _invoke(function, {**asked, "now": True})
    while outcome in ("begun", "interrupted"):
        outcome = _invoke(function, asked)
    state = Snapshots.from_json(registry.read(registry.JOURNAL, SNAPSHOT) or {})
    if outcome == "refused":
        print(f"refused, because the catalog has shrunk: {state.refused}", file=sys.stderr)
        return 1
    if state.last is None:
        print("no cluster has been checked yet: try again in a minute", file=sys.stderr)
        return 1
    last = state.last
    counts = ", ".join(f"{table} {number}" for table, number in last.counts.items())
    print(f"snapshot {last.id}: {counts}; on {', '.join(last.complete_on) or 'no backend'}")
    return 0 if {*last.complete_on} >= {*clusters} else 1


def _invoke(function: str, event: dict[str, bool]) -> str:
    """Have a snapshot begun or continued; the outcome."""
    from mcos.aws import AWS_ERRORS, client

    try:
        invoked = client("lambda", read_seconds=_REPLY_SECONDS, tries=1).invoke(
            FunctionName=f"{function}:{LIVE}", Payload=json.dumps(event)
        )
        reply = json.load(invoked["Payload"])
    except AWS_ERRORS as error:
        raise Unavailable(f"{function} cannot be invoked: {error}") from error
    if "FunctionError" in invoked:
        raise Unavailable(f"{function} failed: {reply.get('errorType')}")
    return str(reply["outcome"])


if __name__ == "__main__":
    sys.exit(main())
