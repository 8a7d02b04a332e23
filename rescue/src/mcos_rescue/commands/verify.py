"""``verify``: read everything that is here, and compare it."""

import argparse

from mcos_rescue import restore
from mcos_rescue.commands.session import report, say, session


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("verify", help="read every object here and compare its digest")
    parser.add_argument("--account", help="of this account only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with session(options) as opened:
        inventory = opened.inventory(options.account)
        summary = restore.verify(opened.store, inventory, say=say)
        report(summary, inventory, "right")
        return opened.exit_code(is_whole=summary.is_whole and not inventory.problems)
