"""After the emulator was killed hard: bring the catalog back from the journal on the backends.

    python tools/recover.py --instance up

An emulator keeps its tables only when it ends in order. Killed, it comes back with what it had
saved before, or with nothing; ``python -m clouds describe`` tells by a number that this happened.
What the backends' journals have is written into the tables, if it is newer than what is there.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "rescue/src", "")]

from clouds.files import write_whole  # noqa: E402
from mcos_rescue import tables  # noqa: E402  (the path is set above)
from mcos_rescue.catalog import open_catalog  # noqa: E402
from mcos_rescue.deployments import choose, journals_in  # noqa: E402
from mcos_rescue.errors import RescueError  # noqa: E402
from mcos_rescue.fetch import all_keys  # noqa: E402
from mcos_rescue.journal import CATALOG  # noqa: E402
from mcos_rescue.printable import printable  # noqa: E402
from mcos_rescue.stores.contract import Store  # noqa: E402
from mcos_rescue.stores.settings import open_store  # noqa: E402
from mcos_rescue.stores.union import Union  # noqa: E402
from tools import local  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Bring the catalog back after a hard kill.")
    parser.add_argument("--instance", required=True)
    instance = parser.parse_args().instance
    local.use_emulator(instance)
    os.environ["MCOS_TABLE_PREFIX"] = "mcos"
    folder = ROOT / ".mcos" / instance
    told = local.describe(instance)
    seen, generation = folder / "recovered", str(told["aws_generation"])
    if not told["aws_embedded"] or (seen.read_text() if seen.exists() else "0") == generation:
        return 0
    started = (folder / "emulator" / "unsaved").stat().st_mtime
    stores = [
        store
        for name, settings in told["backends"].items()
        if (store := _answering(name, settings)) is not None
    ]
    if not stores:
        print("nothing could be brought back: is a storage service up?", file=sys.stderr)
        return 1
    if not _recover(Union(stores), datetime.fromtimestamp(started, UTC)):
        return 1
    write_whole(seen, generation)
    return 0


def _answering(name: str, settings: dict[str, Any]) -> Store | None:
    """Return a backend; None, after it was said why, if it does not answer."""
    try:
        store = open_store(settings, os.environ)
        store.page(CATALOG, "")
    except (RescueError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return None
    return store


def _recover(store: Store, started: datetime) -> bool:
    """Take over what the journal has; whether it could be read.

    It is read from all backends at once: what one of them has missed, be it that something was
    written or that it was removed, waited in a queue of the emulator's, and is lost with it.
    """
    try:
        deployment = _deployment(store, started)
        if deployment is None:
            return True
        print("bringing back what the journal has:")
        with open_catalog(store, deployment=deployment) as catalog:
            for line in (*catalog.notes, *(f"PROBLEM: {one}" for one in catalog.problems)):
                print(printable(line), file=sys.stderr)
            report = tables.write(
                catalog.fold,
                deployment=deployment,
                generation=catalog.generation,
                prefix="mcos",
                again=True,  # whatever was deleted since is in the journal too
            )
    except (RescueError, OSError) as error:
        print(printable(str(error)), file=sys.stderr)
        return False
    for line in tables.lines_of(report):
        print(line)
    return True


def _deployment(store: Store, started: datetime) -> str | None:
    """Return the deployment whose journal was written last; None: there is no journal.

    One that was made since the emulator came back has nothing that is not in the tables.
    """
    from mcos import clock
    from mcos.catalog.registry import current_registry

    own = current_registry(fresh=True).deployment.id
    made = clock.made_at(own)
    found = journals_in(all_keys(store, CATALOG))
    if made is not None and made > started:
        found.pop(own, None)
    return choose(found, None).deployment if found else None


if __name__ == "__main__":
    sys.exit(main())
