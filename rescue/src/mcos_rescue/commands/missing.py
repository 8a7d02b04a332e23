"""``missing``: objects of which nothing is here, and who has them."""

import argparse

from mcos_rescue.commands.session import say, session, warn


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("missing", help="list objects that are not here, and who has them")
    parser.add_argument("--account", help="of this account only")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    number = 0
    with session(options) as opened:
        inventory = opened.inventory(options.account)
        for found in inventory.seen():
            if not found.keys:
                number += 1
                say(f"{','.join(found.elsewhere) or 'nowhere':12}  {found.path}")
        for found in inventory.pending():
            number += 1
            say(f"{'pending':12}  {found.path}")
        for problem in inventory.problems:
            warn(f"PROBLEM: {problem}")
        return opened.exit_code(is_whole=not number and not inventory.problems)
