"""``import``: write the catalog into the tables of another deployment, which takes it over."""

import argparse

from mcos_rescue import tables
from mcos_rescue.commands.session import say, session


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "import",
        help="write the catalog into the tables of another deployment of MCOS",
        description="Write the catalog into the tables of another deployment, with the AWS region "
        "and credentials of the environment. It may be repeated, also while clients are at work. "
        "Before: take the old deployment's credentials for its backends away, and link the "
        "backends as clusters of the new one.",
    )
    parser.add_argument(
        "--tables-prefix", default="mcos", metavar="NAME", help="of its tables' names: mcos"
    )
    add_choices(parser)
    parser.set_defaults(run=run)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add what a person may choose of an import."""
    parser.add_argument(
        "--write-off",
        action="store_true",
        help="show objects as FAILED that only clusters have that are not linked",
    )
    parser.add_argument("--again", action="store_true", help="what was imported before, too")


def run(options: argparse.Namespace) -> int:
    with session(options) as opened:
        catalog = opened.catalog
        report = tables.write(
            catalog.fold,
            deployment=catalog.journal.deployment,
            generation=catalog.generation,
            prefix=options.tables_prefix,
            write_off=options.write_off,
            again=options.again,
        )
        for line in tables.lines_of(report):
            say(line)
        return opened.exit_code(is_whole=report.is_whole)
