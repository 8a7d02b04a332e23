"""``get-all DIR``: every container a folder, every object a file."""

import argparse
from pathlib import Path

from mcos_rescue import restore
from mcos_rescue.commands.session import report, say, session


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("get-all", help="write every object into a file below a folder")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--account", help="of this account only")
    parser.add_argument("--metadata", action="store_true", help="and what is known of it beside it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with session(options) as opened:
        inventory = opened.inventory(options.account)
        summary = restore.restore(
            opened.store, inventory, options.folder, with_metadata=options.metadata, say=say
        )
        report(summary, inventory, "written")
        return opened.exit_code(is_whole=summary.is_whole and not inventory.problems)
