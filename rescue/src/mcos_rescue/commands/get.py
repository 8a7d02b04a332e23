"""``get ACCOUNT/CONTAINER/NAME FILE``: one object."""

import argparse
from pathlib import Path

from mcos_rescue import copies, fetch
from mcos_rescue.commands.session import Session, session, warn
from mcos_rescue.errors import BadSettings, NoSuchObject, NotThere
from mcos_rescue.inventory import Found, found_of
from mcos_rescue.objects import object_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("get", help="write one object into a file")
    parser.add_argument("object", metavar="ACCOUNT/CONTAINER/NAME")
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    path: Path = options.file
    if path.is_dir():
        raise BadSettings("FILE must not be a folder")
    with session(options) as opened:
        found = _found(opened, options.object)
        if not found.keys:
            where = ", ".join(found.elsewhere) or "nowhere"
            raise NotThere(f"no copy of {found.path} is here; there is one on: {where}")
        partial = path.with_name(f".{path.name[:100]}.{found.version}.partial")
        copies.save(
            opened.store,
            found.keys,
            found.expected,
            path,
            partial=partial,
            at=found.created_at,
        )
        if not found.expected.is_exact:
            warn(f"{found.path} has no digest to compare")
        return opened.exit_code(is_whole=found.expected.is_exact)


def _found(opened: Session, path: str) -> Found:
    account, _, rest = path.partition("/")
    container, _, name = rest.partition("/")
    state = opened.catalog.fold.state("objects", account, container, name) if name else None
    one = object_of(state) if state is not None else None
    if one is None:
        raise NoSuchObject(f"there is no object {path}")
    version = one.current
    if version is None:
        raise NoSuchObject(f"nothing of {path} was seen yet: it was {one.state}")
    prefix = version.prefix
    lying = [
        listed.key
        for listed in fetch.all_keys(opened.store, prefix)
        if listed.key == prefix or listed.key.startswith(f"{prefix}/")
    ]
    return found_of(one, version, opened.catalog.cluster, lying)
