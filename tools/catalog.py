"""Take over the catalog of a lost deployment, or keep this one's in a file:

    python tools/catalog.py [--instance up] rescue --backend FILE.json [--key FILE]
    python tools/catalog.py [--instance up] export FILE
    python tools/catalog.py [--instance up] import FILE

Works on the tables directly, with the rights of whoever runs it. On AWS: leave ``--instance`` out
and set ``MCOS_TABLE_PREFIX`` if it is not ``mcos``. Before ``rescue``: take the old deployment's
credentials for its backends away, and link the backends as clusters of the new one. ``rescue`` and
``import`` may be repeated. FILE has the lines of a snapshot's part, the hashes of passwords too; it
is packed if its name ends in ``.gz``.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "rescue/src", "")]

from mcos_rescue import journal  # noqa: E402  (the path is set above)
from mcos_rescue.catalog import open_catalog  # noqa: E402
from mcos_rescue.encryption import NO_KEYS, Keys  # noqa: E402
from mcos_rescue.errors import RescueError  # noqa: E402
from mcos_rescue.fold import Fold  # noqa: E402
from mcos_rescue.printable import printable  # noqa: E402
from mcos_rescue.stores.settings import store_of_file  # noqa: E402

_PAGE = 500
_WORKERS = 16


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
    parser = argparse.ArgumentParser(description="Take over a catalog, or keep it in a file.")
    parser.add_argument("--instance", help="local clouds to work on; without it, AWS")
    commands = parser.add_subparsers(required=True)
    rescue = commands.add_parser("rescue", help="from the journal on a backend")
    rescue.add_argument("--backend", type=Path, required=True, metavar="FILE.json")
    rescue.add_argument("--key", type=Path, help="private key of an encrypted journal")
    rescue.add_argument("--deployment", help="whose journal, if several are there")
    rescue.add_argument("--work", type=Path, help="folder for the catalog meanwhile")
    rescue.set_defaults(run=_rescue)
    plain = commands.add_parser("import", help="from a file")
    plain.add_argument("file", type=Path)
    plain.set_defaults(run=_import)
    for one in (rescue, plain):
        one.add_argument(
            "--write-off",
            action="store_true",
            help="show objects as FAILED that only clusters have that are not linked",
        )
        one.add_argument("--again", action="store_true", help="what was imported before, too")
    export = commands.add_parser("export", help="into a file")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export)
    return parser


def _rescue(options: argparse.Namespace) -> int:
    store = store_of_file(options.backend)
    keys = Keys.of_file(options.key) if options.key else NO_KEYS
    with open_catalog(
        store, deployment=options.deployment, keys=keys, work=options.work
    ) as catalog:
        for line in (*catalog.notes, *(f"PROBLEM: {one}" for one in catalog.problems)):
            print(printable(line), file=sys.stderr)
        code = _write(catalog.fold, catalog.journal.deployment, catalog.generation, options)
        return code or bool(catalog.problems)


def _import(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        fold = Fold(Path(folder) / "catalog.sqlite")
        stack.callback(fold.close)
        file = stack.enter_context(options.file.open("rb"))
        reading = journal.Reading(file, is_packed=options.file.suffix == ".gz")
        fold.add([reading.entries()])
        fold.run()
        return _write(fold, reading.header.deployment, reading.header.generation, options)


def _write(fold: Fold, deployment: str, generation: int, options: argparse.Namespace) -> int:
    from mcos.admin.import_catalog import State, import_catalog

    def states(table: str) -> Iterator[State]:
        for one in fold.states(table):
            record = None if one.record is None else json.loads(one.record)
            yield State(one.table, one.key, one.revision, record, one.is_doubtful)

    report = import_catalog(
        states,
        deployment=deployment,
        generation=generation,
        write_off=options.write_off,
        again=options.again,
        workers=_WORKERS,
    )
    for table, counts in report.tables.items():
        parts = [f"{name} {getattr(counts, name)}" for name in ("written", "kept", "trimmed")]
        parts += [f"{name} {n}" for name in ("removed", "doubtful") if (n := getattr(counts, name))]
        parts += [f"left out {number} ({reason})" for reason, number in counts.left_out.items()]
        print(f"{table}: {', '.join(parts)}")
    print(f"the catalog has generation {report.generation}")
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
    digest, number = sha256(), 0
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
                cursor = page.cursor
                if cursor is None:
                    break
        write({"sha256": digest.hexdigest()})
    print(f"{number} records written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
