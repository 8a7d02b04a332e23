"""``find PATTERN``: objects by a part of their names, or by a pattern with ``*``, ``?``, ``[]``."""

import argparse
from fnmatch import fnmatchcase

from mcos_rescue.commands.ls import described
from mcos_rescue.commands.session import say, session
from mcos_rescue.errors import Damaged
from mcos_rescue.objects import object_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("find", help="find objects by name")
    parser.add_argument("pattern", help="a part of ACCOUNT/CONTAINER/NAME, or a pattern of all")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    pattern: str = options.pattern
    is_glob = any(one in pattern for one in "*?[")
    with session(options) as opened:
        for state in opened.catalog.fold.states("objects"):
            path = "/".join(state.key)
            if not (fnmatchcase(path, pattern) if is_glob else pattern in path):
                continue
            try:
                found = object_of(state)
            except Damaged as error:
                opened.catalog.problems.append(f"{path}: {error}")
                continue
            if found is not None and found.current is not None:
                say(described(found, opened.catalog.cluster, path))
        return opened.exit_code()
